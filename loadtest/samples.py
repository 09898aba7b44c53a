"""What the parts of a running system hold: memory, descriptors, threads, keys, leases, files."""

import gc
import os
import time
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

import httpx

from app.common import keys
from loadtest.processes import anonymous_kb, descriptors, pids_of, threads
from loadtest.scrape import scrape
from loadtest.system import System
from tests.harness.cluster import children_of
from tests.harness.master import MasterProcess

MEMORY, DESCRIPTORS, THREADS, KEYS = "memory of its own, MB", "descriptors", "threads", "keys"
LEASES, SPOOL, DATABASE, STORE = "leases", "spool, bytes", "etcd's database in use, MB", "SQLite, MB"
_MB = 1024**2

Sample = Mapping[tuple[str, str], float]  # by what it is, and of what part


class Curves:
    """Samples of each figure over time: (seconds since the first, value)."""

    def __init__(self) -> None:
        self._points: dict[tuple[str, str], list[tuple[float, float]]] = {}
        self._times: list[float] = []
        self._started = time.monotonic()

    def add(self, sample: Sample) -> None:
        """A figure that is not in the sample is 0, as the number of keys under a prefix that has none."""
        at = time.monotonic() - self._started
        for name in sample.keys() - self._points.keys():
            self._points[name] = [(earlier, 0.0) for earlier in self._times]
        self._times.append(at)
        for name, points in self._points.items():
            points.append((at, sample.get(name, 0.0)))

    def of(self, what: str) -> dict[str, list[tuple[float, float]]]:
        """The curve of each part, in the order of their names."""
        return {part: points for (kind, part), points in sorted(self._points.items()) if kind == what}


class Sampler:
    """Of etcd, the workers, one master, and this process, which must not grow either."""

    def __init__(self, system: System, master: MasterProcess) -> None:
        self._system, self._master = system, master

    def pids(self) -> dict[str, int]:
        """By `part/process`."""
        assert self._system.etcd.process is not None
        helpers = {f"master/helper {n}": pid for n, pid in enumerate(children_of(self._master.pid), 1)}
        return {
            "etcd/etcd": self._system.etcd.process.pid,
            **pids_of(self._system.cluster),
            "master/master": self._master.pid,
            **helpers,
            "measurement/itself": os.getpid(),
        }

    def sample(self) -> Sample:
        gc.collect()  # few calls are made here: what they leave behind would wait for minutes, as if it grew
        found: defaultdict[tuple[str, str], float] = defaultdict(float)
        for name, pid in self.pids().items():
            part = name.partition("/")[0]
            found[MEMORY, name] = anonymous_kb(pid) / 1024
            found[DESCRIPTORS, part] += descriptors(pid)
            found[THREADS, part] += threads(pid)
        for kv in self._system.cluster.client.scan(keys.ROOT, keys_only=True).items:
            found[KEYS, kv.key.split("/")[2]] += 1
        found[LEASES, "etcd"] = self._leases()
        counted = scrape(self._system.etcd.endpoint)
        found[DATABASE, "etcd"] = counted.total("etcd_mvcc_db_total_size_in_use_in_bytes") / _MB
        directory = self._system.cluster.directory
        found[SPOOL, "workers"] = _bytes(*directory.glob("*/spool/*"))
        found[STORE, "rows"] = _bytes(*directory.glob("runs.db*")) / _MB
        return found

    def _leases(self) -> int:
        """Asked through etcd's own HTTP gateway."""
        url = f"{self._system.etcd.endpoint}/v3/lease/leases"
        answer = httpx.post(url, json={}, timeout=5, verify=False).raise_for_status()
        return len(answer.json().get("leases", []))


def _bytes(*paths: Path) -> int:
    """Of those that are still there."""
    total = 0
    for path in paths:
        try:
            total += path.stat().st_size
        except FileNotFoundError:
            continue
    return total
