"""Reading runs: finished ones from the log store, those in progress from etcd."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from app.common.etcd import KeyValue
from app.common.logstore import LogStore, RunQuery
from app.common.models import Run, Status
from app.master.problems import no_such
from app.master.services.open_runs import OpenRuns, WaitingOrder

MAX_RUNNING_SHOWN = 1_000


@dataclass(frozen=True, slots=True)
class RunsFound:
    """`running` is shown before `runs`, on first pages only."""

    running: list[Run]
    runs: list[Run]
    next_cursor: str | None


class Runs:
    def __init__(self, store: LogStore, open_runs: OpenRuns) -> None:
        self._store, self._open_runs = store, open_runs

    def page(self, query: RunQuery, open_records: Sequence[KeyValue]) -> RunsFound:
        """`open_records`: the first, as `OpenRuns.records` takes them; not needed where a cursor is given."""
        stored_statuses = tuple(s for s in query.statuses if s is not Status.RUNNING)
        wants_running = query.cursor is None and (not query.statuses or Status.RUNNING in query.statuses)
        # A run that ends meanwhile is then in both, not in none.
        running = self._running(query, open_records) if wants_running else []
        if query.statuses and not stored_statuses:
            return RunsFound(running, [], None)
        page = self._store.runs(replace(query, statuses=stored_statuses))
        ended = {run.id for run in page.runs}
        return RunsFound([run for run in running if run.id not in ended], page.runs, page.next_cursor)

    def get(self, run_id: str) -> Run | WaitingOrder:
        """A row, a run in progress, or an order that waits. Raises 404."""
        found = self.find(run_id)
        if found is None:
            raise no_such("run", run_id)
        return found

    def find(self, run_id: str) -> Run | WaitingOrder | None:
        """Most are stored. The others are looked for from the earlier state to the later, so that none moves
        past unseen.
        """
        stored = self._store.run(run_id)
        if stored is not None:
            return stored
        waiting = self._open_runs.waiting(run_id)
        if waiting:
            return waiting
        open_run = self._open_runs.find(run_id)
        return open_run.as_run() if open_run else self._store.run(run_id)

    def _running(self, query: RunQuery, open_records: Sequence[KeyValue]) -> list[Run]:
        found = [
            run
            for run in (r.as_run() for r in self._open_runs.records(first=open_records) if r.runs)
            if query.job in (None, run.job_name)
            and query.worker in (None, run.worker)
            and (not query.triggers or run.trigger in query.triggers)
            and (query.since is None or run.plan_time >= query.since)
            and (query.until is None or run.plan_time < query.until)
        ]
        found.sort(key=lambda run: (run.plan_time, run.id), reverse=True)
        return found[:MAX_RUNNING_SHOWN]
