"""What the log store knows of jobs, for metrics: how many fail, and how those fared that ask for series."""

import contextlib
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from app.common.errors import CronError
from app.common.logstore import AuditEntry, JobState, LogStore
from app.common.metrics import MAX_MEASURED_JOBS
from app.master.clock import Clock
from app.master.services.audit import Audit
from app.master.services.job_index import JobIndex, JobRow
from app.master.services.latest import Latest

FRESH_MS = 5_000
USABLE_MS = 20_000  # where the store is slow, or away for a moment
PATIENCE_SECONDS = 3.0  # for the first ones: a scrape has 10 s by default
SEARCH_SECONDS = 1.0  # a time for the beginnings of jobs; the others are found the next time
SEARCH_PAGE = 50
SEARCH_PAGES = 4


class Began(NamedTuple):
    """When a job, as it was at this revision, was created or last resumed, whichever came later: epoch ms,
    None where nothing is on record."""

    revision: int
    at: int | None


@dataclass(frozen=True, slots=True)
class Facts:
    """`states` and `began` of jobs that ask for series; those of which nothing is known yet are left out."""

    at: int
    failing: int
    states: Mapping[str, JobState]
    began: Mapping[str, Began]


class JobFacts:
    """Read in a thread of its own when they are asked for: metrics must answer while the store does not."""

    def __init__(self, index: JobIndex, store: LogStore, audit: Audit, now: Clock) -> None:
        self._index, self._store, self._audit, self._now = index, store, audit, now
        self._began: dict[str, Began] = {}
        self._latest = Latest("facts for metrics", self._read, lambda _, asked: asked)
        self.start, self.stop = self._latest.start, self._latest.stop

    def get(self) -> Facts:
        """Raises what the store raised, and 503 when it takes too long."""
        return self._latest.get(
            fresh=lambda facts: abs(self._now() - facts.at) < FRESH_MS,
            usable=lambda facts: abs(self._now() - facts.at) < USABLE_MS,
            cold_seconds=PATIENCE_SECONDS,
        )

    def _read(self) -> Facts:
        at = self._now()
        rows = self._index.measured()[:MAX_MEASURED_JOBS]
        states = self._store.job_states([row.name for row in rows]) if rows else {}
        failing = sum(self._index.get(name) is not None for name in self._store.failing_jobs())
        return Facts(at, failing, states, self._beginnings(rows))

    def _beginnings(self, rows: Sequence[JobRow]) -> dict[str, Began]:
        """Looked up once for each version of a job."""
        known, wanted = self._began, [row for row in rows if row.success_within is not None]
        self._began = {
            row.name: known[row.name]
            for row in wanted
            if row.name in known and known[row.name].revision == row.revision
        }
        unknown = [row for row in wanted if row.name not in self._began]
        deadline = time.monotonic() + SEARCH_SECONDS
        with contextlib.suppress(CronError):  # the rest is worth showing all the same
            if unknown and not self._audit.is_behind():
                for row in unknown:
                    self._began[row.name] = Began(row.revision, self._search(row.name))
                    if time.monotonic() > deadline:
                        break
        return self._began.copy()

    def _search(self, name: str) -> int | None:
        """None where nothing is on record."""
        cursor, oldest = None, None
        for _ in range(SEARCH_PAGES):
            page = self._audit.read(kind="job", target=name, limit=SEARCH_PAGE, cursor=cursor)
            for entry in page.entries:
                if _begins(entry):
                    return entry.at
                oldest = entry.at
            cursor = page.next_cursor
            if cursor is None:
                break
        return oldest  # it began earlier than that


def _begins(entry: AuditEntry) -> bool:
    """Whether the job fires from this change on, and did not before."""
    if "countsFrom" not in entry.detail or (entry.after or {}).get("enabled") is False:
        return False
    before = entry.before
    return before is None or "invalid" in before or before.get("enabled") is False
