"""Figures for the first page."""

from collections import Counter
from dataclasses import dataclass

from app.common.logstore import LogStore
from app.common.models import Status
from app.master.clock import Clock
from app.master.problems import invalid
from app.master.services.job_index import JobIndex, JobRow, JobStatus
from app.master.services.last_runs import LastRuns
from app.master.services.open_runs import OpenRuns
from app.master.services.workers import Workers

DAY_MS = 86_400_000
MAX_BUCKETS = 1_000


@dataclass(frozen=True, slots=True)
class Summary:
    """`runs` are rows of the last 24 h by status; `failing` are jobs whose last run was bad."""

    at: int
    jobs: dict[JobStatus, int]
    runs: dict[Status, int]
    running: int
    failing: int
    workers: int
    workers_silent: int
    capacity: int


class Stats:
    def __init__(
        self,
        index: JobIndex,
        store: LogStore,
        last_runs: LastRuns,
        open_runs: OpenRuns,
        workers: Workers,
        now: Clock,
    ) -> None:
        self._index, self._store, self._last_runs = index, store, last_runs
        self._open_runs, self._workers, self._now = open_runs, workers, now
        self._counted: tuple[int, Counter[JobStatus], list[JobRow]] | None = None

    def summary(self) -> Summary:
        now = self._now()
        workers = self._workers.all()
        return Summary(
            at=now,
            jobs=self._job_counts(now),
            runs={s: 0 for s in Status if s is not Status.RUNNING}
            | self._store.count_by_status(now - DAY_MS, now + 1),
            running=sum(run.runs for run in self._open_runs.records()),
            failing=sum(self._index.get(name) is not None for name in self._last_runs.get().failing()),
            workers=len(workers),
            workers_silent=sum(w.silent for w in workers),
            capacity=sum(w.info.capacity for w in workers if not w.silent and not w.drained),
        )

    def _job_counts(self, now: int) -> dict[JobStatus, int]:
        """Jobs whose schedule cannot end are counted once for each generation of the index."""
        published = self._index.rows()
        if self._counted is None or self._counted[0] != published.generation:
            lasting = Counter(row.lasting for row in published.rows if not row.bounded)
            bounded = [row for row in published.rows if row.bounded]
            self._counted = (published.generation, lasting, bounded)
        _, lasting, bounded = self._counted
        return dict.fromkeys(JobStatus, 0) | (lasting + Counter(row.status(now) for row in bounded))

    def history(self, since: int, until: int, bucket_ms: int) -> list[tuple[int, dict[Status, int]]]:
        """Rows by status for each bucket that has any."""
        _check(since, until, bucket_ms)
        buckets: dict[int, dict[Status, int]] = {}
        for start, status, count in self._store.history(since, until, bucket_ms):
            buckets.setdefault(start, {})[status] = count
        return sorted(buckets.items())

    def workload(
        self, since: int, until: int, bucket_ms: int
    ) -> list[tuple[str, list[tuple[int, dict[Status, int]]]]]:
        """The same for each worker, by name."""
        _check(since, until, bucket_ms)
        workers: dict[str, dict[int, dict[Status, int]]] = {}
        for worker, start, status, count in self._store.workload(since, until, bucket_ms):
            workers.setdefault(worker, {}).setdefault(start, {})[status] = count
        return sorted((worker, sorted(buckets.items())) for worker, buckets in workers.items())


def _check(since: int, until: int, bucket_ms: int) -> None:
    if not since < until:
        raise invalid("until", "must be later than since")
    if (until - since) // bucket_ms > MAX_BUCKETS:
        raise invalid("bucket", f"makes more than {MAX_BUCKETS} buckets; take a larger one")
