"""Finding and signalling processes through /proc, never one that only got the number of another."""

import contextlib
import ctypes
import os
import signal
import time
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import NamedTuple

PR_SET_CHILD_SUBREAPER = 36  # linux/prctl.h
LEFTOVERS_SECONDS = 5.0  # SIGKILL acts in milliseconds unless the process hangs in the kernel


class Process(NamedTuple):
    """A process by /proc/<pid>/stat. `start` is in clock ticks since boot: with the pid, its identity."""

    pid: int
    ppid: int
    pgid: int
    sid: int
    start: int
    alive: bool


def become_subreaper(on: bool = True) -> None:
    """Orphans below this process become its children, instead of init's."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_CHILD_SUBREAPER, int(on), 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_CHILD_SUBREAPER)")


def read_process(pid: int) -> Process | None:
    """None if there is no such process."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_bytes()
    except OSError:
        return None
    # The name in parentheses may hold anything, also ")"; fields are numbered in proc(5) from 1.
    field = stat[stat.rindex(b")") + 2 :].split()
    # A process whose first thread has ended shows as a zombie while its other threads run on.
    alive = field[0] not in (b"Z", b"X") or int(field[17]) > 1
    return Process(pid, int(field[1]), int(field[2]), int(field[3]), int(field[19]), alive)


def children_of(pid: int) -> list[int]:
    """Children of all threads of a process; may miss some that come or go meanwhile."""
    found: list[int] = []
    with contextlib.suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            found += map(int, (task / "children").read_bytes().split())
    return found


def living(roots: Iterable[int]) -> list[Process]:
    """Those of `roots` that are alive, and all their living descendants, parents first."""
    queue = list(roots)
    found: dict[int, Process] = {}
    for pid in queue:
        if pid in found:
            continue
        process = read_process(pid)
        if process is not None and process.alive:
            found[pid] = process
            queue += children_of(pid)
    return list(found.values())


def variable(pid: int, name: str) -> str | None:
    """An environment variable as the process was started with it; None if unset or not to be read."""
    try:
        block = b"\0" + Path(f"/proc/{pid}/environ").read_bytes()
    except OSError:
        return None
    _, found, rest = block.partition(b"\0" + name.encode() + b"=")
    return os.fsdecode(rest.partition(b"\0")[0]) if found else None


def pipes(pid: int) -> set[int]:
    """Inodes of the pipes that are the process's stdout and stderr."""
    found = set()
    for fd in (1, 2):
        with contextlib.suppress(OSError):
            kind, _, inode = str(Path(f"/proc/{pid}/fd/{fd}").readlink()).partition(":")
            if kind == "pipe":
                found.add(int(inode[1:-1]))
    return found


def send(process: Process, *signums: int) -> bool:
    """Signal exactly this process; False if it is gone or may not be signalled."""
    try:
        fd = os.pidfd_open(process.pid)
    except OSError:
        return False
    try:
        # The pidfd names whoever has the number now; it is the right one only if it started when ours did.
        now = read_process(process.pid)
        if now is None or now.start != process.start:
            return False
        for signum in signums:
            signal.pidfd_send_signal(fd, signum)
    except OSError:
        return False
    else:
        return True
    finally:
        os.close(fd)


def kill_leftovers(worker_id: str, run_ids: Collection[str] | None = None) -> int:
    """SIGKILL what a dead executor, or an earlier life of the worker, left running; returns how many it hit.

    They are known by CRON_WORKER and, if `run_ids` are given, CRON_RUN_ID in their environment; their
    descendants go with them. Looks again until none is left, for 5 s at most.
    """

    def belongs(pid: int) -> bool:
        return variable(pid, "CRON_WORKER") == worker_id and (
            run_ids is None or variable(pid, "CRON_RUN_ID") in run_ids
        )

    killed: set[Process] = set()
    give_up = time.monotonic() + LEFTOVERS_SECONDS
    while True:
        pids = [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]
        found = living(pid for pid in pids if belongs(pid))
        hit = {process for process in found if process.pid != os.getpid() and send(process, signal.SIGKILL)}
        killed |= hit
        if not hit or time.monotonic() > give_up:
            break
        time.sleep(0.005)
    for process in killed:
        with contextlib.suppress(ChildProcessError):  # ours only if this process adopted it
            os.waitpid(process.pid, os.WNOHANG)
    return len(killed)
