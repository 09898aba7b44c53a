"""Figures that take long to make: made in a thread of their own, one at a time, and kept."""

import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

from app.master.problems import unavailable

PATIENCE_SECONDS = 0.15  # for newer figures, where there are some that will do
COLD_SECONDS = 10.0  # for the first ones
REST = 4  # times as long as the last ones took, before the next: at most a fifth of a core
RETRY_SECONDS = 1.0
STOP_SECONDS = 1.0  # for figures in the making; nobody waits for them any more

T = TypeVar("T")


class Latest(Generic[T]):
    """Whoever asks waits a moment for the newest figures, then gets the last ones.

    `due(figures, asked)`: whether to make them anew, asked for since then or not.
    """

    def __init__(self, name: str, make: Callable[[], T], due: Callable[[T | None, bool], bool]) -> None:
        self._name, self._make, self._due = name, make, due
        self._made: T | None = None
        self._error: Exception | None = None
        self._asked = False
        self._changed = threading.Condition()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        with self._changed:
            self._changed.notify_all()
        if self._thread.is_alive():
            self._thread.join(STOP_SECONDS)

    def get(self, *, fresh: Callable[[T], bool], usable: Callable[[T], bool]) -> T:
        """Figures that are `fresh`, or at least `usable` where these take too long.

        Raises what making them raised, and 503 when it takes too long altogether.
        """
        with self._changed:
            if self._made is None or not fresh(self._made):
                self._asked, self._error = True, None
                self._changed.notify_all()
                will_do = self._made is not None and usable(self._made)
                self._changed.wait_for(
                    lambda: self._error or (self._made is not None and fresh(self._made)),
                    PATIENCE_SECONDS if will_do else COLD_SECONDS,
                )
            if self._made is not None and usable(self._made):
                return self._made
            raise self._error or unavailable(f"The {self._name}", "counting takes too long.")

    def _run(self) -> None:
        while not self._stopping.is_set():
            with self._changed:
                self._changed.wait_for(self._wanted, timeout=1)
                if not self._wanted():
                    continue
                self._asked = False
            began = time.monotonic()
            made, error = self._made, None
            try:
                made = self._make()
            except Exception as raised:  # noqa: BLE001 - whoever asks gets it
                error = raised
            with self._changed:
                self._made, self._error = made, error
                self._changed.notify_all()
            took = time.monotonic() - began
            self._stopping.wait(REST * took if error is None else max(RETRY_SECONDS, took))

    def _wanted(self) -> bool:
        return not self._stopping.is_set() and self._due(self._made, self._asked)
