"""The longer queries of the SQLite store: lists, ledger, history. Each returns the statement and its values.

Statuses and triggers are written into the statement, being constants of ours; all else is bound.
"""
# ruff: noqa: S608

from dataclasses import fields
from itertools import product
from typing import Any

from app.common.logstore import codec
from app.common.logstore.base import RunQuery
from app.common.models import Run, Status, Trigger

Statement = tuple[str, dict[str, Any]]

RUN_COLUMNS = tuple(f.name for f in fields(Run) if f.name not in ("command", "output"))
RUN = ", ".join(RUN_COLUMNS)
STORED = tuple(status for status in Status if status is not Status.RUNNING)
RECENT = "id, status, plan_time, start_time, end_time"
_LEDGER = "id, job_name, plan_time, last_plan_time, count, status"
_IS_FIRE = "trigger IN ('cron', 'misfire') AND attempt = 1"
_MINUTE_MS = 60_000
_END_OF_TIME = 2**62


def _list(values: tuple[Status, ...] | tuple[Trigger, ...]) -> str:
    return ", ".join(f"'{value.value}'" for value in values)


def page(query: RunQuery, limit: int, columns: str = RUN) -> Statement:
    """A walk down one index for each status (and trigger) asked for, merged.

    No walk reads more than `limit` rows, unless two of job, worker and trigger are given that rarely meet.
    """
    arms: list[tuple[Any, ...]] = [(status,) for status in query.statuses or STORED]
    filters = ["status = '{0.value}'", "plan_time >= :since", "(plan_time, id) < (:plan, :id)"]
    if query.job is not None:
        index = "run_by_job"
    elif query.worker is not None:
        index = "run_by_worker"
    elif query.triggers:
        index = "run_by_trigger"
        arms = list(product(query.statuses or STORED, query.triggers))
        filters.append("trigger = '{1.value}'")
    else:
        index = "run_by_status"
    if query.job is not None:
        filters.append("job_name = :job")
    if query.worker is not None:
        filters.append("worker = :worker")
    if query.triggers and index != "run_by_trigger":
        filters.append(f"trigger IN ({_list(query.triggers)})")

    newest_first = "ORDER BY plan_time DESC, id DESC LIMIT :limit"
    walk = f"SELECT plan_time, id FROM run INDEXED BY {index} WHERE {' AND '.join(filters)} {newest_first}"
    walks = " UNION ALL ".join(f"SELECT * FROM ({walk.format(*arm)})" for arm in arms)
    until = _END_OF_TIME if query.until is None else query.until
    position = codec.decode_cursor(query.cursor, int, str) if query.cursor else (_END_OF_TIME, "")
    plan, row_id = min((until, ""), tuple(position))
    statement = f"""
        WITH page(plan_time, id) AS ({walks} {newest_first})
        SELECT {columns} FROM page CROSS JOIN run USING (plan_time, id) ORDER BY plan_time DESC, id DESC"""
    return statement, {
        "job": codec.clean(query.job or ""),
        "worker": codec.clean(query.worker or ""),
        "since": query.since or 0,
        "plan": plan,
        "id": row_id,
        "limit": limit,
    }


def ledger(job: str | None, since: int, until: int) -> Statement:
    """Fires planned in the window, and ranges that began before it and reach into it."""
    index, of_job = ("run_by_status", "") if job is None else ("run_by_job", "job_name = :job AND ")
    statement = f"""
        SELECT {_LEDGER} FROM run INDEXED BY {index}
        WHERE {of_job} status IN ({_list(STORED)}) AND plan_time >= :since AND plan_time < :until
        AND {_IS_FIRE}
        UNION ALL
        SELECT {_LEDGER} FROM run INDEXED BY run_by_range_end
        WHERE {of_job} last_plan_time >= :since AND plan_time < :since AND {_IS_FIRE}
        ORDER BY job_name, plan_time, id"""
    return statement, {"job": codec.clean(job or ""), "since": since, "until": until}


def history(since: int, until: int, bucket_ms: int) -> Statement:
    """Whole minutes from the tally, the ends of the window (all of it, for odd buckets) from the rows."""
    first = -(-since // _MINUTE_MS)
    last = max(first, until // _MINUTE_MS) if bucket_ms % _MINUTE_MS == 0 else first
    rows = f"""
        SELECT plan_time / :bucket * :bucket, status, sum(count) FROM run INDEXED BY run_by_status
        WHERE status IN ({_list(STORED)}) AND plan_time >= %s AND plan_time < %s GROUP BY 1, 2"""
    statement = f"""
        WITH RECURSIVE each(status) AS (VALUES {", ".join(f"('{status.value}')" for status in STORED)}),
        span(low, high) AS (
            SELECT min((SELECT min(minute) FROM tally WHERE tally.status = each.status)),
                   max((SELECT max(minute) FROM tally WHERE tally.status = each.status)) FROM each
        ), bucket(start, finish) AS (
            SELECT max(:start, low * {_MINUTE_MS} / :bucket * :bucket),
                   min(:stop, (high + 1) * {_MINUTE_MS}) FROM span
            UNION ALL SELECT start + :bucket, finish FROM bucket WHERE start + :bucket < finish
        ),
        part(start, status, n) AS (
            SELECT start, status, (
                SELECT sum(n) FROM tally
                WHERE tally.status = each.status
                AND minute >= max(:first, start / {_MINUTE_MS})
                AND minute < min(:last, (start + :bucket) / {_MINUTE_MS})
            ) FROM bucket, each
            UNION ALL {rows % (":since", f"min(:until, :first * {_MINUTE_MS})")}
            UNION ALL {rows % (f"max(:since, :last * {_MINUTE_MS})", ":until")}
        )
        SELECT start, status, sum(n) FROM part GROUP BY 1, 2 HAVING sum(n) ORDER BY 1, 2"""
    return statement, {
        "bucket": bucket_ms,
        "since": since,
        "until": until,
        "first": first,
        "last": last,
        "start": first * _MINUTE_MS // bucket_ms * bucket_ms,
        "stop": last * _MINUTE_MS,
    }


def workload(since: int, until: int, bucket_ms: int) -> Statement:
    """Rows are counted in one index, bucket by bucket for each worker and status that has any in the window;
    what ranges count beyond 1 comes on top.
    """
    here = "FROM run INDEXED BY run_by_worker WHERE run.worker = kind.worker AND run.status = kind.status"
    window = "plan_time >= :since AND plan_time < :until"
    statement = f"""
        WITH RECURSIVE each(status) AS (VALUES {", ".join(f"('{status.value}')" for status in STORED)}),
        those(worker) AS (
            SELECT min(worker) FROM run
            UNION ALL SELECT (SELECT min(worker) FROM run WHERE run.worker > those.worker) FROM those
            WHERE those.worker IS NOT NULL
        ),
        kind(worker, status, low, high) AS MATERIALIZED (
            SELECT worker, status, (SELECT min(plan_time) {here} AND {window}),
                   (SELECT max(plan_time) {here} AND {window})
            FROM (SELECT worker, status FROM those CROSS JOIN each) AS kind
        ),
        bucket(start, finish) AS (
            SELECT min(low) / :bucket * :bucket, max(high) FROM kind WHERE low NOT NULL
            UNION ALL SELECT start + :bucket, finish FROM bucket WHERE start + :bucket <= finish
        ),
        part(worker, start, status, n) AS (
            SELECT worker, start, status, (
                SELECT count(*) {here} AND plan_time >= max(start, :since)
                AND plan_time < min(start + :bucket, :until)
            ) FROM kind CROSS JOIN bucket WHERE start + :bucket > low AND start <= high
            UNION ALL
            SELECT worker, plan_time / :bucket * :bucket, status, count - 1
            FROM run INDEXED BY run_by_range_end WHERE last_plan_time >= :since AND {window}
        )
        SELECT worker, start, status, sum(n) FROM part GROUP BY 1, 2, 3 HAVING sum(n) ORDER BY 1, 2, 3"""
    return statement, {"bucket": bucket_ms, "since": since, "until": until}
