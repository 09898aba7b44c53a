"""How many runs of each job are in progress."""

import time
from collections import Counter
from collections.abc import Mapping

from app.master.services.latest import COLD_SECONDS, Latest
from app.master.services.open_runs import OpenRuns

FRESH_SECONDS = 1
USABLE_SECONDS = 5  # where etcd is slow

_Read = tuple[float, Mapping[str, int]]  # when, and what


class Running:
    """Read from the open records when asked for, about once a second at most, by one thread for all."""

    def __init__(self, open_runs: OpenRuns) -> None:
        self._open_runs = open_runs
        self._latest = Latest[_Read]("count of runs in progress", self._read, lambda _, asked: asked)
        self.start, self.stop = self._latest.start, self._latest.stop

    def counts(self, *, cold_seconds: float = COLD_SECONDS) -> Mapping[str, int]:
        """By job; jobs without any are left out. Raises EtcdError, and 503 when etcd is too slow."""
        now = time.monotonic()
        return self._latest.get(
            fresh=lambda read: now - read[0] < FRESH_SECONDS,
            usable=lambda read: now - read[0] < USABLE_SECONDS,
            cold_seconds=cold_seconds,
        )[1]

    def _read(self) -> _Read:
        at = time.monotonic()
        return at, Counter(run.record.job for run in self._open_runs.records() if run.runs)
