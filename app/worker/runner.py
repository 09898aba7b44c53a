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
from app.worker import command, job_secrets
from app.worker.command import Launch
from app.worker.job_secrets import SecretMissing
from app.worker.live_feed import LiveFeed
from app.worker.process_tree import living
from app.worker.run_trees import RunTrees
from app.worker.running import Cause, Ended, Running
from app.worker.strays import ticks_now

__all__ = ["Cause", "Ended", "Launch", "LiveOutput", "Runner"]

log = logging.getLogger(__name__)

SPAWNS_A_TURN = 32  # each takes about 0.3 ms, in which no pipe is read
EVENTS_A_TURN = 256
KILL_AGAIN_SECONDS = 0.01
GIVE_UP_SECONDS = 2.0  # after the first SIGKILL
LINGER_SECONDS = 0.25  # for what a leader leaves behind: the `tee` of `exec > >(tee log)` ends by itself
SIGNALS_AT_ONCE = 4096  # bytes, one a signal


def wall_clock_ms() -> int:
    return time.time_ns() // 1_000_000


class Runner:
    """Runs commands until nothing of them is left, and says how each one ended, exactly once.

    It makes its process a child subreaper and takes over SIGCHLD and the wakeup fd, so there is one of it, in
    the main thread of a process that starts no other children. PATH, HOME, language and zone of the commands
    come from `environ`, the secrets that they refer to from `secrets`.
    """

    def __init__(
        self,
        environ: Mapping[str, str],
        *,
        secrets: Path | None = None,
        clock: Callable[[], int] = wall_clock_ms,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.ready: list[int] = []
        """The registered descriptors that the last poll found readable."""
        self._clock = clock
        self._monotonic = monotonic
        self._base = command.base_environment(environ)
        self._secrets = secrets
        self._pending: OrderedDict[str, Launch] = OrderedDict()
        self._runs: dict[str, Running] = {}
        self._pipes: dict[int, Running] = {}  # by descriptor
        self._ending: dict[str, Running] = {}  # leader dead, or told to end
        self._ended: list[Ended] = []
        self._live = LiveFeed()
        self._wake_at = inf
        self._interrupted = False

        command.close_all_on_exec()
        self._trees = RunTrees(self._runs)
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
                log.error(
                    "Refused to start a run twice.",
                    extra={"action": "launch", "runId": launch.run_id, "job": launch.job_name},
                )
            else:
                self._pending[launch.run_id] = launch

    def kill(self, run_id: str, cause: Cause = Cause.KILL, by: str = "", grace: float | None = None) -> bool:
        """End a run: SIGTERM to all of its processes, SIGKILL after its grace (or the one given). False if it
        is not running.

        A run that is ending already goes on ending for its first reason.
        """
        launch = self._pending.pop(run_id, None)
        if launch is not None:
            reason = f"{_reason(launch, cause, by)} before it had started"
            self._ended.append(Ended(run_id=run_id, cause=cause, reason=reason, end_ms=self._clock()))
            return True
        run = self._runs.get(run_id)
        if run is None:
            return False
        if run.cause is None:
            self._begin_end(run, cause, by, grace)
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
            self._live.watch(run)
        else:
            self._live.unwatch(run_id)
        return True

    def live_output(self) -> list[LiveOutput]:
        """New output of the watched runs, at most one chunk a run and 200 ms. Call it after each poll."""
        return self._live.take(self._monotonic())

    def poll(self, timeout: float, gather: float = 0.0) -> list[Ended]:
        """Run the loop until a run has ended, live output is due, a registered descriptor is readable, a
        signal has come, or `timeout` seconds are over; returns the runs that ended. Ends alone are not told
        in the first `gather` seconds, so that many are told at once.
        """
        self.ready = []
        self._interrupted = False
        now = self._monotonic()
        until, gathered = now + timeout, now + gather
        while True:
            self._start_some()
            wait = (
                0.0 if self._pending else min(self._due(until, gathered), self._wake_at) - self._monotonic()
            )
            self._handle_events(max(0.0, wait))
            now = self._monotonic()
            if now >= self._wake_at:
                self._act_on_time(now)
            if self.ready or self._interrupted or now >= self._due(until, gathered):
                ended, self._ended = self._ended, []
                return ended

    def _due(self, until: float, gathered: float) -> float:
        """When `poll` returns if nothing else comes."""
        return min(until, self._live.due, gathered if self._ended else inf)

    def close(self) -> list[Ended]:
        """SIGKILL what still runs, wait for it within the bound, and give the process back as it was.

        Returns the runs that ended by it, or had ended and were not reported yet.
        """
        self.kill_all()
        for run in self._runs.values():
            run.kill_at = self._monotonic()
            run.give_up_at = run.kill_at + GIVE_UP_SECONDS
        self._wake_at = 0
        ended = self.poll(0)
        while self._runs:
            ended += self.poll(KILL_AGAIN_SECONDS)
        signal.signal(signal.SIGCHLD, self._old_handler)
        signal.set_wakeup_fd(self._old_wakeup)
        self._trees.close()
        self._epoll.close()
        for fd in (self._null, self._signals, self._wakeup):
            os.close(fd)
        return ended

    def _start_some(self) -> None:
        for _ in range(min(SPAWNS_A_TURN, len(self._pending))):
            _, launch = self._pending.popitem(last=False)
            start_ms, start_ticks = self._clock(), ticks_now()
            try:
                complete, mask = job_secrets.resolve(launch, self._secrets)
                pid, fd = self._spawn(complete)
            except (OSError, ValueError, OverflowError, SecretMissing) as error:
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
            run = Running(launch, pid, fd, start_ms, start_ticks, self._monotonic(), mask)
            self._runs[launch.run_id] = self._pipes[fd] = run
            self._trees.add(run)
            self._wake_at = min(self._wake_at, run.deadline)

    def _spawn(self, launch: Launch) -> tuple[int, int]:
        """The leader's pid and the descriptor its output comes from."""
        fd, output = os.pipe()
        os.set_blocking(fd, False)  # the command might read from its own output, too
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
                self._read(run, events)
            elif fd == self._signals:
                numbers = os.read(fd, SIGNALS_AT_ONCE)
                children_changed = signal.SIGCHLD in numbers
                self._interrupted |= any(number != signal.SIGCHLD for number in numbers)
            else:
                self.ready.append(fd)
        if children_changed:
            self._reap()

    def _read(self, run: Running, events: int) -> None:
        hung_up = bool(events & select.EPOLLHUP)
        try:
            more = run.read(hung_up) if events & select.EPOLLIN else not hung_up
        except BlockingIOError:
            more = True
        if not more:
            self._close_pipe(run)
        self._live.printed(run)

    def _close_pipe(self, run: Running) -> None:
        # A command that is just being started may still hold a copy of the descriptor, so closing alone would
        # leave it in the epoll, where its events would be taken for those of the next pipe of that number.
        self._epoll.unregister(run.fd)
        del self._pipes[run.fd]
        os.close(run.fd)
        run.fd = -1

    def _reap(self) -> None:
        """Finish the runs of which nothing is left; what a leader left behind has a moment to end itself."""
        for run in self._trees.reap():
            run.deadline = inf
            self._ending[run.run_id] = run
        for run in [run for run in self._ending.values() if not run.leader_alive]:
            if not self._trees.left_by(run):
                self._finish(run, survivors=0)
            elif run.deadline == inf and run.cause is None:
                run.deadline = self._monotonic() + LINGER_SECONDS
                self._wake_at = min(self._wake_at, run.deadline)

    def _begin_end(self, run: Running, cause: Cause, by: str = "", grace: float | None = None) -> None:
        if run.leader_alive:
            run.cause, run.reason = cause, _reason(run.launch, cause, by)
        else:  # it has ended by itself, whatever the cause to end what it left behind
            run.cause, run.reason = Cause.EXIT, _left_behind(len(living(self._trees.left_by(run))))
        run.deadline = inf
        run.kill_at = self._monotonic() + (run.launch.grace if grace is None else grace)
        run.give_up_at = run.kill_at + GIVE_UP_SECONDS
        self._ending[run.run_id] = run
        self._wake_at = min(self._wake_at, run.kill_at)
        self._trees.terminate(run)

    def _act_on_time(self, now: float) -> None:
        for run in list(self._runs.values()):
            if run.deadline <= now:
                self._begin_end(run, Cause.TIMEOUT)
        for run in self._ending.values():
            if run.kill_at <= now:
                self._trees.kill(run)
        self._reap()
        for run in list(self._ending.values()):
            if run.give_up_at <= now:
                self._finish(run, self._trees.abandon(run))
        times = (
            run.deadline if run.cause is None else max(run.kill_at, now + KILL_AGAIN_SECONDS)
            for run in self._runs.values()
        )
        self._wake_at = min(times, default=inf)

    def _finish(self, run: Running, survivors: int) -> None:
        if run.fd >= 0:
            run.drain()
            self._close_pipe(run)
        run.end_output()
        self._live.finished(run)
        del self._runs[run.run_id]
        self._ending.pop(run.run_id, None)
        self._ended.append(run.ended(self._clock(), survivors))


def _reason(launch: Launch, cause: Cause, by: str) -> str:
    if cause is Cause.TIMEOUT:
        return f"timed out after {launch.timeout:g} s"
    if cause is Cause.STOP:
        return "stopped with the worker"
    return f"killed by {by}" if by else "killed"


def _left_behind(count: int) -> str:
    return f"left {count} process{'es' * (count > 1)} behind, ended by the worker" if count else ""
