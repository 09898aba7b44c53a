"""Rows as MongoDB documents, and back. Names are camelCase, times are dates, what is absent is left out.

`sortKey` orders rows by plan time, then id, in one field that indexes, ranges and cursors share; `planMinute`
and `workerMinute` are what charts are grouped by. All three only repeat other fields, in a form that the
plainest server works with.
"""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from bson.datetime_ms import DatetimeMS
from pydantic.alias_generators import to_camel

from app.common.logstore import clashes, codec
from app.common.logstore.base import AuditEntry, LastRow, LedgerRow, RecentRun
from app.common.logstore.states import Progress
from app.common.models import Run, Status, Trigger

Document = dict[str, Any]
_END_OF_TIME = 9_999_999_999_999  # what 13 digits hold: the year 2286
LIST_FIELDS = {"output": False, "command": False}
RECENT_FIELDS = dict.fromkeys(("status", "planTime", "startTime", "endTime"), True)

_RUN_DATES = {"plan_time", "last_plan_time", "schedule_time", "start_time", "end_time", "expire_at"}
_STATE_DATES = {"last_plan_time", "last_start", "last_end", "last_success"}


def _names(row: type, key: str, dates: set[str]) -> tuple[tuple[str, str, bool], ...]:
    """Attribute, name in the document, and whether it is a time, of each field of a row."""
    names = (f.name for f in fields(row))
    return tuple((name, "_id" if name == key else to_camel(name), name in dates) for name in names)


_RUN = _names(Run, "id", _RUN_DATES)
_STATE = _names(Progress, "job_name", _STATE_DATES)


def _document(row: object, names: tuple[tuple[str, str, bool], ...]) -> Document:
    document: Document = {}
    for attribute, name, is_date in names:
        value = getattr(row, attribute)
        if value is not None:
            document[name] = DatetimeMS(value) if is_date else value
    return document


def _values(document: Mapping[str, Any], names: tuple[tuple[str, str, bool], ...]) -> dict[str, Any]:
    return {
        attribute: int(document[name]) if is_date else document[name]
        for attribute, name, is_date in names
        if name in document
    }


def plan_key(plan_ms: int) -> str:
    """Sorts before all rows of this plan time, and behind those of any earlier one."""
    return f"{max(0, min(plan_ms, _END_OF_TIME)):013d}"


def sort_key(plan_ms: int, row_id: str) -> str:
    return f"{plan_key(plan_ms)}-{row_id}"


def of_run(run: Run) -> Document:
    document = _document(run, _RUN)
    document["status"] = run.status.value
    document["trigger"] = run.trigger.value
    document["sortKey"] = sort_key(run.plan_time, run.id)
    minute = run.plan_time // 60_000
    document["planMinute"] = minute
    document["workerMinute"] = f"{minute}/{run.worker}"
    if clashes.is_double(run.id):
        document["duplicate"] = True
    return document


def to_run(document: Mapping[str, Any]) -> Run:
    values = _values(document, _RUN)
    values["status"] = Status(values["status"])
    values["trigger"] = Trigger(values["trigger"])
    return Run(**values)


def to_recent(document: Mapping[str, Any]) -> RecentRun:
    values = _values(document, _RUN)
    values["status"] = Status(values["status"])
    return RecentRun(**values)


def of_state(state: Progress, version: int) -> Document:
    document = _document(state, _STATE)
    document["version"] = version
    return document


def to_state(document: Mapping[str, Any]) -> Progress:
    return Progress(**_values(document, _STATE))


def to_last_row(document: Mapping[str, Any]) -> LastRow:
    start = document.get("lastStart")
    return document["_id"], document["lastStatus"], None if start is None else int(start)


def to_ledger(document: Mapping[str, Any]) -> LedgerRow:
    values = _values(document, _RUN)
    return LedgerRow(
        id=values["id"],
        job_name=values["job_name"],
        plan_time=values["plan_time"],
        last_plan_time=values.get("last_plan_time"),
        count=values["count"],
        status=Status(values["status"]),
        duplicate=clashes.is_double(values["id"]),
    )


def of_audit(entry: AuditEntry) -> Document:
    row = codec.pack_audit(entry)._asdict()
    return row | {"_id": row.pop("id"), "at": DatetimeMS(entry.at)}


def to_audit(document: Mapping[str, Any]) -> AuditEntry:
    values = dict(document)
    return codec.unpack_audit(codec.AuditRow(id=values.pop("_id"), at=int(values.pop("at")), **values))
