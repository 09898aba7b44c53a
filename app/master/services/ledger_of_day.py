"""The figures of the last 24 h over all jobs, which the console shows to everybody all the time."""

from app.master.clock import Clock
from app.master.services.job_index import JobIndex
from app.master.services.latest import Latest
from app.master.services.ledger import Ledger, Totals

DAY_MS = 86_400_000
MAX_AGE_MS = 300_000
RENEWED_MS = 240_000  # ahead of the next request, while there are some
INTEREST_MS = 900_000  # how long requests make others likely


class LedgerOfDay:
    """A hundred thousand jobs take seconds: readers then share figures that may be minutes old."""

    def __init__(self, ledger: Ledger, index: JobIndex, now: Clock) -> None:
        self._ledger, self._index, self._now = ledger, index, now
        self._asked_at = -INTEREST_MS
        self._latest = Latest("ledger", self._make, self._due)
        self.start, self.stop = self._latest.start, self._latest.stop

    def totals(self) -> Totals:
        """`until` says as of when they are."""
        now = self._asked_at = self._now()
        return self._latest.get(
            fresh=lambda totals: totals.until > now,
            usable=lambda totals: now - totals.until < MAX_AGE_MS,
        )

    def _due(self, known: Totals | None, asked: bool) -> bool:
        if not self._index.mirror.revision:
            return False
        now = self._now()
        ahead = known is not None and now - known.until > RENEWED_MS and now - self._asked_at < INTEREST_MS
        return known is None or asked or ahead

    def _make(self) -> Totals:
        until = self._now() + 1
        return self._ledger.report(None, until - DAY_MS, until).totals()
