"""How many runs of each job are in progress."""

import threading
from collections import Counter
from collections.abc import Mapping

from app.master.clock import Clock
from app.master.services.open_runs import OpenRuns

MAX_AGE_MS = 1_000


class Running:
    """Read from the open records when asked for, at most once in a second."""

    def __init__(self, open_runs: OpenRuns, now: Clock) -> None:
        self._open_runs, self._now = open_runs, now
        self._lock = threading.Lock()
        self._read_at = -MAX_AGE_MS
        self._counts: Mapping[str, int] = {}

    def counts(self) -> Mapping[str, int]:
        """By job; jobs without any are left out."""
        with self._lock:
            if not 0 <= self._now() - self._read_at < MAX_AGE_MS:
                self._counts = Counter(run.record.job for run in self._open_runs.records() if run.runs)
                self._read_at = self._now()
            return self._counts
