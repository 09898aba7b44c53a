"""The engine that runs commands: one epoll loop over the pipes of all, in the main thread of one process."""

import contextlib
import logging
import os
import select
import signal
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from math import inf
from pathlib import Path

from app.common.logstore.base import LiveOutput
from app.worker import command
from app.worker.command import Launch
from app.worker.process_tree import Process, become_subreaper, living, send
from app.worker.running import Cause, Ended, Running
from app.worker.strays import Strays, ticks_now

__all__ = ["Cause", "Ended", "Launch", "LiveOutput", "Runner"]

log = logging.getLogger(__name__)

SPAWNS_A_TURN = 16  # each takes about 0.5 ms, in which no pipe is read
EVENTS_A_TURN = 256
KILL_PASSES = 20  # in a row, while there are processes that were not there before
KILL_AGAIN_SECONDS = 0.01
GIVE_UP_SECONDS = 2.0  # after the first SIGKILL
SIGNALS_AT_ONCE = 4096  # bytes, one a signal


def wall_clock_ms() -> int:
    return time.time_ns() // 1_000_000


class Runner:
    """Runs commands until nothing of them is left, and says how each one ended, exactly once.

    It makes its process a child subreaper and takes over SIGCHLD and the wakeup fd, so there is one of it, in
    the main thread of a process that starts no other children. PATH, HOME, language and zone of the commands
    come from `environ`.
    """

    def __init__(
        self,
        environ: Mapping[str, str],
        *,
        clock: Callable[[], int] = wall_clock_ms,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.ready: list[int] = []
        """The registered descriptors that the last poll found readable."""
        self._clock = clock
        self._monotonic = monotonic
        self._base = command.base_environment(environ)
        self._pending: OrderedDict[str, Launch] = OrderedDict()
        self._runs: dict[str, Running] = {}
        self._leaders: dict[int, Running] = {}  # by pid, not reaped yet
        self._pipes: dict[int, Running] = {}  # by descriptor
        self._ending: dict[str, Running] = {}  # leader dead, or told to end
        self._watched: dict[str, Running] = {}
        self._ended: list[Ended] = []
        self._last_live: list[LiveOutput] = []
        self._wake_at = self._live_at = inf
        self._interrupted = False

        become_subreaper()
        _close_all_on_exec()
        self._strays = Strays()
        self._epoll = select.epoll()
        self._null = os.open(os.devnull, os.O_RDWR)
        self._signals, self._wakeup = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self._epoll.register(self._signals, select.EPOLLIN)
        self._old_wakeup = signal.set_wakeup_fd(self._wakeup, warn_on_full_buffer=False)
        self._old_handler = signal.signal(signal.SIGCHLD, lambda *_: None)

    @property
    def running(self) -> int:
        """Commands that were launched and have not been reported as ended."""
        return len(self._pending) + len(self._runs)

    def register(self, fd: int) -> None:
        """Let `poll` return when `fd` becomes readable."""
        self._epoll.register(fd, select.EPOLLIN)

    def launch(self, launches: Sequence[Launch]) -> None:
        """Start these commands, in this order, during the next polls."""
        for launch in launches:
            if launch.run_id in self._runs or launch.run_id in self._pending:
                log.error("Refused to start a run twice.", extra={"action": "launch", "run": launch.run_id})
            else:
                self._pending[launch.run_id] = launch

    def kill(self, run_id: str, cause: Cause = Cause.KILL, by: str = "") -> bool:
        """End a run: SIGTERM to all of its processes, SIGKILL after its grace. False if it is not running.

        A run that is ending already goes on ending for its first reason.
        """
        who = "stopped with the worker" if cause is Cause.STOP else f"killed by {by}" if by else "killed"
        if self._pending.pop(run_id, None) is not None:
            reason = f"{who} before it had started"
            self._ended.append(Ended(run_id=run_id, cause=cause, reason=reason, end_ms=self._clock()))
            return True
        run = self._runs.get(run_id)
        if run is None:
            return False
        if run.cause is None:
            self._begin_end(run, cause, who)
        return True

    def kill_all(self, cause: Cause = Cause.STOP, by: str = "") -> None:
        for run_id in [*self._pending, *self._runs]:
            self.kill(run_id, cause, by)

    def watch_output(self, run_id: str, on: bool) -> bool:
        """Let `live_output` tell what a run prints, from what is kept of it so far. False if not running."""
        run = self._runs.get(run_id)
        if run is None:
            return False
        if on:
            self._watched[run_id] = run
            self._live_at = min(self._live_at, run.live_at)
        else:
            self._watched.pop(run_id, None)
        return True

    def live_output(self) -> list[LiveOutput]:
        """New output of the watched runs, at most one chunk a run and 200 ms. Call it after each poll."""
        now = self._monotonic()
        chunks, self._last_live = self._last_live, []
        waiting = [run for run in self._watched.values() if run.live_pending]
        chunks += [run.live_chunk(now) for run in waiting if run.live_at <= now]
        self._live_at = min((run.live_at for run in waiting if run.live_pending), default=inf)
        return chunks

    def poll(self, timeout: float) -> list[Ended]:
        """Run the loop until a run has ended, live output is due, a registered descriptor is readable, a
        signal has come, or `timeout` seconds are over; returns the runs that ended.
        """
        self.ready = []
        self._interrupted = False
        until = self._monotonic() + timeout
        while True:
            self._start_some()
            busy = self._pending or self._ended
            wait = 0.0 if busy else min(until, self._wake_at, self._live_at) - self._monotonic()
            self._handle_events(max(0.0, wait))
            now = self._monotonic()
            if now >= self._wake_at:
                self._act_on_time(now)
            if self._ended or self.ready or self._interrupted or now >= min(until, self._live_at):
                ended, self._ended = self._ended, []
                return ended

    def close(self) -> None:
        """SIGKILL what still runs, wait for it within the bound, and give the process back as it was."""
        self._pending.clear()
        self.kill_all()
        for run in self._runs.values():
            run.kill_at = self._monotonic()
            run.give_up_at = run.kill_at + GIVE_UP_SECONDS
        self._wake_at = 0
        while self._runs:
            self.poll(KILL_AGAIN_SECONDS)
        signal.signal(signal.SIGCHLD, self._old_handler)
        signal.set_wakeup_fd(self._old_wakeup)
        become_subreaper(False)
        self._strays.close()
        self._epoll.close()
        for fd in (self._null, self._signals, self._wakeup):
            os.close(fd)

    def _start_some(self) -> None:
        for _ in range(min(SPAWNS_A_TURN, len(self._pending))):
            _, launch = self._pending.popitem(last=False)
            start_ms, start_ticks = self._clock(), ticks_now()
            try:
                pid, fd = self._spawn(launch)
            except (OSError, ValueError) as error:
                reason = command.explain(error)
                ended = Ended(
                    run_id=launch.run_id,
                    cause=Cause.SPAWN_ERROR,
                    reason=reason,
                    start_ms=start_ms,
                    end_ms=self._clock(),
                )
                self._ended.append(ended)
                continue
            run = Running(launch, pid, fd, start_ms, start_ticks, self._monotonic())
            self._runs[launch.run_id] = self._leaders[pid] = self._pipes[fd] = run
            self._wake_at = min(self._wake_at, run.deadline)

    def _spawn(self, launch: Launch) -> tuple[int, int]:
        """The leader's pid and the descriptor its output comes from."""
        fd, output = os.pipe()
        try:
            self._epoll.register(fd, select.EPOLLIN)
            return command.spawn(launch, self._base, self._null, output), fd
        except BaseException:
            with contextlib.suppress(OSError):
                self._epoll.unregister(fd)
            os.close(fd)
            raise
        finally:
            os.close(output)

    def _handle_events(self, wait: float) -> None:
        children_changed = False
        for fd, events in self._epoll.poll(wait, EVENTS_A_TURN):
            run = self._pipes.get(fd)
            if run is not None:
                if not run.read(hung_up=bool(events & select.EPOLLHUP)):
                    self._close_pipe(run)
                if run.run_id in self._watched:
                    self._live_at = min(self._live_at, run.live_at)
            elif fd == self._signals:
                numbers = os.read(fd, SIGNALS_AT_ONCE)
                children_changed = signal.SIGCHLD in numbers
                self._interrupted |= any(number != signal.SIGCHLD for number in numbers)
            else:
                self.ready.append(fd)
        if children_changed:
            self._reap()

    def _close_pipe(self, run: Running) -> None:
        # A command that is just being started may still hold a copy of the descriptor, so closing alone would
        # leave it in the epoll, where its events would be taken for those of the next pipe of that number.
        self._epoll.unregister(run.fd)
        del self._pipes[run.fd]
        os.close(run.fd)
        run.fd = -1

    def _reap(self) -> None:
        with contextlib.suppress(ChildProcessError):
            while True:
                pid, status, usage = os.wait4(-1, os.WNOHANG)
                if pid == 0:
                    break
                run = self._leaders.pop(pid, None)
                if run is None:
                    self._strays.reaped(pid)
                else:
                    run.status, run.usage = status, usage
                    self._ending[run.run_id] = run
        self._settle()

    def _settle(self) -> None:
        """Finish the runs of which nothing is left; end what a leader that ended by itself left behind."""
        self._strays.refresh(self._leaders, self._runs)
        for run in list(self._ending.values()):
            if run.leader_alive:
                continue
            left = self._strays.of(run.run_id)
            if not left:
                self._finish(run, survivors=0)
            elif run.cause is None:
                self._begin_end(
                    run, Cause.EXIT, f"left {len(living(left))} processes behind, which were ended"
                )

    def _begin_end(self, run: Running, cause: Cause, reason: str) -> None:
        run.cause, run.reason = cause, reason
        run.deadline = inf
        run.kill_at = self._monotonic() + run.launch.grace
        run.give_up_at = run.kill_at + GIVE_UP_SECONDS
        self._ending[run.run_id] = run
        self._wake_at = min(self._wake_at, run.kill_at)
        self._signal(run, signal.SIGTERM)
        self._signal(run, signal.SIGCONT)  # a stopped process acts on no SIGTERM

    def _signal(self, run: Running, signum: signal.Signals) -> list[Process]:
        """Signal all processes of a run; returns those that were found."""
        self._strays.refresh(self._leaders, self._runs)
        roots = self._strays.of(run.run_id)
        if run.leader_alive:
            # The group at once, so that it cannot fork its way out. Its number is its own while the leader is
            # not reaped.
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(run.pid, signum)
            roots.append(run.pid)
        found = living(roots)
        for process in found:
            if not (run.leader_alive and process.pgid == run.pid):
                send(process, signum)
        return found

    def _act_on_time(self, now: float) -> None:
        for run in list(self._runs.values()):
            if run.deadline <= now:
                self._begin_end(run, Cause.TIMEOUT, f"timed out after {run.launch.timeout:g} s")
        for run in list(self._ending.values()):
            if run.kill_at <= now:
                self._kill_now(run)
        self._reap()
        for run in list(self._ending.values()):
            if run.give_up_at <= now:
                self._give_up(run)
        self._wake_at = min(
            (
                run.deadline if run.cause is None else max(run.kill_at, now + KILL_AGAIN_SECONDS)
                for run in self._runs.values()
            ),
            default=inf,
        )

    def _kill_now(self, run: Running) -> None:
        killed: set[Process] = set()
        for _ in range(KILL_PASSES):
            found = set(self._signal(run, signal.SIGKILL))
            if found <= killed:
                break
            killed |= found

    def _give_up(self, run: Running) -> None:
        roots = self._strays.of(run.run_id)
        if run.leader_alive:
            del self._leaders[run.pid]
            self._strays.adopt(run.pid, run.run_id)
            roots.append(run.pid)
        self._finish(run, survivors=len(living(roots)))

    def _finish(self, run: Running, survivors: int) -> None:
        if run.fd >= 0:
            run.drain()
            self._close_pipe(run)
        if self._watched.pop(run.run_id, None) is not None and run.live_pending:
            self._last_live.append(run.live_chunk(0))
        del self._runs[run.run_id]
        self._ending.pop(run.run_id, None)
        self._ended.append(run.ended(self._clock(), survivors))


def _close_all_on_exec() -> None:
    """Whatever this process was given, commands get only what is meant for them."""
    for entry in list(Path("/proc/self/fd").iterdir()):
        fd = int(entry.name)
        if fd > 2:
            with contextlib.suppress(OSError):  # the one that listed the directory is gone
                os.set_inheritable(fd, False)
