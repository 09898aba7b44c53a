"""Figures that take long to make: made in a thread of their own, one at a time, and kept."""

import logging
import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

from app.master.problems import unavailable

log = logging.getLogger(__name__)

PATIENCE_SECONDS = 0.15  # for newer figures, where there are some that will do; none where they take a second
COLD_SECONDS = 20.0  # for the first ones
REST = 4  # times as long as the last ones took, before the next: at most a fifth of a core
RETRY_SECONDS = 1.0
MAX_BACKOFF_SECONDS = 60.0  # of tries that nobody asked for
STOP_SECONDS = 1.0  # for figures in the making; nobody waits for them any more

T = TypeVar("T")


class Latest(Generic[T]):
    """Whoever asks waits a moment for the newest figures, then gets the last ones, also when newer ones
    could not be made.

    `due(figures, asked)`: whether to make them anew, asked for since then or not.
    """

    def __init__(self, name: str, make: Callable[[], T], due: Callable[[T | None, bool], bool]) -> None:
        self._name, self._make, self._due = name, make, due
        self._made: T | None = None
        self._error: Exception | None = None
        self._asked = False
        self._resting = False  # after an error that somebody got
        self._took = 0.0
        self._tries, self._failures, self._unasked_from = 0, 0, 0.0
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

    def get(
        self,
        *,
        fresh: Callable[[T], bool],
        usable: Callable[[T], bool],
        cold_seconds: float = COLD_SECONDS,
    ) -> T:
        """Figures that are `fresh`, or at least `usable` where these take too long or cannot be made.

        Where there are none that will do, it waits up to `cold_seconds`.

        Without any, raises what making the last ones raised, and 503 when there are none in time.
        """
        with self._changed:
            if self._made is None or not fresh(self._made):
                self._asked, tries = True, self._tries
                self._changed.notify_all()
                will_do = self._made is not None and usable(self._made)
                if not self._resting:  # else nothing is made soon, and who waits holds up a thread
                    self._changed.wait_for(
                        lambda: (
                            (self._made is not None and fresh(self._made))
                            or (self._error is not None and self._tries > tries)
                        ),
                        (PATIENCE_SECONDS if self._took < 1 else 0) if will_do else cold_seconds,
                    )
            if self._made is not None and usable(self._made):
                return self._made
            if self._error:
                raise self._error
        raise unavailable(f"The {self._name}", "counting takes too long.")

    def _run(self) -> None:
        while not self._stopping.is_set():
            with self._changed:
                if not self._changed.wait_for(self._wanted, timeout=1) or self._stopping.is_set():
                    continue
                asked, self._asked = self._asked, False
            began = time.monotonic()
            made, error = self._made, None
            try:
                made = self._make()
            except Exception as raised:  # noqa: BLE001 - whoever asks gets it, or the last figures
                error = raised
                log.warning(
                    "The %s cannot be made: %r", self._name, raised, extra={"action": "latest-failed"}
                )
            with self._changed:
                self._made, self._error, self._tries = made, error, self._tries + 1
                # One that nobody asked for, such as before the store is prepared, is tried again when asked.
                self._resting = asked and error is not None
                self._changed.notify_all()
            self._took = took = time.monotonic() - began
            self._failures = self._failures + 1 if error else 0
            backoff = RETRY_SECONDS * 2 ** min(self._failures, 10) if error else 0
            self._unasked_from = time.monotonic() + min(MAX_BACKOFF_SECONDS, backoff)
            if error and not asked:
                with self._changed:
                    self._changed.wait_for(self._called, max(RETRY_SECONDS, took))
            else:
                self._stopping.wait(max(RETRY_SECONDS, took) if error else REST * took)
            self._resting = False

    def _called(self) -> bool:
        return self._asked or self._stopping.is_set()

    def _wanted(self) -> bool:
        if self._stopping.is_set():
            return True
        return (self._asked or time.monotonic() >= self._unasked_from) and self._due(self._made, self._asked)
