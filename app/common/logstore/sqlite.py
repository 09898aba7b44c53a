"""Runs in one SQLite file: the embedded default, for masters and workers of one host."""
# ruff: noqa: S608 (column names of ours are written into statements; values are bound)

import json
import sqlite3
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import fields
from itertools import starmap
from operator import attrgetter
from typing import Any

from app.common.logstore import clashes, codec, live, sqlite_queries, states
from app.common.logstore.base import (
    AuditEntry,
    AuditPage,
    JobState,
    LastRow,
    LedgerRow,
    LiveOutput,
    RecentRun,
    RunPage,
    RunQuery,
    StoreFacts,
    StoreResult,
)
from app.common.logstore.measure import measured
from app.common.logstore.sqlite_db import Database
from app.common.logstore.sqlite_queries import RUN, RUN_COLUMNS
from app.common.models import Run, Status, Trigger

_MINUTE_MS = 60_000
_DAY_MS = 86_400_000
_PRUNED_AT_ONCE = 2000  # rows: about 50 ms for which others wait
_FETCHED_AT_ONCE = 2000

_STATE_COLUMNS = tuple(f.name for f in fields(states.Progress))
_STATE = ", ".join(_STATE_COLUMNS)
# What the driver knows exactly is bound several times faster than a subclass of it.
_run_values = attrgetter(
    *({"status": "status.value", "trigger": "trigger.value"}.get(n, n) for n in RUN_COLUMNS)
)
_text_values = attrgetter("id", "command", "output")
_state_values = attrgetter(*_STATE_COLUMNS)

_IN = "IN (SELECT value FROM json_each(?))"
_INSERT_RUN = f"INSERT INTO run ({RUN}) VALUES ({', '.join('?' * len(RUN_COLUMNS))})"
_COUNT = "INSERT INTO tally VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET n = n + excluded.n"
_PUT_STATE = f"INSERT OR REPLACE INTO job_state ({_STATE}) VALUES ({', '.join('?' * len(_STATE_COLUMNS))})"


@measured
class SqliteLogStore:
    """See LogStore. Rows and the job states they change are one transaction: both are there, or neither."""

    def __init__(self, path: str, timeout_seconds: float) -> None:
        self._db = Database(path, timeout_seconds)

    def prepare(self) -> None:
        self._db.prepare()

    def ping(self) -> None:
        with self._db.read() as connection:
            connection.execute("SELECT 1 FROM run LIMIT 1").fetchone()

    def examine(self) -> StoreFacts:
        with self._db.write() as connection:  # takes the lock of writers, and commits nothing
            (version,) = connection.execute("PRAGMA user_version").fetchone()
            (pages,) = connection.execute("PRAGMA page_count").fetchone()
            (size,) = connection.execute("PRAGMA page_size").fetchone()
        missing = () if version else ("its tables",)
        return StoreFacts(f"SQLite {sqlite3.sqlite_version}, {pages * size / 1024**2:.0f} MiB", missing)

    def close(self) -> None:
        self._db.close()

    def store(self, runs: Sequence[Run]) -> StoreResult:
        return clashes.store_all(codec.parts(runs), self._write)

    def _write(self, runs: list[Run]) -> clashes.Sorted:
        with self._db.write() as connection:
            return _write(connection, runs)

    def runs(self, query: RunQuery) -> RunPage:
        limit = codec.page_size(query.limit)
        statement = sqlite_queries.page(query, limit + 1)
        with self._db.read() as connection:
            rows = [_run(row) for row in connection.execute(*statement)]
        more = len(rows) > limit
        last = rows[:limit][-1] if more else None
        return RunPage(rows[:limit], codec.encode_cursor(last.plan_time, last.id) if last else None)

    def recent_runs(self, names: Sequence[str], limit: int) -> dict[str, list[RecentRun]]:
        limit = codec.page_size(limit)
        found: dict[str, list[RecentRun]] = {}
        with self._db.read() as connection:
            for name in names:
                statement = sqlite_queries.page(RunQuery(job=name), limit, sqlite_queries.RECENT)
                rows = [
                    RecentRun(row_id, Status(status), plan, start, end)
                    for row_id, status, plan, start, end in connection.execute(*statement)
                ]
                if rows:
                    found[name] = rows
        return found

    def run(self, run_id: str) -> Run | None:
        sql = f"SELECT {RUN}, command, output FROM run LEFT JOIN run_text USING (id) WHERE id = ?"
        with self._db.read() as connection:
            row = connection.execute(sql, (codec.clean(run_id),)).fetchone()
        if row is None:
            return None
        run = _run(row[:-2])
        run.command, run.output = row[-2] or "", row[-1] or ""
        return run

    def ledger_rows(self, job: str | None, since: int, until: int) -> Iterator[LedgerRow]:
        with self._db.read() as connection:
            found = connection.execute(*sqlite_queries.ledger(job, since, until))
            while rows := found.fetchmany(_FETCHED_AT_ONCE):
                for row_id, name, plan, last, count, status in rows:
                    doubled = clashes.is_double(row_id)
                    yield LedgerRow(row_id, name, plan, last, count, Status(status), doubled)
                self._db.extend_deadline(connection)

    def count_by_status(self, since: int, until: int) -> dict[Status, int]:
        counts: Counter[Status] = Counter()
        for _, status, n in self.history(since, until, _DAY_MS):
            counts[status] += n
        return dict(counts)

    def history(self, since: int, until: int, bucket_ms: int) -> list[tuple[int, Status, int]]:
        with self._db.read() as connection:
            rows = connection.execute(*sqlite_queries.history(since, until, bucket_ms)).fetchall()
        return [(start, Status(status), n) for start, status, n in rows]

    def workload(self, since: int, until: int, bucket_ms: int) -> list[tuple[str, int, Status, int]]:
        with self._db.read() as connection:
            rows = connection.execute(*sqlite_queries.workload(since, until, bucket_ms)).fetchall()
        return [(worker, start, Status(status), n) for worker, start, status, n in rows]

    def job_states(self, names: Sequence[str] | None = None) -> dict[str, JobState]:
        with self._db.read() as connection:
            return {name: state.public() for name, state in _states(connection, names).items()}

    def last_rows(self) -> list[LastRow]:
        with self._db.read() as connection:
            return connection.execute("SELECT job_name, last_status, last_start FROM job_state").fetchall()

    def failing_jobs(self) -> list[str]:
        sql = f"SELECT job_name FROM job_state WHERE last_status {_IN}"
        with self._db.read() as connection:
            return [name for (name,) in connection.execute(sql, (json.dumps(states.BAD),))]

    def forget_job(self, name: str) -> None:
        with self._db.write() as connection:
            connection.execute("DELETE FROM job_state WHERE job_name = ?", (codec.clean(name),))

    def write_live(self, chunk: LiveOutput) -> None:
        with self._db.write() as connection:
            window = live.append(_window(connection, chunk.run_id), chunk)
            row = (window.run_id, window.offset, window.data, int(time.time() * 1000))
            connection.execute("INSERT OR REPLACE INTO live VALUES (?, ?, ?, ?)", row)

    def read_live(self, run_id: str, after: int) -> LiveOutput | None:
        with self._db.read() as connection:
            return live.behind(_window(connection, codec.clean(run_id)), after)

    def clear_live(self, run_ids: Sequence[str]) -> None:
        with self._db.write() as connection:
            connection.execute(f"DELETE FROM live WHERE run_id {_IN}", (json.dumps(run_ids),))

    def write_audit(self, entries: Sequence[AuditEntry]) -> None:
        rows = list(map(codec.pack_audit, entries))
        with self._db.write() as connection:
            connection.executemany("INSERT OR IGNORE INTO audit VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)

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
        limit = codec.page_size(limit)
        before = codec.decode_cursor(cursor, str)[0] if cursor else None
        filters = {
            "kind = ?": kind,
            "target = ?": target,
            "actor = ?": actor,
            "action = ?": action,
            "at >= ?": since,
            "at < ?": until,
            "id < ?": before,
        }
        given = {condition: value for condition, value in filters.items() if value is not None}
        values = [codec.clean(value) if isinstance(value, str) else value for value in given.values()]
        sql = f"SELECT * FROM audit WHERE {' AND '.join(given) or 'TRUE'} ORDER BY id DESC LIMIT {limit + 1}"
        with self._db.read() as connection:
            entries = [codec.unpack_audit(codec.AuditRow(*row)) for row in connection.execute(sql, values)]
        more = len(entries) > limit
        return AuditPage(entries[:limit], codec.encode_cursor(entries[limit - 1].id) if more else None)

    def prune(self, now: int) -> int:
        with self._db.write() as connection:
            connection.execute("DELETE FROM live WHERE at < ?", (now - live.KEPT_SECONDS * 1000,))
        pruned = 0
        while True:
            with self._db.write() as connection:
                expired = "SELECT id FROM run WHERE expire_at <= ? LIMIT ?"
                ids = [row_id for (row_id,) in connection.execute(expired, (now, _PRUNED_AT_ONCE))]
                _delete(connection, ids)
            pruned += len(ids)
            if len(ids) < _PRUNED_AT_ONCE:
                return pruned
            time.sleep(0.05)  # whoever waits to write asks for its turn in steps of about this length


def _write(connection: sqlite3.Connection, runs: list[Run]) -> clashes.Sorted:
    """Write the rows that their ids allow, and the states of their jobs; conflicts are left to the caller."""
    ids = json.dumps([run.id for run in runs])
    found = connection.execute(f"SELECT {RUN} FROM run WHERE id {_IN}", (ids,))
    batch = clashes.sort_out(runs, {row[0]: _run(row) for row in found})
    _delete(connection, list(batch.replaced))
    rows = batch.write.values()
    connection.executemany(_INSERT_RUN, map(_run_values, rows))
    _count(connection, ((run.status.value, run.plan_time, run.count) for run in rows))
    texts = (_text_values(run) for run in rows if run.command or run.output)
    connection.executemany("INSERT INTO run_text VALUES (?, ?, ?)", texts)
    changed = states.take_in(_states(connection, states.job_names(rows)), rows)
    connection.executemany(_PUT_STATE, map(_state_values, changed))
    return batch


def _delete(connection: sqlite3.Connection, ids: list[str]) -> None:
    if not ids:
        return
    values = (json.dumps(ids),)
    deletion = f"DELETE FROM run WHERE id {_IN} RETURNING status, plan_time, -count"
    gone = connection.execute(deletion, values).fetchall()
    _count(connection, gone)
    minutes = {(status, plan // _MINUTE_MS) for status, plan, _ in gone}
    connection.executemany("DELETE FROM tally WHERE (status, minute) = (?, ?) AND n = 0", minutes)
    connection.execute(f"DELETE FROM run_text WHERE id {_IN}", values)


def _count(connection: sqlite3.Connection, rows: Iterable[tuple[str, int, int]]) -> None:
    """Add to the tally: status, plan time and `count` of each row, negative for one that is gone."""
    sums: Counter[tuple[str, int]] = Counter()
    for status, plan, n in rows:
        sums[status, plan // _MINUTE_MS] += n
    connection.executemany(_COUNT, ((status, minute, n) for (status, minute), n in sums.items()))


def _states(connection: sqlite3.Connection, names: Sequence[str] | None) -> dict[str, states.Progress]:
    where, values = ("", ()) if names is None else (f"WHERE job_name {_IN}", (json.dumps(names),))
    rows = connection.execute(f"SELECT {_STATE} FROM job_state {where}", values)
    return {state.job_name: state for state in starmap(states.Progress, rows)}


def _window(connection: sqlite3.Connection, run_id: str) -> LiveOutput | None:
    row = connection.execute("SELECT run_id, start, data FROM live WHERE run_id = ?", (run_id,)).fetchone()
    return None if row is None else LiveOutput(*row)


def _run(row: Sequence[Any]) -> Run:
    values = dict(zip(RUN_COLUMNS, row, strict=True))
    values["status"] = Status(values["status"])
    values["trigger"] = Trigger(values["trigger"])
    values["truncated"] = bool(values["truncated"])
    return Run(**values)
