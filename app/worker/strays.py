"""Processes that outlived their parent and were left to this process, their subreaper: whose are they?

A run is over only when nothing is left of it. Once its leader is dead, whatever remains of it hangs below
children of this process that it did not spawn itself: those are the strays.
"""

import os
import signal
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Protocol

from app.common.errors import WorkerError
from app.worker.process_tree import Process, living, pipes, read_process, send, variable

_TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")  # of the start times in /proc


class Owner(Protocol):
    """What tells the processes of one run from those of another. `pid` is the leader's, and its session's."""

    @property
    def run_id(self) -> str: ...
    @property
    def pid(self) -> int: ...
    @property
    def start_ticks(self) -> int: ...
    @property
    def leader_alive(self) -> bool: ...
    @property
    def pipe_inode(self) -> int: ...


def ticks_now() -> int:
    """Now, on the scale of `Process.start`."""
    return int(time.clock_gettime(time.CLOCK_BOOTTIME) * _TICKS_PER_SECOND)


@dataclass(slots=True)
class _Stray:
    process: Process
    run_id: str | None  # None: not known whose


class Strays:
    """The strays of this process, which must be single-threaded where it starts and reaps its children.

    Children it had before are never touched; those it starts later, other than leaders, pass for strays.
    """

    def __init__(self) -> None:
        pid = os.getpid()
        try:
            self._children_fd = os.open(f"/proc/{pid}/task/{pid}/children", os.O_RDONLY)
        except FileNotFoundError as error:
            raise WorkerError(
                "this kernel lacks /proc/PID/task/TID/children (CONFIG_PROC_CHILDREN)"
            ) from error
        self._strays: dict[int, _Stray] = {}
        self._foreign = frozenset(map(int, self._read_children().split()))

    def close(self) -> None:
        os.close(self._children_fd)

    def of(self, run_id: str) -> list[int]:
        return [pid for pid, stray in self._strays.items() if stray.run_id == run_id]

    def adopt(self, pid: int, run_id: str) -> None:
        """Take over a leader that could not be killed; it is left alone from now on."""
        process = read_process(pid)
        if process is not None:
            self._strays[pid] = _Stray(process, run_id)

    def reaped(self, pid: int) -> None:
        self._strays.pop(pid, None)

    def refresh(self, leaders: Collection[int], runs: Mapping[str, Owner]) -> None:
        """Find new strays and their owners among `runs`, oldest first; kill those that can be of none.

        A stray that gave up its session, its environment and its output is of the run that ends last among
        those that had begun when it started: killing it earlier could hit a run that goes on.
        """
        children = self._read_children()
        # No child of ours vanishes without our doing, so nothing is new while their number is as expected.
        if self._foreign or children.count(b" ") != len(leaders) + len(self._strays):
            for pid in map(int, children.split()):
                if pid not in leaders and pid not in self._strays and pid not in self._foreign:
                    self._add(pid, runs)
        for stray in self._strays.values():
            if stray.run_id is None:
                self._decide(stray, runs)

    def _read_children(self) -> bytes:
        data = b""
        while chunk := os.pread(self._children_fd, 65_536, len(data)):
            data += chunk
        return data

    def _add(self, pid: int, runs: Mapping[str, Owner]) -> None:
        process = read_process(pid)
        if process is not None:
            self._strays[pid] = _Stray(process, self._owner(process, runs))

    def _owner(self, process: Process, runs: Mapping[str, Owner]) -> str | None:
        """The run that a stray certainly belongs to."""
        led = [run.run_id for run in runs.values() if run.pid == process.sid]
        if led:
            return led[-1]  # numbers of sessions are used again
        marker = variable(process.pid, "CRON_RUN_ID")
        if marker in runs:
            return marker
        for stray in self._strays.values():
            if stray.process.sid == process.sid and stray.run_id in runs:
                return stray.run_id
        inodes = pipes(process.pid)
        return next((run.run_id for run in runs.values() if inodes and run.pipe_inode in inodes), None)

    def _decide(self, stray: _Stray, runs: Mapping[str, Owner]) -> None:
        possible = [run for run in runs.values() if run.start_ticks <= stray.process.start]
        if not possible:
            for process in living([stray.process.pid]):
                send(process, signal.SIGKILL)
        elif len(possible) == 1 or not any(run.leader_alive for run in possible):
            stray.run_id = possible[0].run_id
