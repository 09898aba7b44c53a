"""The tables of the SQLite store. A change raises VERSION and says, in _UPGRADES, how to get there.

`run` is clustered by id, which sorts by plan time, and each of its indexes ends in the id as well. A list of
the console is a short walk down one index for every status asked for, so a rare status needs no long search;
what else may be asked of a job or worker is found in the same index, and so is all that its ledger needs.
Command and output live apart: lists and the ledger then read a fraction of the pages.
"""

import sqlite3
from collections.abc import Iterator

VERSION = 2

_SCRIPT = """
CREATE TABLE run (
    id TEXT PRIMARY KEY,
    job_name TEXT NOT NULL,
    plan_time INTEGER NOT NULL,
    status TEXT NOT NULL,
    trigger TEXT NOT NULL,
    attempt INTEGER NOT NULL,
    reason TEXT NOT NULL,
    err TEXT NOT NULL,
    schedule_time INTEGER,
    start_time INTEGER,
    end_time INTEGER,
    exit_code INTEGER,
    signal INTEGER,
    worker TEXT NOT NULL,
    pid INTEGER,
    by TEXT NOT NULL,
    output_bytes INTEGER NOT NULL,
    truncated INTEGER NOT NULL,
    cpu_seconds REAL,
    max_rss_kb INTEGER,
    fence INTEGER NOT NULL,
    job_revision INTEGER NOT NULL,
    count INTEGER NOT NULL,
    last_plan_time INTEGER,
    expire_at INTEGER
) WITHOUT ROWID;
CREATE INDEX run_by_status ON run (status, plan_time);
CREATE INDEX run_by_job ON run
    (job_name, status, plan_time, id, trigger, worker, attempt, count, last_plan_time);
CREATE INDEX run_by_worker ON run (worker, status, plan_time, id, trigger);
CREATE INDEX run_by_trigger ON run (trigger, status, plan_time);
CREATE INDEX run_by_expiry ON run (expire_at) WHERE expire_at IS NOT NULL;
CREATE INDEX run_by_range_end ON run (last_plan_time) WHERE last_plan_time IS NOT NULL;

CREATE TABLE run_text (id TEXT PRIMARY KEY, command TEXT NOT NULL, output TEXT NOT NULL);

-- Rows a minute and status, added up a batch at a time: charts over millions of rows cost what they show.
CREATE TABLE tally (
    status TEXT, minute INTEGER, n INTEGER NOT NULL, PRIMARY KEY (status, minute)
) WITHOUT ROWID;

CREATE TABLE job_state (
    job_name TEXT PRIMARY KEY,
    last_status TEXT NOT NULL,
    last_plan_time INTEGER NOT NULL,
    last_start INTEGER,
    last_end INTEGER,
    last_success INTEGER,
    failures_in_a_row INTEGER NOT NULL,
    typical_duration_ms REAL,
    last_key TEXT NOT NULL,
    ran_key TEXT NOT NULL,
    ran_status TEXT
) WITHOUT ROWID;

CREATE TABLE live (run_id TEXT PRIMARY KEY, start INTEGER NOT NULL, data BLOB NOT NULL, at INTEGER NOT NULL);

CREATE TABLE audit (
    id TEXT PRIMARY KEY,
    at INTEGER NOT NULL,
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    kind TEXT NOT NULL,
    target TEXT NOT NULL,
    before TEXT,
    after TEXT,
    detail TEXT NOT NULL
);
CREATE INDEX audit_by_target ON audit (target, id);
CREATE INDEX audit_by_actor ON audit (actor, id);
"""

# By the version they lead from. In version 1 triggers kept the tally: twice the cost of inserting a row.
_UPGRADES = {
    1: """
DROP TRIGGER run_counted;
DROP TRIGGER run_uncounted;
""",
}


def statements(version: int) -> Iterator[str]:
    """What leads from a version (0: an empty file) to this one.

    One by one, since `executescript` would commit the transaction around it.
    """
    scripts = [_UPGRADES[each] for each in range(version, VERSION)] if version else [_SCRIPT]
    statement = ""
    for line in "".join(scripts).splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
