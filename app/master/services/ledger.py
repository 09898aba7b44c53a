"""The ledger: every planned fire of a window against the rows that answer for it.

What was planned comes from the schedules as they were, by the audit's history. Cursors are read before open
records, and those before rows: a fire moves from one to the next, so it is seen at least once, and rows win.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import groupby
from operator import attrgetter

from app.common import keys
from app.common.etcd import EtcdClient
from app.common.logstore import AuditEntry, LedgerRow, LogStore, RunQuery
from app.master.clock import Clock
from app.master.problems import Problem, invalid
from app.master.services.audit import Audit
from app.master.services.job_index import JobIndex, JobRow
from app.master.services.ledger_count import Figures, Span, count_job
from app.master.services.ledger_segments import Segment, segments
from app.master.services.open_runs import OpenRun, OpenRuns

MAX_WINDOW_MS = 31 * 86_400_000
MAX_LOOKS = 1_000  # into the past of single jobs, for one answer
MAX_CHANGES = 200_000  # audit entries read for one answer


@dataclass(slots=True)
class JobFigures:
    name: str
    figures: Figures
    exact: bool

    @property
    def faulty(self) -> bool:
        return bool(self.figures.unaccounted or self.figures.duplicated)


@dataclass(frozen=True, slots=True)
class Totals:
    """`exact`: of all jobs that were seen, those whose past schedules are known."""

    since: int
    until: int
    figures: Figures
    seen: int
    exact: int


@dataclass(slots=True)
class Report:
    since: int
    until: int
    total: Figures = field(default_factory=Figures)
    jobs: list[JobFigures] = field(default_factory=list)

    def totals(self) -> Totals:
        exact = sum(job.exact for job in self.jobs)
        return Totals(self.since, self.until, self.total, len(self.jobs), exact)


class Ledger:
    def __init__(
        self,
        client: EtcdClient,
        store: LogStore,
        index: JobIndex,
        open_runs: OpenRuns,
        audit: Audit,
        timezone: str,
        now: Clock,
    ) -> None:
        self._client, self._store, self._index = client, store, index
        self._open_runs, self._audit, self._timezone, self._now = open_runs, audit, timezone, now

    def report(self, job: str | None, since: int, until: int) -> Report:
        """Figures of since <= plan time < until, of one job or all; fires after now are not planned yet."""
        now = self._now()
        if not since < until:
            raise invalid("to", "must be later than from")
        if until - since > MAX_WINDOW_MS:
            raise invalid("from", "must be at most 31 days before to")
        until = min(until, now + 1)
        current = self._current(job)
        changes = self._changes(job, since)
        cursors = self._cursors(job)
        open_spans = _open_spans(self._open_runs.records())
        rows = self._store.ledger_rows(job, since, until)
        report = Report(since, until)
        looks = MAX_LOOKS
        names = current.keys() | changes.keys()
        for name, own_rows in _with_rows(names, rows):
            row = current.get(name)
            history = segments(
                row.firing if row else None,
                changes.get(name, []),
                since,
                until,
                cursors.get(name),
                self._timezone,
            )
            spans = open_spans.get(name, [])
            if history and not history[0].start_known:
                looks -= self._find_start(name, history[0], own_rows, spans, since, looks)
            figures, exact = count_job(history, own_rows, spans, now)
            report.total.add(figures)
            report.jobs.append(JobFigures(name, figures, exact))
        report.jobs.sort(key=lambda j: (not j.faulty, j.name))
        return report

    def _current(self, job: str | None) -> dict[str, JobRow]:
        if job is None:
            return {row.name: row for row in self._index.rows().rows}
        row = self._index.get(job)
        return {job: row} if row else {}

    def _changes(self, job: str | None, since: int) -> dict[str, list[AuditEntry]]:
        """Changes of definitions from `since` until now, oldest first, by job."""
        found: dict[str, dict[str, AuditEntry]] = {}
        cursor, read = None, 0
        while True:
            page = self._audit.read(kind="job", target=job, since=since, limit=1000, cursor=cursor)
            for entry in page.entries:
                if entry.before is not None or entry.after is not None:
                    found.setdefault(entry.target, {})[entry.id] = entry
            cursor, read = page.next_cursor, read + len(page.entries)
            if cursor is None:
                return {name: [own[id_] for id_ in sorted(own)] for name, own in found.items()}
            if read > MAX_CHANGES:
                raise Problem(422, "Too many jobs changed since then. Take a later window, or name a job.")

    def _cursors(self, job: str | None) -> dict[str, int]:
        if job is None:
            found = self._client.scan(keys.FIRED).items
        else:
            one = self._client.get(keys.fired(job))
            found = [one] if one else []
        return {kv.key.removeprefix(keys.FIRED): int(kv.value) for kv in found if kv.value.isdigit()}

    def _find_start(
        self, name: str, first: Segment, rows: list[LedgerRow], spans: list[Span], since: int, looks: int
    ) -> bool:
        """A job without a recorded creation was there before the window, or was put into etcd by hand within
        it: then it counts from its first trace.

        Returns whether that had to be looked up. With no `looks` left it counts as having been there.
        """
        planned = first.schedule.next(first.after)
        traces = [row.plan_time for row in rows] + [span.first for span in spans]
        if planned is None or planned > first.until or (traces and min(traces) <= planned):
            return False
        if first.claimed_until is None and not traces:
            first.after = first.until  # no worker has seen it yet
            return False
        if not looks:
            return False
        if not self._was_there(name, since):
            first.after = min(traces) - 1 if traces else max(first.after, first.claimed_until or 0)
        return True

    def _was_there(self, name: str, moment: int) -> bool:
        changed = self._audit.read(kind="job", target=name, until=moment, limit=1).entries
        return bool(changed or self._store.runs(RunQuery(job=name, until=moment, limit=1)).runs)


def _with_rows(names: Iterable[str], rows: Iterator[LedgerRow]) -> Iterator[tuple[str, list[LedgerRow]]]:
    left = set(names)
    for name, own in groupby(rows, key=attrgetter("job_name")):
        left.discard(name)
        yield name, sorted(own, key=attrgetter("plan_time"))
    for name in sorted(left):
        yield name, []


def _open_spans(records: list[OpenRun]) -> dict[str, list[Span]]:
    """Fires that stand in open records, by job: those that run, and those whose row is on its way."""
    found: dict[str, list[Span]] = {}
    for run in records:
        record = run.record
        spans = []
        if record.missed:
            spans.append(Span(record.missed.first, record.missed.last, "pending"))
        if record.skipped:
            spans.append(Span(record.skipped.first, record.skipped.last, "pending"))
        elif run.as_run().counts_as_fire:
            spans.append(Span(record.plan, record.plan, "running" if run.runs else "pending"))
        found.setdefault(record.job, []).extend(spans)
    for own in found.values():
        own.sort(key=attrgetter("first"))
    return found
