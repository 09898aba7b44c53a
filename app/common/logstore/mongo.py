"""Runs in MongoDB, or whatever speaks its protocol: only plain operators are used, and no transactions."""

import heapq
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import pymongo
from bson.datetime_ms import DatetimeMS
from pymongo import ASCENDING, DESCENDING, IndexModel
from pymongo.collection import Collection
from pymongo.errors import BulkWriteError

from app.common.logstore import clashes, codec, live, mongo_docs, states
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
from app.common.logstore.mongo_connection import MongoConnection
from app.common.logstore.mongo_docs import Document, plan_key, sort_key
from app.common.logstore.mongo_errors import clashed_ids
from app.common.logstore.mongo_writer import MongoWriter
from app.common.models import Run, Status, Trigger

_MINUTE_MS = 60_000
_NO_RUN = "no run has this id"
_PRUNED_AT_ONCE = 1000
_STORED = [status.value for status in Status if status is not Status.RUNNING]
_LEDGER_FIELDS = {"jobName": True, "planTime": True, "lastPlanTime": True, "count": True, "status": True}
_IS_FIRE = {"trigger": {"$in": [Trigger.CRON.value, Trigger.MISFIRE.value]}, "attempt": 1}

# Each list is a short walk down one index for every status asked for, so a rare status needs no long search.
_NEWEST = ("sortKey", DESCENDING)
_LOG_INDEXES = [
    IndexModel([("status", ASCENDING), _NEWEST]),
    IndexModel([("jobName", ASCENDING), ("status", ASCENDING), _NEWEST]),
    IndexModel([("worker", ASCENDING), ("status", ASCENDING), _NEWEST]),
    IndexModel([("trigger", ASCENDING), ("status", ASCENDING), _NEWEST]),
    IndexModel([("lastPlanTime", ASCENDING)], sparse=True),
    IndexModel([("expireAt", ASCENDING)], expireAfterSeconds=0),
]


@measured
class MongoLogStore:
    """See LogStore, and MongoWriter for how a batch is written."""

    def __init__(self, url: str, timeout_seconds: float) -> None:
        self._timeout_seconds = timeout_seconds
        self._connection = MongoConnection(url, timeout_seconds)

    @property
    def _log(self) -> Collection[Document]:
        return self._connection.collection("log")

    @property
    def _states(self) -> Collection[Document]:
        return self._connection.collection("job_state")

    @property
    def _live(self) -> Collection[Document]:
        return self._connection.collection("live")

    @property
    def _audit(self) -> Collection[Document]:
        return self._connection.collection("audit")

    def prepare(self) -> None:
        with self._connection.asking():
            self._log.create_indexes(_LOG_INDEXES)
            self._live.create_index("at", expireAfterSeconds=live.KEPT_SECONDS)
            for name in ("at", "target", "actor"):
                self._audit.create_index(name)

    def ping(self) -> None:
        with self._connection.asking():
            self._connection.command("ping")

    def examine(self) -> StoreFacts:
        with self._connection.asking():
            version = self._connection.command("buildInfo").get("version", "of unknown version")
            replicas = self._connection.command("hello").get("setName")
            # Finds nothing; tries the right to write.
            self._log.update_one({"_id": _NO_RUN}, {"$set": {"_id": _NO_RUN}})
            known = [[name for name, _ in index["key"]] for index in self._log.index_information().values()]
        # By their fields: servers that only speak MongoDB's protocol give them names of their own.
        wanted = [list(index.document["key"]) for index in _LOG_INDEXES]
        missing = tuple(f"the index of {', '.join(fields)}" for fields in wanted if fields not in known)
        server = f"MongoDB {version}, {f'replica set {replicas}' if replicas else 'a single server'}"
        return StoreFacts(server, missing)

    def close(self) -> None:
        self._connection.close()

    def store(self, runs: Sequence[Run]) -> StoreResult:
        with self._connection.asking():
            return clashes.store_all(codec.parts(runs), MongoWriter(self._log, self._states).write)

    def runs(self, query: RunQuery) -> RunPage:
        limit = codec.page_size(query.limit)
        with self._connection.asking():
            found = self._log.find(_filter(query), mongo_docs.LIST_FIELDS).sort(*_NEWEST).limit(limit + 1)
            rows = list(map(mongo_docs.to_run, found))
        more = len(rows) > limit
        last = rows[limit - 1] if more else None
        return RunPage(rows[:limit], codec.encode_cursor(last.plan_time, last.id) if last else None)

    def recent_runs(self, names: Sequence[str], limit: int) -> dict[str, list[RecentRun]]:
        limit = codec.page_size(limit)
        found: dict[str, list[RecentRun]] = {}
        with self._connection.asking(), pymongo.timeout(self._timeout_seconds):
            for name in names:
                query = _filter(RunQuery(job=name))
                rows = self._log.find(query, mongo_docs.RECENT_FIELDS).sort(*_NEWEST).limit(limit)
                if runs := list(map(mongo_docs.to_recent, rows)):
                    found[name] = runs
        return found

    def run(self, run_id: str) -> Run | None:
        with self._connection.asking():
            document = self._log.find_one({"_id": codec.clean(run_id)})
        return None if document is None else mongo_docs.to_run(document)

    def ledger_rows(self, job: str | None, since: int, until: int) -> Iterator[LedgerRow]:
        base = _IS_FIRE | {"status": {"$in": _STORED}}
        if job is not None:
            base["jobName"] = codec.clean(job)
        planned = base | {"sortKey": {"$gte": plan_key(since), "$lt": plan_key(until)}}
        reaching = base | {
            "lastPlanTime": {"$gte": DatetimeMS(max(0, since))},
            "sortKey": {"$lt": plan_key(since)},
        }
        with self._connection.asking():
            yield from heapq.merge(
                *(
                    map(mongo_docs.to_ledger, found.sort([("jobName", ASCENDING), ("sortKey", ASCENDING)]))
                    for found in (
                        self._log.find(query, _LEDGER_FIELDS, allow_disk_use=True)
                        for query in (planned, reaching)
                    )
                ),
                key=lambda row: (row.job_name, row.plan_time, row.id),
            )

    def count_by_status(self, since: int, until: int) -> dict[Status, int]:
        window = {"sortKey": {"$gte": plan_key(since), "$lt": plan_key(until)}, "status": {"$in": _STORED}}
        return {Status(status): n for status, n in self._sums(window, "status")}

    def history(self, since: int, until: int, bucket_ms: int) -> list[tuple[int, Status, int]]:
        sums: Counter[tuple[int, Status]] = Counter()
        for status in map(Status, _STORED):
            window = {"sortKey": {"$gte": plan_key(since), "$lt": plan_key(until)}, "status": status.value}
            for plan, n in self._counts(window, by_minute=bucket_ms % _MINUTE_MS == 0):
                sums[plan // bucket_ms * bucket_ms, status] += n
        return sorted((start, status, n) for (start, status), n in sums.items())

    def workload(self, since: int, until: int, bucket_ms: int) -> list[tuple[str, int, Status, int]]:
        window = {"sortKey": {"$gte": plan_key(since), "$lt": plan_key(until)}}
        sums: Counter[tuple[str, int, Status]] = Counter()
        for status in map(Status, _STORED):
            for key, n in self._sums(window | {"status": status.value}, "workerMinute"):
                minute, _, worker = key.partition("/")
                sums[worker, int(minute) * _MINUTE_MS // bucket_ms * bucket_ms, status] += n
        return sorted((*key, n) for key, n in sums.items())

    def _counts(self, window: Document, *, by_minute: bool) -> Iterator[tuple[int, int]]:
        """Plan times with how many; summed up by the server where the minute is fine enough."""
        if by_minute:
            for minute, n in self._sums(window, "planMinute"):
                yield minute * _MINUTE_MS, n
            return
        with self._connection.asking():
            for row in self._log.find(window, {"planTime": True, "count": True}):
                yield int(row["planTime"]), row["count"]

    def _sums(self, window: Document, field: str) -> Iterator[tuple[Any, int]]:
        grouped = [{"$match": window}, {"$group": {"_id": f"${field}", "n": {"$sum": "$count"}}}]
        with self._connection.asking():
            for group in self._log.aggregate(grouped):
                if group["_id"] is not None:  # rows written before there was this field
                    yield group["_id"], group["n"]

    def job_states(self, names: Sequence[str] | None = None) -> dict[str, JobState]:
        wanted = {} if names is None else {"_id": {"$in": list(map(codec.clean, names))}}
        with self._connection.asking():
            found = map(mongo_docs.to_state, self._states.find(wanted))
            return {state.job_name: state.public() for state in found}

    def last_rows(self) -> list[LastRow]:
        with self._connection.asking():
            found = self._states.find({}, {"lastStatus": True, "lastStart": True})
            return list(map(mongo_docs.to_last_row, found))

    def failing_jobs(self) -> list[str]:
        with self._connection.asking():
            found = self._states.find({"lastStatus": {"$in": states.BAD}}, {"_id": True})
            return [row["_id"] for row in found]

    def forget_job(self, name: str) -> None:
        with self._connection.asking():
            self._states.delete_one({"_id": codec.clean(name)})

    def write_live(self, chunk: LiveOutput) -> None:
        with self._connection.asking():
            window = live.append(self._window(chunk.run_id), chunk)
            at = DatetimeMS(int(time.time() * 1000))
            values = {"offset": window.offset, "data": window.data, "at": at}
            self._live.update_one({"_id": window.run_id}, {"$set": values}, upsert=True)

    def read_live(self, run_id: str, after: int) -> LiveOutput | None:
        with self._connection.asking():
            return live.behind(self._window(codec.clean(run_id)), after)

    def _window(self, run_id: str) -> LiveOutput | None:
        document = self._live.find_one({"_id": run_id})
        return None if document is None else LiveOutput(run_id, document["offset"], document["data"])

    def clear_live(self, run_ids: Sequence[str]) -> None:
        with self._connection.asking():
            self._live.delete_many({"_id": {"$in": list(run_ids)}})

    def write_audit(self, entries: Sequence[AuditEntry]) -> None:
        if not entries:
            return
        with self._connection.asking():
            try:
                self._audit.insert_many(map(mongo_docs.of_audit, entries), ordered=False)
            except BulkWriteError as error:
                clashed_ids(error)

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
        given = {"kind": kind, "target": target, "actor": actor, "action": action}
        wanted: Document = {name: codec.clean(value) for name, value in given.items() if value is not None}
        if cursor:
            wanted["_id"] = {"$lt": codec.decode_cursor(cursor, str)[0]}
        window = {"$gte": since, "$lt": until}
        if at := {sign: DatetimeMS(time) for sign, time in window.items() if time is not None}:
            wanted["at"] = at
        with self._connection.asking():
            found = self._audit.find(wanted).sort("_id", DESCENDING).limit(limit + 1)
            entries = list(map(mongo_docs.to_audit, found))
        more = len(entries) > limit
        return AuditPage(entries[:limit], codec.encode_cursor(entries[limit - 1].id) if more else None)

    def prune(self, now: int) -> int:
        """The server does it by itself within a minute, if it knows indexes that expire."""
        pruned = 0
        with self._connection.asking():
            while True:
                expired = self._log.find({"expireAt": {"$lte": DatetimeMS(now)}}, {"_id": True})
                ids = [row["_id"] for row in expired.limit(_PRUNED_AT_ONCE)]
                if not ids:
                    return pruned
                pruned += self._log.delete_many({"_id": {"$in": ids}}).deleted_count


def _filter(query: RunQuery) -> Document:
    wanted: Document = {"status": {"$in": [status.value for status in query.statuses] or _STORED}}
    if query.job is not None:
        wanted["jobName"] = codec.clean(query.job)
    if query.worker is not None:
        wanted["worker"] = codec.clean(query.worker)
    if query.triggers:
        wanted["trigger"] = {"$in": [trigger.value for trigger in query.triggers]}
    before = [] if query.until is None else [plan_key(query.until)]
    if query.cursor:
        before.append(sort_key(*codec.decode_cursor(query.cursor, int, str)))
    window = {"$gte": plan_key(query.since)} if query.since is not None else {}
    if before:
        window["$lt"] = min(before)
    if window:
        wanted["sortKey"] = window
    return wanted
