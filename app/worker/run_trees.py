"""The process trees of all runs: their leaders, what the leaders left behind, and how to signal all of it."""

import contextlib
import os
import resource
import signal
from collections.abc import Mapping

from app.worker.process_tree import Process, become_subreaper, living, send
from app.worker.running import Running
from app.worker.strays import Strays

KILL_PASSES = 20  # in a row, while there are processes that were not there before


class RunTrees:
    """Reaps all children of this process. `runs` are those in progress, oldest first, kept by the caller."""

    def __init__(self, runs: Mapping[str, Running]) -> None:
        self._runs = runs
        self._leaders: dict[int, Running] = {}  # by pid, not reaped yet
        self._own_peak_kb = 0  # most memory of this process, when last asked for
        become_subreaper()
        self._strays = Strays()

    def close(self) -> None:
        become_subreaper(False)
        self._strays.close()

    def add(self, run: Running) -> None:
        self._leaders[run.pid] = run

    def reap(self) -> list[Running]:
        """Collect dead children; returns the runs whose leader was among them, now with status and
        what it used."""
        over = []
        with contextlib.suppress(ChildProcessError):
            while True:
                pid, status, usage = os.wait4(-1, os.WNOHANG)
                if pid == 0:
                    break
                run = self._leaders.pop(pid, None)
                if run is None:
                    self._strays.reaped(pid)
                else:
                    run.status = status
                    run.cpu_seconds = usage.ru_utime + usage.ru_stime
                    if self._more_than_own(usage.ru_maxrss):
                        run.max_rss_kb = usage.ru_maxrss
                    over.append(run)
        self._strays.refresh(self._leaders, self._runs)
        return over

    def _more_than_own(self, kb: int) -> bool:
        """Whether a child used more memory than this process had at its start, where Linux counts from."""
        if kb > self._own_peak_kb:  # it only grows: what is not above an old value is not above the newest
            self._own_peak_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return kb > self._own_peak_kb

    def left_by(self, run: Running) -> list[int]:
        """What is left of a run whose leader is dead, by the last `reap`: roots of its remaining trees."""
        return self._strays.of(run.run_id)

    def signal(self, run: Running, *signums: signal.Signals) -> list[Process]:
        """Send signals to all processes of a run; returns those that were found."""
        self._strays.refresh(self._leaders, self._runs)
        roots = self._strays.of(run.run_id)
        group = 0
        if run.leader_alive:
            roots.append(run.pid)
            group = run.pid  # as its own number only while the leader is not reaped
        # All are looked up before the first is signalled: the children of one that dies move away.
        found = living(roots)
        if group:
            # At once, so that the group cannot fork its way out.
            with contextlib.suppress(ProcessLookupError, PermissionError):
                for signum in signums:
                    os.killpg(group, signum)
        for process in found:
            if process.pgid != group:
                send(process, *signums)
        return found

    def terminate(self, run: Running) -> None:
        self.signal(run, signal.SIGTERM, signal.SIGCONT)  # a stopped process acts on no SIGTERM

    def kill(self, run: Running) -> None:
        """SIGKILL, again while there are processes that started after the last look, within a bound."""
        killed: set[Process] = set()
        for _ in range(KILL_PASSES):
            found = set(self.signal(run, signal.SIGKILL))
            if found <= killed:
                break
            killed |= found

    def abandon(self, run: Running) -> int:
        """Leave a run alone that cannot be killed; returns how many of its processes are alive."""
        if self._leaders.pop(run.pid, None) is not None:
            self._strays.adopt(run.pid, run.run_id)
        return len(living(self._strays.of(run.run_id)))
