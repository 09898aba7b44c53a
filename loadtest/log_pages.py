"""What the console asks of a log store, page by page."""

import random
import sqlite3
import time
from collections.abc import Callable, Mapping
from contextlib import closing

from rich.progress import track

from app.common.logstore import LogStore, RunQuery
from app.common.models import Status, Trigger
from loadtest.log_history import DAY_MS, WORKERS, History

Ask = Callable[[], object]
HOUR_MS = 3_600_000
PAGE = 50
DEEP = 40  # pages down the list


def questions(store: LogStore, history: History, chance: random.Random) -> Mapping[str, Ask]:
    """Each asks for something else every time, as different users do."""
    until = history.until
    deep = _deep_cursors(store)

    def job() -> str:
        return chance.choice(history.jobs)

    def listed(**filters: object) -> object:
        return store.runs(RunQuery(limit=PAGE, **filters))  # type: ignore[arg-type]

    def jobs() -> list[str]:
        return chance.sample(history.jobs, min(PAGE, len(history.jobs)))

    def moment() -> int:
        return chance.randrange(history.since, until)

    rare = (Status.LOST, Status.MISSED, Status.KILLED)
    return {
        "newest": lambda: listed(),
        "of a job": lambda: listed(job=job()),
        "of a job, failed": lambda: listed(job=job(), statuses=(Status.FAILED, Status.TIMEOUT)),
        "of a status": lambda: listed(statuses=(chance.choice(list(Status)[1:]),)),
        "of rare statuses": lambda: listed(statuses=rare),
        "of a worker": lambda: listed(worker=f"worker-{chance.randrange(WORKERS)}"),
        "of a worker that is unknown": lambda: listed(worker="nobody"),
        "of a trigger": lambda: listed(triggers=(chance.choice(list(Trigger)),)),
        "of a job and a trigger": lambda: listed(job=job(), triggers=(Trigger.MANUAL,)),
        "of a time": lambda: listed(since=(since := moment()), until=since + HOUR_MS),
        "far down the list": lambda: listed(cursor=chance.choice(deep)),
        "one run": lambda: store.run(_some_id(store, moment())),
        "last runs of 50 jobs": lambda: store.recent_runs(jobs(), 20),
        "states of 50 jobs": lambda: store.job_states(jobs()),
        "last rows of all jobs": store.last_rows,
        "counts of a day": lambda: store.count_by_status(until - DAY_MS, until),
        "chart of a day": lambda: store.history(until - DAY_MS, until, 600_000),
        "chart of a week": lambda: store.history(until - 7 * DAY_MS, until, HOUR_MS),
        "load by worker, an hour": lambda: store.workload(until - HOUR_MS, until, 60_000),
        "load by worker, a day": lambda: store.workload(until - DAY_MS, until, HOUR_MS),
        "ledger of a job, a week": lambda: list(store.ledger_rows(job(), until - 7 * DAY_MS, until)),
    }


def ask_all(asked: Mapping[str, Ask], rounds: int) -> dict[str, list[float]]:
    """Milliseconds of each answer, all questions in turns; the first round is left out."""
    times: dict[str, list[float]] = {name: [] for name in asked}
    for number in track(range(rounds + 1), "Asking"):
        for name, ask in asked.items():
            started = time.perf_counter()
            ask()
            if number:
                times[name].append((time.perf_counter() - started) * 1000)
    return times


def lists_are_right(store: LogStore, history: History) -> bool:
    """Lists and counts against the plainest SQL for each, which walks the table itself."""
    filters: list[tuple[RunQuery, str]] = [
        (RunQuery(), "TRUE"),
        (RunQuery(job=history.jobs[0]), f"job_name = '{history.jobs[0]}'"),
        (RunQuery(statuses=(Status.FAILED,)), "status = 'failed'"),
        (RunQuery(worker="worker-1"), "worker = 'worker-1'"),
        (RunQuery(triggers=(Trigger.RETRY,)), "trigger = 'retry'"),
        (RunQuery(until=history.since + DAY_MS), f"plan_time < {history.since + DAY_MS}"),
    ]
    with closing(sqlite3.connect(history.path)) as plain:
        for query, condition in filters:
            sql = f"SELECT id FROM run NOT INDEXED WHERE {condition} ORDER BY id DESC LIMIT {PAGE}"
            wanted = [row_id for (row_id,) in plain.execute(sql)]
            if [run.id for run in store.runs(query).runs] != wanted:
                return False
        counts = dict(plain.execute("SELECT status, sum(count) FROM run GROUP BY status").fetchall())
    found = store.count_by_status(history.since, history.until)
    return counts == {status.value: n for status, n in found.items()}


def _deep_cursors(store: LogStore) -> list[str | None]:
    cursors: list[str | None] = []
    cursor: str | None = None
    for _ in range(DEEP):
        cursor = store.runs(RunQuery(limit=1000, cursor=cursor)).next_cursor
        cursors.append(cursor)
    return cursors


def _some_id(store: LogStore, moment: int) -> str:
    return store.runs(RunQuery(until=moment, limit=1)).runs[0].id
