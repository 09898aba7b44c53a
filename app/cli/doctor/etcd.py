"""etcd: each endpoint by itself, then what they are together."""

import statistics
import time
from collections.abc import Iterator
from contextlib import closing
from urllib.parse import urlsplit

from app.cli.doctor.findings import Check, Finding, ok, problem, warning
from app.common import keys
from app.common.errors import EtcdError, EtcdUnavailable
from app.common.etcd.inspect import HttpFacts, Inspector, MemberStatus, http_facts
from app.common.etcd.tls_files import TlsFiles
from app.common.settings import CommonSettings

UNSAFE = ("3.5.0", "3.5.1", "3.5.2")
OLDEST = (3, 4)
SLOW_MS = 100.0
FULL = 0.8  # of the quota
# Far more than compaction to 100,000, done each 5 minutes, leaves on a busy cluster.
MANY_REVISIONS = 1_000_000
CLOCK_SECONDS = 2.0
PROBES = 5

_MIB = 1024 * 1024


def checks(settings: CommonSettings) -> Iterator[Check]:
    for endpoint in settings.etcd_endpoints:
        yield Check(f"etcd {endpoint}", lambda endpoint=endpoint: _endpoint(settings, endpoint))  # type: ignore[misc]
    yield Check("etcd cluster", lambda: _cluster(settings))


def files(settings: CommonSettings) -> TlsFiles:
    return TlsFiles(settings.etcd_ca_cert, settings.etcd_cert, settings.etcd_key)


def is_local(endpoint: str) -> bool:
    return urlsplit(endpoint).hostname in ("127.0.0.1", "::1", "localhost")


def _endpoint(settings: CommonSettings, endpoint: str) -> Iterator[Finding]:
    subject = f"etcd {endpoint}"
    with closing(Inspector.of(settings, endpoint)) as client:
        try:
            status = client.member()
            latency = _latency_ms(client)
        except EtcdUnavailable as error:
            advice = "start it, or correct YUANYA_ETCD_ENDPOINTS; check its log and the firewall"
            yield problem(subject, str(error), advice)
            return
        except EtcdError as error:
            yield problem(subject, str(error), _refusal_advice(str(error)))
            return
    role = "leader" if status.leads else "follower"
    yield ok(subject, f"version {status.version}, {role}, answers in {latency:.1f} ms")
    yield from _version(subject, status)
    if not status.has_leader:
        yield problem(subject, "knows no leader", "most members must run and reach each other on port 2380")
    if latency > SLOW_MS:
        yield warning(
            subject, f"answers in {latency:.0f} ms", "give etcd a fast disk, and a network close by"
        )
    if not endpoint.startswith("https://") and not is_local(endpoint):
        yield warning(
            subject, "is spoken to without TLS", "see docs/secure.md: who reads along gets accounts"
        )
    yield from _over_http(subject, status, endpoint, settings)


def _version(subject: str, status: MemberStatus) -> Iterator[Finding]:
    if status.version in UNSAFE:
        yield warning(
            subject,
            f"version {status.version} can lose data when it is killed (etcd issue 13766)",
            "upgrade etcd to 3.5.3 or later",
        )
    elif tuple(int(part) for part in status.version.split(".")[:2] if part.isdigit()) < OLDEST:
        yield warning(subject, f"version {status.version} is older than 3.4", "upgrade etcd")


def _over_http(
    subject: str, status: MemberStatus, endpoint: str, settings: CommonSettings
) -> Iterator[Finding]:
    """Space against the quota, and the clock."""
    try:
        facts = http_facts(endpoint, files(settings), settings.etcd_timeout_seconds)
    except (OSError, ValueError):
        yield ok(subject, f"database {status.database_bytes / _MIB:.0f} MiB; its quota is not told here")
        return
    yield from _space(subject, status, facts)
    off = abs(facts.clock) - facts.uncertainty
    if off > CLOCK_SECONDS:
        direction = "behind" if facts.clock > 0 else "ahead of"
        yield problem(
            subject,
            f"this host's clock is {abs(facts.clock):.0f} s {direction} that of this etcd member",
            "set the clock: chronyc makestep, or timedatectl set-ntp true",
        )


def _space(subject: str, status: MemberStatus, facts: HttpFacts) -> Iterator[Finding]:
    size = f"database {status.database_bytes / _MIB:.0f} MiB"
    if facts.used is not None:
        size += f", {facts.used / _MIB:.0f} MiB of it in use"
    if not facts.quota:
        yield ok(subject, f"{size}; its quota is not told")
        return
    found = f"{size}, quota {facts.quota / _MIB:.0f} MiB"
    if status.database_bytes < FULL * facts.quota:
        yield ok(subject, found)
        return
    compacted = facts.used is not None and facts.used < FULL * facts.quota
    advice = (
        "etcdctl defrag, one member after the other"
        if compacted
        else "compact and defragment it, or raise --quota-backend-bytes: a full etcd starts no job"
    )
    yield warning(subject, found, advice)


def _cluster(settings: CommonSettings) -> Iterator[Finding]:
    """Asked of the first endpoint that answers."""
    subject = "etcd cluster"
    for endpoint in settings.etcd_endpoints:
        with closing(Inspector.of(settings, endpoint)) as client:
            try:
                members = client.members()
                yield from _members(subject, members, settings)
                yield from _alarms(subject, client.alarms())
                kept = client.revisions_kept()
            except EtcdUnavailable:
                continue
            except EtcdError as error:
                yield problem(subject, str(error), _refusal_advice(str(error)))
                return
        if kept > MANY_REVISIONS:
            yield warning(
                subject,
                f"keeps {kept:,} revisions: compaction is off, or too seldom",
                "start etcd with --auto-compaction-mode=revision --auto-compaction-retention=100000",
            )
        else:
            yield ok(subject, f"keeps {kept:,} revisions of history")
        return
    yield problem(subject, "no endpoint answers", "nothing runs without etcd: start most of its members")


def _members(subject: str, members: dict[str, list[str]], settings: CommonSettings) -> Iterator[Finding]:
    yield ok(subject, f"{len(members)} members: {', '.join(sorted(members))}")
    if len(members) % 2 == 0:
        yield warning(
            subject,
            f"{len(members)} members outlive no more failures than {len(members) - 1}",
            "have 3 or 5 members",
        )
    if len(members) > len(settings.etcd_endpoints):
        yield warning(
            subject,
            f"{len(settings.etcd_endpoints)} of {len(members)} members are in YUANYA_ETCD_ENDPOINTS",
            "name all of them, so that any may fail",
        )


def _alarms(subject: str, alarms: list[str]) -> Iterator[Finding]:
    for alarm in alarms:
        advice = (
            "etcd takes no writes: etcdctl compact REVISION, etcdctl defrag, then etcdctl alarm disarm"
            if alarm == "NOSPACE"
            else "a member's data is damaged: remove that member and add it anew"
        )
        yield problem(subject, f"alarm {alarm}", advice)


def _latency_ms(client: Inspector) -> float:
    """A read that needs the leader's word, as the programs do."""
    taken = []
    for _ in range(PROBES):
        began = time.perf_counter()
        client.page(keys.JOBS, limit=1, keys_only=True)
        taken.append((time.perf_counter() - began) * 1000)
    return statistics.median(taken)


def _refusal_advice(error: str) -> str:
    if "authentication failed" in error or "user name is empty" in error:
        return "set YUANYA_ETCD_USER and YUANYA_ETCD_PASSWORD as etcd has them, or a client certificate"
    if "authentication is not enabled" in error:
        return "etcdctl auth enable, or leave out YUANYA_ETCD_USER"
    if "permission denied" in error:
        return "give the user its rights: docs/secure.md has the table"
    return "see the log of etcd"
