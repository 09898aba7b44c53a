"""What has become of runs since the last look: begun, ended, skipped, missed."""

import json

from sse_starlette import ServerSentEvent

from app.common.logstore import LogStore, RunQuery
from app.common.models import Run
from app.master.schemas.runs import view
from app.master.services.open_runs import OpenRuns

SHOWN = 100  # rows, and names of jobs, of one event
RELOAD = ServerSentEvent("{}", event="reload")


class RunNews:
    """Rows are found among those planned last, and by the open records that are gone: a run of six hours was
    planned long ago when its row comes.
    """

    def __init__(self, store: LogStore, open_runs: OpenRuns) -> None:
        self._store, self._open_runs = store, open_runs
        self.forget()

    def forget(self) -> None:
        """Begin anew: the next look only learns what there is."""
        self._rows: dict[str, str] | None = None
        self._open: dict[str, str] | None = None

    def look(self) -> list[ServerSentEvent]:
        """Raises StoreError or EtcdError; the next look then makes up for it."""
        was_open = self._open
        # Before the rows: a record goes after its row has come.
        self._open = {run.id: run.record.job for run in self._open_runs.records() if run.runs}
        events = []
        if was_open is not None and was_open.keys() != self._open.keys():
            jobs = sorted(set(self._open.values()))[:SHOWN]
            events.append(_event("running", {"count": len(self._open), "jobs": jobs}))
        ended = (was_open or {}).keys() - self._open.keys()
        try:
            news = self._new_rows(ended)
        except BaseException:
            self._open = was_open
            raise
        if news is None:
            events.append(RELOAD)
        elif news:
            rows = [view(run).model_dump(mode="json", by_alias=True) for run in news]
            events.append(_event("runs", {"items": rows}))
        return events

    def _new_rows(self, ended: set[str]) -> list[Run] | None:
        """By plan time; None: too many to list."""
        page = self._store.runs(RunQuery(limit=2 * SHOWN)).runs
        seen, rows = self._rows, {run.id: f"{run.status}{run.count}" for run in page}
        news: list[Run] | None = []
        if seen is not None:
            new = [run for run in page if seen.get(run.id) != rows[run.id]]
            elsewhere = ended - rows.keys()
            if len(new) + len(elsewhere) > SHOWN:
                news = None
            else:
                new += [run for run_id in elsewhere if (run := self._store.run(run_id))]
                news = sorted(new, key=lambda run: (run.plan_time, run.id))
        self._rows = rows  # last: what fails before is looked for again
        return news


def _event(kind: str, data: object) -> ServerSentEvent:
    return ServerSentEvent(json.dumps(data, ensure_ascii=False), event=kind)
