"""A SQLite log store that is full of runs: rows as `store` would have written them, made in bulk."""

import random
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from rich.progress import Progress

from app.common.logstore import LogStore, open_store
from app.common.models import Run, Status, run_id

T0 = 1_900_000_200_000  # in 2030, when ten minutes begin: nothing expires
MINUTE_MS = 60_000
DAY_MS = 86_400_000
PERIOD = 10  # minutes between the fires of a job
RUNS_A_JOB = 1_000
WORKERS = 5
MINUTES_A_STEP = 500

# Each minute the jobs of that minute, in the order of their ids: every row goes to the end of the table. The
# hash spreads statuses, triggers and workers: 93 % succeed, 1 of 10,000 is lost.
_FILL = f"""
WITH RECURSIVE minute(m) AS (VALUES (:first) UNION ALL SELECT m + 1 FROM minute WHERE m + 1 < :last),
made AS (
    SELECT {T0} + m * {MINUTE_MS} AS plan, name, digest,
           ((m + 1) * 2654435761 + number * 40503) % 1000003 % 10000 AS dice
    FROM minute CROSS JOIN job WHERE slot = m % {PERIOD}
)
INSERT INTO run (
    id, job_name, plan_time, status, trigger, attempt, reason, err, schedule_time, start_time, end_time,
    exit_code, worker, pid, by, output_bytes, truncated, cpu_seconds, max_rss_kb, fence, job_revision, count,
    last_plan_time, expire_at)
SELECT printf('%013d-1-', plan) || digest, name, plan,
       CASE WHEN dice = 0 THEN 'lost' WHEN dice < 20 THEN 'missed' WHEN dice < 40 THEN 'killed'
            WHEN dice < 100 THEN 'skipped' WHEN dice < 200 THEN 'timeout' WHEN dice < 700 THEN 'failed'
            ELSE 'succeeded' END,
       CASE dice % 50 WHEN 0 THEN 'manual' WHEN 1 THEN 'retry' WHEN 2 THEN 'chain' ELSE 'cron' END,
       1, '', '', plan + 2, plan + 5, plan + 5 + dice, 0, 'worker-' || dice % {WORKERS}, 4000, '', 5, 0,
       0.002, 3544, 1000000, 4711, 1 + (dice BETWEEN 1 AND 19),
       CASE WHEN dice BETWEEN 1 AND 19 THEN plan + {MINUTE_MS} END, plan + {90 * DAY_MS}
FROM made"""
_TEXTS = "INSERT INTO run_text SELECT id, '/usr/bin/backup --quiet /srv', 'done' || char(10) FROM run"
_TALLY = "INSERT INTO tally SELECT status, plan_time / 60000, sum(count) FROM run GROUP BY 1, 2"


@dataclass(frozen=True)
class History:
    """Times are epoch ms; fires are planned from `since` on, before `until`."""

    path: Path
    rows: int
    jobs: list[str]
    since: int
    until: int

    def open(self) -> LogStore:
        store = open_store(f"sqlite:///{self.path}", 30)
        store.prepare()
        return store


def fill(path: Path, runs: int) -> History:
    """About `runs` rows of one job for each thousand of them, every ten minutes for a week."""
    jobs = [f"job-{number:05d}" for number in range(max(PERIOD, runs // RUNS_A_JOB))]
    minutes = max(PERIOD, runs * PERIOD // len(jobs))
    with closing(open_store(f"sqlite:///{path}", 30)) as store:
        store.prepare()
    with closing(sqlite3.connect(path, isolation_level=None)) as connection, Progress() as bar:
        for setting in ("synchronous = OFF", "cache_size = -400000", "temp_store = MEMORY", "threads = 2"):
            connection.execute(f"PRAGMA {setting}")
        indexes = connection.execute(
            "SELECT name, sql FROM sqlite_schema WHERE type = 'index' AND tbl_name = 'run' AND sql NOT NULL"
        ).fetchall()
        for name, _ in indexes:
            connection.execute(f"DROP INDEX {name}")
        connection.execute(
            "CREATE TEMP TABLE job (slot, digest, number, name, PRIMARY KEY (slot, digest)) WITHOUT ROWID"
        )
        connection.executemany("INSERT INTO job VALUES (?, ?, ?, ?)", map(_job, range(len(jobs)), jobs))
        steps = range(0, minutes, MINUTES_A_STEP)
        task = bar.add_task(f"{runs:,} runs", total=len(steps) + 2 + len(indexes))
        for first in steps:
            connection.execute(_FILL, {"first": first, "last": min(minutes, first + MINUTES_A_STEP)})
            bar.advance(task)
        for statement in (_TEXTS, _TALLY, *(sql for _, sql in indexes)):
            connection.execute(statement)
            bar.advance(task)
        (rows,) = connection.execute("SELECT count(*) FROM run").fetchone()
    history = History(path, rows, jobs, T0, T0 + minutes * MINUTE_MS)
    return _ended(history)


def _job(number: int, name: str) -> tuple[int, str, int, str]:
    digest = run_id(name, T0).rpartition("-")[2]
    return number % PERIOD, digest, number, name


def _ended(history: History) -> History:
    """One more run of each job, stored the usual way: it makes the states of the jobs."""
    with closing(history.open()) as store:
        last = list(_last_runs(history))
        store.store(last)
    until = max(run.plan_time for run in last) + 1
    return History(history.path, history.rows + len(last), history.jobs, history.since, until)


def _last_runs(history: History) -> Iterator[Run]:
    chance = random.Random(1)
    for number, name in enumerate(history.jobs):
        plan = history.until + number % PERIOD * MINUTE_MS
        yield Run(
            id=run_id(name, plan),
            job_name=name,
            plan_time=plan,
            status=chance.choices([Status.SUCCEEDED, Status.FAILED], [93, 7])[0],
            command="/usr/bin/backup --quiet /srv",
            output="done\n",
            start_time=plan + 5,
            end_time=plan + 1_000,
            worker=f"worker-{chance.randrange(WORKERS)}",
            expire_at=plan + 90 * DAY_MS,
        )
