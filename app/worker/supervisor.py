"""Starts the processes of a worker, restarts those that die, and stops them in order."""

import logging
import multiprocessing
import os
import signal
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from types import ModuleType
from typing import Any

from prometheus_client import multiprocess

from app.common.errors import WorkerError
from app.common.metrics.worker import PROCESS_RESTARTS
from app.common.settings import WorkerSettings
from app.worker import executor, log_writer, scheduler, watcher
from app.worker import messages as m
from app.worker.process import Parent
from app.worker.process_tree import become_subreaper, children_of, living, send
from app.worker.queues import Inbox, Outbox

log = logging.getLogger(__name__)

CRASHES = 5  # within CRASH_WINDOW seconds: the process will not recover by itself
CRASH_WINDOW = 60.0
BACKOFF = (0.0, 0.5, 1.0, 2.0, 4.0)  # seconds before restart number n
TURN_SECONDS = 0.5
SETTLE_SECONDS = 15.0  # for closing runs in etcd and the store, beyond the time that commands get
JOIN_SECONDS = 5.0


class State(StrEnum):
    RUNNING = "running"
    BACKOFF = "backoff"
    FATAL = "fatal"
    STOPPED = "stopped"


@dataclass(slots=True)
class _Child:
    name: str
    target: Callable[..., None]
    arguments: tuple[Any, ...]
    process: BaseProcess | None = None
    state: State = State.STOPPED
    start_at: float = 0.0
    crashes: deque[float] = field(default_factory=lambda: deque(maxlen=CRASHES))


@contextmanager
def _no_main_module() -> Iterator[None]:
    """spawn has a new process import the program's main module first. Here that is the whole command line, a
    third of what a child would import, and no child uses it."""
    known, sys.modules["__main__"] = sys.modules["__main__"], ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = known


class Supervisor:
    """Lives in the main process. Its `run` returns the exit code of the worker."""

    def __init__(self, settings: WorkerSettings, sockets: Path) -> None:
        self._settings = settings
        self._context = multiprocessing.get_context("spawn")  # gRPC does not survive fork
        self._inbox = Inbox(sockets, "main")
        self._to: dict[str, Outbox] = {}
        self._children: dict[str, _Child] = {}
        self._stop_deadline: float | None = None
        parent = Parent(os.getpid())
        self._add("log-writer", log_writer.main, sockets, parent)
        self._executors = {f"executor-{i}": i for i in range(settings.executors)}
        for name, index in self._executors.items():
            self._add(name, executor.main, sockets, parent, index)
        self._add("scheduler", scheduler.main, sockets, parent)
        self._add("watcher", watcher.main, sockets, parent)
        self._signals = 0
        self._drained = False
        self._own_children: frozenset[int] = frozenset()
        self._failure = ""

    def _add(self, name: str, target: Callable[..., None], sockets: Path, *arguments: Any) -> None:
        self._children[name] = _Child(name, target, (self._settings, sockets, *arguments))
        PROCESS_RESTARTS.labels(process=name)
        greeting = self._greet_scheduler if name == "scheduler" else None
        self._to[name] = Outbox(sockets, name, greeting)

    def run(self) -> int:
        """Supervise until a signal asks to stop. Raises WorkerError when the worker cannot go on."""
        become_subreaper()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._note_signal)
        for child in self._children.values():
            self._start(child)
        self._own_children = frozenset(children_of(os.getpid()))
        log.info("The worker is up.", extra={"action": "start", "worker": self._settings.worker_id})
        try:
            while not self._drained and not self._failure:
                self._turn()
        finally:
            self._stop_all()
        if self._failure:
            raise WorkerError(self._failure)
        return 0

    def _note_signal(self, number: int, frame: object) -> None:
        self._signals += 1

    def _turn(self) -> None:
        sentinels = {
            c.process.sentinel: c for c in self._children.values() if c.process and c.state is State.RUNNING
        }
        wait([self._inbox.fileno(), *sentinels], timeout=TURN_SECONDS)
        for message in self._inbox.receive(0):
            self._take(message)
        for child in self._children.values():
            self._look_after(child)
        self._reap_strays()
        if self._signals:
            self._order_stop()
        for outbox in self._to.values():
            outbox.flush()

    def _take(self, message: object) -> None:
        match message:
            case m.Drained():
                self._drained = True
            case m.StartRefused():
                self._failure = message.reason

    def _look_after(self, child: _Child) -> None:
        if child.state is State.RUNNING and child.process and child.process.exitcode is not None:
            self._bury(child)
        if child.state is State.BACKOFF and time.monotonic() >= child.start_at:
            PROCESS_RESTARTS.labels(process=child.name).inc()
            self._start(child)

    def _start(self, child: _Child) -> None:
        child.process = self._context.Process(
            target=child.target, args=child.arguments, name=f"yuanya-{child.name}"
        )
        with _no_main_module():
            child.process.start()
        child.state = State.RUNNING
        if self._own_children and child.process.pid:
            self._own_children |= {child.process.pid}

    def _bury(self, child: _Child) -> None:
        """Note the death of a child, clean up behind it, and decide whether it comes back."""
        assert child.process is not None
        assert child.process.pid is not None
        pid, code = child.process.pid, child.process.exitcode
        child.process.join()
        multiprocess.mark_process_dead(pid)  # type: ignore[no-untyped-call]
        self._own_children -= {pid}
        if child.name in self._executors:
            self._end_strays()
            self._to["scheduler"].send(m.ExecutorDied(self._executors[child.name], pid))
        now = time.monotonic()
        child.crashes.append(now)
        log.error(
            "A process died.",
            extra={"action": "restart", "child": child.name, "pid": pid, "exit": code},
        )
        if len(child.crashes) == CRASHES and now - child.crashes[0] < CRASH_WINDOW:
            child.state = State.FATAL
            self._failure = (
                f"{child.name} died {CRASHES} times within {CRASH_WINDOW:.0f} s; see the log above"
            )
            return
        recent = sum(1 for at in child.crashes if now - at < CRASH_WINDOW)
        child.state = State.BACKOFF
        child.start_at = now + BACKOFF[min(recent, len(BACKOFF)) - 1]

    def _end_strays(self) -> None:
        """End what a dead executor had started: this process is their parent now."""
        until = time.monotonic() + JOIN_SECONDS
        while strays := living(set(children_of(os.getpid())) - self._own_children):
            for process in strays:
                send(process, signal.SIGKILL)
            self._reap_strays()
            if time.monotonic() > until:
                log.error("Some commands could not be ended.", extra={"action": "kill", "left": len(strays)})
                return
            time.sleep(0.005)

    def _reap_strays(self) -> None:
        """Take note of the end of adopted processes, so that none stays a zombie."""
        for pid in set(children_of(os.getpid())) - self._own_children:
            try:
                os.waitpid(pid, os.WNOHANG)
            except ChildProcessError:
                continue

    def _greet_scheduler(self) -> list[object]:
        """A scheduler that starts anew while the worker stops must not claim again."""
        return [] if self._stop_deadline is None else [m.StopOrdered(self._stop_deadline)]

    def _order_stop(self) -> None:
        """First signal: stop in order. A second one: end the runs now."""
        now = time.monotonic()
        deadline = now if self._signals > 1 else now + self._settings.stop_timeout_seconds
        if self._stop_deadline is None or (self._signals > 1 and deadline < self._stop_deadline):
            self._stop_deadline = deadline
            self._to["scheduler"].send(m.StopOrdered(deadline))
        if now > self._stop_deadline + self._settings.etcd_timeout_seconds + SETTLE_SECONDS:
            self._failure = (
                "the scheduler did not finish its stop in time; the next start closes what is left"
            )

    def _stop_all(self) -> None:
        """The scheduler first (it is done), then those that serve it; the watcher last gives the lease
        back."""
        order = ["scheduler", *self._executors, "log-writer", "watcher"]
        for name in order:
            child = self._children[name]
            if child.process is None or child.process.exitcode is not None:
                continue
            self._to[name].send(m.StopOrdered(time.monotonic()))
            self._to[name].flush(block=1)
            child.process.join(timeout=JOIN_SECONDS)
            if child.process.exitcode is None:
                log.error("A process did not stop and is killed.", extra={"action": "stop", "child": name})
                child.process.kill()
                child.process.join()
            child.state = State.STOPPED
        self._end_strays()
        for outbox in self._to.values():
            outbox.close()
        self._inbox.close()
