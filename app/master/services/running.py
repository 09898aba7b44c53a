"""How many runs of each job are in progress."""

from collections import Counter
from collections.abc import Mapping

from app.master.clock import Clock
from app.master.services.open_runs import OpenRuns

MAX_AGE_MS = 1_000


class Running:
    """Read from the open records when asked for, about once a second at most."""

    def __init__(self, open_runs: OpenRuns, now: Clock) -> None:
        self._open_runs, self._now = open_runs, now
        self._read: tuple[int, Mapping[str, int]] = (-MAX_AGE_MS, {})

    def counts(self) -> Mapping[str, int]:
        """By job; jobs without any are left out."""
        at, counts = self._read
        # Requests that meet here read side by side: behind a lock they would add up what a slow etcd takes.
        if not 0 <= self._now() - at < MAX_AGE_MS:
            counts = Counter(run.record.job for run in self._open_runs.records() if run.runs)
            self._read = (self._now(), counts)
        return counts
