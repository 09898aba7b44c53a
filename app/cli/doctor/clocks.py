"""This host's clock against those of the workers, by their heartbeats."""

import time
from collections.abc import Iterator
from contextlib import closing

from app.cli.doctor.findings import Check, Finding, ok, problem, warning
from app.common import keys
from app.common.errors import EtcdUnavailable
from app.common.etcd import EtcdClient
from app.common.models import WorkerInfo
from app.common.settings import CommonSettings

LISTEN_SECONDS = 7.0  # a heartbeat comes each 5 s by default
POLL_SECONDS = 0.2
LIMIT_SECONDS = 2.0  # from there on a worker claims nothing


def check(settings: CommonSettings) -> Check:
    return Check("clock", lambda: _clock(settings))


def _clock(settings: CommonSettings) -> Iterator[Finding]:
    with closing(EtcdClient.from_settings(settings)) as client:
        try:
            offsets = _offsets(client)
        except EtcdUnavailable:
            yield warning("clock", "not compared: no etcd answers", "see above")
            return
    if not offsets:
        yield ok("clock", "no live worker to compare with")
        return
    late = {worker: off for worker, off in offsets.items() if abs(off) > LIMIT_SECONDS}
    if not late:
        most = max(map(abs, offsets.values()))
        yield ok("clock", f"at most {most:.1f} s off the clocks of {len(offsets)} workers")
        return
    told = ", ".join(f"{off:+.1f} s against {worker}" for worker, off in sorted(late.items()))
    if 2 * len(late) > len(offsets):
        yield problem("clock", f"{told}: this host's is likely wrong", "set it: chronyc makestep")
    else:
        yield warning("clock", f"{told}: theirs are likely wrong", "set the clocks of those hosts")


def _offsets(client: EtcdClient) -> dict[str, float]:
    """Seconds that this clock is ahead, by worker: of heartbeats that came while it was listened to."""
    first = registrations(client)
    offsets: dict[str, float] = {}
    deadline = time.monotonic() + LISTEN_SECONDS
    while first.keys() - offsets.keys() and time.monotonic() < deadline:
        time.sleep(POLL_SECONDS)
        now = time.time()
        for worker, info in registrations(client).items():
            before = first.get(worker)
            if before and worker not in offsets and info.heartbeat != before.heartbeat:
                offsets[worker] = now - info.wall_clock / 1000
    return offsets


def registrations(client: EtcdClient) -> dict[str, WorkerInfo]:
    """Of the live workers, by their ids. Raises EtcdError."""
    found = {}
    for kv in client.scan(keys.WORKERS).items:
        try:
            found[keys.last_part(kv.key)] = WorkerInfo.model_validate_json(kv.value)
        except ValueError:  # put there by hand
            continue
    return found
