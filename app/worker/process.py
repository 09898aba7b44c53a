"""What every process of a worker has in common: logs, signals, and an eye on its parent."""

import ctypes
import gc
import logging
import os
import select
import signal
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from app.common.logs import configure
from app.common.settings import WorkerSettings

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Parent:
    """The main process. Its children stop by themselves when it is gone: then nobody supervises them."""

    pid: int

    def alive(self) -> bool:
        return os.getppid() == self.pid


class Part(Protocol):
    """What a process does: `turn` again and again until it returns False, then `close`."""

    def turn(self) -> bool: ...
    def close(self) -> None: ...


def process_loop(name: str, settings: WorkerSettings, parent: Parent, make: Callable[[], Part]) -> None:
    """Make a part and let it work until it has done, or the parent is gone.

    Signals meant for the whole group are left to the main process, which stops its children in order. An
    error ends the process, with exit code 1 and a line in the log.
    """
    prepare(name, settings)
    try:
        _work(make(), parent)
    except Exception:
        log.exception("The process ends by an error.", extra={"action": "crash"})
        raise SystemExit(1) from None


def _work(part: Part, parent: Parent) -> None:
    gc.set_threshold(20_000)  # a turn makes thousands of objects that die with it, none of them in a cycle
    gc.freeze()  # modules and their like live as long as the process: a collection need not walk over them
    try:
        while part.turn():
            if not parent.alive():
                log.error("The main process is gone; stopping.", extra={"action": "stop"})
                break
    finally:
        part.close()


def rest(seconds: float) -> None:
    """Do nothing. Unlike time.sleep this works under libfaketime, which refuses sleeps until a moment of the
    monotonic clock."""
    select.select((), (), (), seconds)


def set_title(name: str) -> None:
    """The name that ps and top show: at most 15 bytes. PR_SET_NAME is 15, see prctl(2)."""
    ctypes.CDLL(None).prctl(15, f"yc-{name}".encode()[:15], 0, 0, 0)


def prepare(name: str, settings: WorkerSettings) -> None:
    """Set up logs and signals of a child process."""
    set_title(name)
    configure(settings.log_level, as_json=settings.log_json, process=name, worker=settings.worker_id)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
