"""What processes use, by /proc: CPU, memory, descriptors, threads. See proc(5)."""

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.harness.cluster import Cluster

_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Cpu:
    """Seconds of CPU so far: of the process itself, and of its children that have ended."""

    own: float
    children: float


def cpu(pid: int) -> Cpu:
    """Zero for a process that is gone."""
    fields = _stat(pid)
    own, children = (sum(map(int, fields[at : at + 2])) / _TICKS for at in (11, 13)) if fields else (0.0, 0.0)
    return Cpu(own, children)


def threads(pid: int) -> int:
    fields = _stat(pid)
    return int(fields[17]) if fields else 0


def descriptors(pid: int) -> int:
    try:
        return len(list(Path(f"/proc/{pid}/fd").iterdir()))
    except OSError:
        return 0


def pss_kb(pid: int) -> int:
    """Proportional memory: what is shared counts in parts."""
    return _rollup_kb(pid, "Pss")


def anonymous_kb(pid: int) -> int:
    """Memory that no file stands behind. What a process holds of files, its program and libraries among them,
    counts more as soon as others that share it end."""
    return _rollup_kb(pid, "Pss_Anon")


def memory_mb(cluster: Cluster) -> float:
    """Proportional memory of all processes of all workers."""
    return sum(pss_kb(pid) for pid in pids_of(cluster).values()) / 1024


def peak_mb(cluster: Cluster) -> float:
    """The most memory that each process of all workers has had, added up. What is shared counts in each."""
    return sum(_peak_kb(pid) for pid in pids_of(cluster).values()) / 1024


def pids_of(cluster: Cluster) -> dict[str, int]:
    """All processes of all workers, by `worker/what it does`."""
    return {
        f"{worker.id}/{name}": pid
        for worker in cluster.workers.values()
        if worker.process
        for name, pid in worker.pids().items()
    }


class CpuClock:
    """CPU by process since it was made. Commands count apart, as those whose parents are executors."""

    def __init__(self, pids: Mapping[str, int]) -> None:
        self._pids = dict(pids)
        self._before = {name: cpu(pid) for name, pid in pids.items()}
        self._started = time.monotonic()

    @property
    def elapsed(self) -> float:
        return time.monotonic() - self._started

    def seconds(self) -> dict[str, float]:
        """By process, and `commands` for what all their children used."""
        used: dict[str, float] = {}
        commands = 0.0
        for name, pid in self._pids.items():
            now, before = cpu(pid), self._before[name]
            used[name] = now.own - before.own
            commands += now.children - before.children
        return used | {"commands": commands}


def _rollup_kb(pid: int, name: str) -> int:
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in text.splitlines() if line.startswith(f"{name}:")), 0)


def _peak_kb(pid: int) -> int:
    try:
        text = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in text.splitlines() if line.startswith("VmHWM:")), 0)


def _stat(pid: int) -> list[str]:
    """The fields of /proc/PID/stat behind the name: field 3 of proc(5) has index 0."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []
