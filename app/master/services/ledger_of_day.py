"""The ledger of the last 24 h over all jobs, which the console shows to everybody all the time."""

from app.master.clock import Clock
from app.master.services.latest import Latest
from app.master.services.ledger import Ledger, Report

DAY_MS = 86_400_000
FRESH_MS = 2_000
MAX_AGE_MS = 60_000


class LedgerOfDay:
    """A hundred thousand jobs take seconds: readers then share a report that is up to a minute old."""

    def __init__(self, ledger: Ledger, now: Clock) -> None:
        self._ledger, self._now = ledger, now
        self._latest = Latest("ledger", self._make, lambda _, asked: asked)
        self.start, self.stop = self._latest.start, self._latest.stop

    def report(self) -> Report:
        """Its `until` says as of when it is."""
        now = self._now()
        return self._latest.get(
            fresh=lambda report: now - report.until < FRESH_MS,
            usable=lambda report: now - report.until < MAX_AGE_MS,
        )

    def _make(self) -> Report:
        until = self._now() + 1
        return self._ledger.report(None, until - DAY_MS, until)
