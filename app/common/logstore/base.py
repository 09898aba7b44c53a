"""What a log store does, whichever database is behind it. One contract test suite holds all of them to it.

Every method may raise StoreUnavailable (try again: writes are idempotent) or StoreError (a retry will not
help). All times are epoch milliseconds. Methods block, each with a deadline; instances are safe to share
between threads.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from app.common.models import Run, Status, Trigger


@dataclass(frozen=True, slots=True)
class StoreResult:
    """What became of the rows given to `LogStore.store`.

    `stored`: new rows, and real results that replaced a LOST row. `known`: the same row was there already.
    `conflicts`: ids for which another worker's row was there already: evidence of a doubled run. Its row is
    kept beside the first one under an id of its own, so that the ledger counts it; stored again, it is known.
    """

    stored: int
    known: int
    conflicts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RunQuery:
    """Filters of a list of runs, all optional and joined by AND; newest plan time first.

    `since` <= plan time < `until`. `cursor` is the `next_cursor` of the page before; any other text raises
    FieldError. A page has at most 1000 rows, whatever `limit` says.
    """

    job: str | None = None
    statuses: tuple[Status, ...] = ()
    worker: str | None = None
    triggers: tuple[Trigger, ...] = ()
    since: int | None = None
    until: int | None = None
    limit: int = 50
    cursor: str | None = None


@dataclass(frozen=True, slots=True)
class RunPage:
    """`runs` come without `output` and `command` (both empty). `next_cursor` is None on the last page."""

    runs: list[Run]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class RecentRun:
    """What a strip of a job's last rows shows of each."""

    id: str
    status: Status
    plan_time: int
    start_time: int | None = None
    end_time: int | None = None


@dataclass(frozen=True, slots=True)
class LedgerRow:
    """The columns of a row that answers for planned fires (see Run.counts_as_fire)."""

    id: str
    job_name: str
    plan_time: int
    last_plan_time: int | None
    count: int
    status: Status
    duplicate: bool  # kept beside an earlier row of the same id


@dataclass(frozen=True, slots=True)
class JobState:
    """One row a job, updated in the same batches as its runs."""

    job_name: str
    last_status: Status
    last_plan_time: int
    last_start: int | None = None
    last_end: int | None = None
    last_success: int | None = None  # end of the last succeeded run
    failures_in_a_row: int = 0
    typical_duration_ms: float | None = None  # exponential moving average of succeeded runs


LastRow = tuple[str, str, int | None]
"""Job, status of its last row, start of its last run: the part of a JobState that lists of jobs sort by."""


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """Who changed what. `before` and `after` are the JSON objects of the thing changed, or None."""

    id: str  # sorts by time
    at: int
    actor: str
    action: str  # such as job.create, job.update, job.delete, job.run, job.kill, user.create, session.refused
    kind: str  # job, run, worker, user, token, session
    target: str
    before: dict[str, Any] | None = None
    after: dict[str, Any] | None = None
    detail: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AuditPage:
    entries: list[AuditEntry]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class LiveOutput:
    """What a watched run has printed so far: `data` starts at byte `offset` of its output stream."""

    run_id: str
    offset: int
    data: bytes


@dataclass(frozen=True, slots=True)
class StoreFacts:
    """`server`: which it is, in words. `missing`: indexes and tables that `prepare` would make."""

    server: str
    missing: tuple[str, ...] = ()


class LogStore(Protocol):
    def prepare(self) -> None:
        """Create tables, collections and indexes where missing. Several processes may call it at once."""

    def ping(self) -> None:
        """Raise StoreUnavailable unless the store answers."""

    def examine(self) -> StoreFacts:
        """What an operator should know. Raises where it does not answer or may not be written; nothing is
        changed."""

    def store(self, runs: Sequence[Run]) -> StoreResult:
        """Store a batch, durably when this returns. Idempotent by run id:

        - an id that is new is inserted;
        - LOST never replaces anything;
        - a real result replaces LOST;
        - SKIPPED replaces SKIPPED and MISSED replaces MISSED of the same id when its `count` is larger (a
          range that has grown), and is ignored otherwise, whichever worker tells it;
        - the same result (same worker and start_time) is ignored;
        - anything else is a conflict: see StoreResult.

        Job states are updated with it: each row counts once, however often it is stored, and never after a
        row of a later plan time; conflicts do not count. `failures_in_a_row` grows by failed, timeout, killed
        and lost runs and is reset by a success. Skipped and missed rows change `last_status` and
        `last_plan_time` only, and do not keep an older run, stored later, from counting for the other fields.
        """

    def runs(self, query: RunQuery) -> RunPage: ...

    def recent_runs(self, names: Sequence[str], limit: int) -> dict[str, list[RecentRun]]:
        """The last rows of each of these jobs by plan time, newest first; no entry for a job without any."""

    def run(self, run_id: str) -> Run | None:
        """One row with its output and command."""

    def ledger_rows(self, job: str | None, since: int, until: int) -> Iterator[LedgerRow]:
        """Rows that answer for planned fires and whose range touches since <= plan < until.

        Sorted by job, then plan time.
        """

    def count_by_status(self, since: int, until: int) -> dict[Status, int]:
        """Sums of `count` of all rows planned in the window, manual runs included."""

    def history(self, since: int, until: int, bucket_ms: int) -> list[tuple[int, Status, int]]:
        """(bucket start, status, sum of `count`), buckets aligned to multiples of `bucket_ms`, sorted."""

    def workload(self, since: int, until: int, bucket_ms: int) -> list[tuple[str, int, Status, int]]:
        """As `history`, by worker: (worker, bucket start, status, sum of `count`), sorted.

        Buckets are whole minutes.
        """

    def job_states(self, names: Sequence[str] | None = None) -> dict[str, JobState]:
        """States by job name; all of them where no names are given."""

    def last_rows(self) -> list[LastRow]:
        """Of all jobs; a fraction of the time that all their states take."""

    def failing_jobs(self) -> list[str]:
        """Those whose last row is of a run that did not end well; some of them may be deleted."""

    def forget_job(self, name: str) -> None:
        """Remove the state row of a deleted job. Its runs stay until they expire."""

    def write_live(self, chunk: LiveOutput) -> None:
        """Append to the live output of a watched run; only the last 256 KiB are kept."""

    def read_live(self, run_id: str, after: int) -> LiveOutput | None:
        """What is known behind byte `after`; None when nothing is.

        The offset is larger than `after` where the part between is no longer kept.
        """

    def clear_live(self, run_ids: Sequence[str]) -> None: ...

    def write_audit(self, entries: Sequence[AuditEntry]) -> None:
        """Idempotent by id."""

    def audit(
        self,
        *,
        kind: str | None = None,
        target: str | None = None,
        actor: str | None = None,
        action: str | None = None,
        since: int | None = None,
        until: int | None = None,
        limit: int = 50,
        cursor: str | None = None,
    ) -> AuditPage:
        """Newest first."""

    def prune(self, now: int) -> int:
        """Delete rows whose `expire_at` is past, where the database has not done so; returns how many."""

    def close(self) -> None: ...
