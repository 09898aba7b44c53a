"""What this user may do at etcd: all that its role needs, and nothing beyond."""

import re
from collections.abc import Iterator
from contextlib import closing

from app.cli.doctor.etcd import is_local
from app.cli.doctor.findings import Check, Finding, ok, problem, warning
from app.common import keys
from app.common.errors import EtcdError
from app.common.etcd.inspect import Inspector
from app.common.etcd.rights import MASTER, RIGHTS, WORKER, Access
from app.common.settings import CommonSettings

USERS = {"master": MASTER, "worker": WORKER}
_NESTED_RIGHTS_FROM = {(3, 4): 42, (3, 5): 28, (3, 6): 9}  # patch of each series of etcd
_ELSEWHERE = "/"  # keys that are not ours
_OF_MASTERS = (keys.USERS, keys.TOKENS, keys.SESSIONS, keys.LINKS, keys.SIGNINS)


def check(role: str, settings: CommonSettings) -> Check:
    return Check(f"etcd rights of the {role}", lambda: _rights(role, settings))


def _rights(role: str, settings: CommonSettings) -> Iterator[Finding]:
    subject = f"etcd rights of the {role}"
    client = _answering(settings)
    if client is None:
        yield warning(subject, "not tried: no etcd answers", "see above")
        return
    with closing(client):
        lacking = [
            f"{access.value} {prefix}"
            for prefix, access in RIGHTS[USERS[role]]
            if not _has(client, prefix, access)
        ]
        if lacking:
            yield problem(
                subject, f"lacks {', '.join(lacking)}", "grant it with etcdctl role grant-permission"
            )
        else:
            yield ok(subject, "has all that it needs")
        everything = client.may_read(_ELSEWHERE) and client.may_write(_ELSEWHERE)
        yield from _too_many(subject, role, client, settings, everything=everything)
        version = client.member().version
        if not everything and not checks_nested_rights(version):
            yield warning(
                subject,
                f"etcd {version} does not check the rights of what a transaction nests: whoever has the "
                "credentials of a worker can get around them (GHSA-rfx7-8w68-q57q)",
                "upgrade etcd to the newest patch, at least 3.4.42, 3.5.28 or 3.6.9",
            )


def checks_nested_rights(version: str) -> bool:
    """Whether the table of rights holds against somebody who means to get around it."""
    major, minor, patch = [*map(int, re.findall(r"\d+", version)), 0, 0, 0][:3]
    fixed = _NESTED_RIGHTS_FROM.get((major, minor))
    return (major, minor) > max(_NESTED_RIGHTS_FROM) if fixed is None else patch >= fixed


def _too_many(
    subject: str, role: str, client: Inspector, settings: CommonSettings, *, everything: bool
) -> Iterator[Finding]:
    if everything:
        if all(map(is_local, settings.etcd_endpoints)):
            yield ok(subject, "may do everything; etcd is on this host alone")
        else:
            yield warning(
                subject,
                "may do everything: etcd asks nobody who they are, or this user is root",
                "whoever reaches etcd runs commands on all workers; see docs/secure.md",
            )
    elif role == "worker":
        seen = [prefix for prefix in _OF_MASTERS if client.may_read(prefix)]
        written = [keys.JOBS] if client.may_write(keys.JOBS) else []
        if seen or written:
            found = [f"read {prefix}" for prefix in seen] + [f"write {prefix}" for prefix in written]
            yield warning(
                subject,
                f"may {', '.join(found)}, which no worker needs",
                "give workers a user of their own: docs/secure.md has the table",
            )


def _has(client: Inspector, prefix: str, access: Access) -> bool:
    reads = access is Access.WRITE or client.may_read(prefix)
    return reads and (access is Access.READ or client.may_write(prefix))


def _answering(settings: CommonSettings) -> Inspector | None:
    for endpoint in settings.etcd_endpoints:
        client = Inspector.of(settings, endpoint)
        try:
            client.page(keys.JOBS, limit=1, keys_only=True)
        except EtcdError as error:
            if "permission denied" in str(error):
                return client
            client.close()
        else:
            return client
    return None
