"""The log store: whether it answers, may be written, is prepared, and suits the cluster."""

import os
import shutil
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

from app.cli.doctor.clocks import registrations
from app.cli.doctor.findings import Check, Finding, ok, problem, warning
from app.common import store_url
from app.common.errors import EtcdError, StoreError, StoreUnavailable
from app.common.etcd import EtcdClient
from app.common.logstore import open_store
from app.common.settings import CommonSettings

SLOW_MS = 200.0
FREE_BYTES = 1024**3
_SQLITE = "sqlite:///"
_LOCAL = ("127.0.0.1", "::1", "localhost")


def check(settings: CommonSettings) -> Check:
    return Check("log store", lambda: _store(settings))


def _store(settings: CommonSettings) -> Iterator[Finding]:
    url = settings.store_url
    if url.startswith(_SQLITE):
        path = Path(url.removeprefix(_SQLITE)).absolute()
        yield from _for_one_host(settings)
        yield from _disk(path)
        if not path.exists():
            yield from _not_made_yet(path)
            return
    elif not _is_encrypted(url):
        yield warning("log store", "is spoken to without TLS", "add tls=true to YUANYA_STORE_URL")
    try:
        store = open_store(url, settings.store_timeout_seconds)
    except StoreError as error:
        yield problem("log store", str(error), "correct YUANYA_STORE_URL")
        return
    with closing(store):
        try:
            facts = store.examine()
            began = time.perf_counter()
            store.examine()
            latency = (time.perf_counter() - began) * 1000
        except StoreUnavailable as error:
            yield problem(
                "log store", str(error), "start it, or correct YUANYA_STORE_URL; workers spool meanwhile"
            )
            return
        except StoreError as error:
            yield problem("log store", str(error), "check its version and the rights of its user")
            return
    yield ok("log store", f"{facts.server}, can be written, answers in {latency:.0f} ms")
    if facts.missing:
        yield warning(
            "log store",
            f"lacks {', '.join(facts.missing)}",
            "masters and workers make them when they start: look at their logs",
        )
    if latency > SLOW_MS:
        yield warning("log store", f"answers in {latency:.0f} ms", "lists will be slow; look at its load")


def _is_encrypted(url: str) -> bool:
    parts = urlsplit(url)
    options = {name: value.lower() for name, value in store_url.options(url).items()}
    if "true" in (options.get("tls"), options.get("ssl")):
        return True
    hosts = parts.netloc.rpartition("@")[2].split(",")
    local = all(host.rpartition(":")[0].strip("[]") in _LOCAL or host in _LOCAL for host in hosts)
    return local or (parts.scheme == "mongodb+srv" and options.get("tls") != "false")


def _not_made_yet(path: Path) -> Iterator[Finding]:
    existing = next(parent for parent in path.parents if parent.exists())
    if os.access(existing, os.W_OK | os.X_OK) and existing.is_dir():
        yield ok("log store", f"{path} will be made at the first start")
    else:
        yield problem(
            "log store",
            f"{path} cannot be made: no right to write {existing}",
            f"let this user write {existing}",
        )


def _disk(path: Path) -> Iterator[Finding]:
    existing = next(parent for parent in path.parents if parent.exists())
    free = shutil.disk_usage(existing).free
    if free < FREE_BYTES:
        yield warning("log store", f"{free // 1024**2} MiB free on its disk", "free some space")


def _for_one_host(settings: CommonSettings) -> Iterator[Finding]:
    """A SQLite file is for one host: workers of others would record into files of their own."""
    with closing(EtcdClient.from_settings(settings)) as client:
        try:
            hosts = {info.host for info in registrations(client).values()}
        except EtcdError:  # told where etcd itself is looked at
            return
    if len(hosts) > 1:
        yield problem(
            "log store",
            f"SQLite is for one host, and workers run on {len(hosts)}: {', '.join(sorted(hosts))}",
            "use MongoDB: YUANYA_STORE_URL=mongodb://...",
        )
