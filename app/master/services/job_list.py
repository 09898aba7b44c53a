"""Pages of the job list: filtered, sorted, and continued from where the page before ended."""

import base64
import binascii
import bisect
import json
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace
from operator import attrgetter
from typing import Any

from app.common.logstore import JobState, LogStore
from app.master.clock import Clock
from app.master.problems import Problem, invalid
from app.master.services.job_index import JobIndex, JobRow, JobStatus, Published

SORTS = ("name", "group", "state", "nextFire", "lastStatus", "lastStart")
REMEMBERED = 16  # results; a client that pages or types finds its last ones again
REMEMBERED_MS = 1_000  # where the order depends on the time


@dataclass(frozen=True, slots=True)
class JobFilter:
    q: str = ""
    group: str | None = None
    tag: str | None = None
    state: JobStatus | None = None
    sort: str = "name"

    @property
    def plain(self) -> bool:
        """Whether the answer depends on nothing but the jobs."""
        return self.state is None and self.sort.lstrip("-") in ("name", "group")


@dataclass(frozen=True, slots=True)
class JobPage:
    rows: list[JobRow]
    total: int
    next_cursor: str | None


class JobList:
    def __init__(self, index: JobIndex, states: "JobStates", now: Clock) -> None:
        self._index, self._states, self._now = index, states, now
        self._lock = threading.Lock()
        self._results: OrderedDict[JobFilter, tuple[int, int, list[JobRow]]] = OrderedDict()

    def page(self, wanted: JobFilter, limit: int, cursor: str | None) -> JobPage:
        """`wanted.sort` is one of SORTS, with a leading `-` for descending order."""
        try:
            return self._page(wanted, limit, cursor)
        except TypeError:  # a cursor of another sort order does not compare with the keys of this one
            raise _bad_cursor() from None

    def _page(self, wanted: JobFilter, limit: int, cursor: str | None) -> JobPage:
        now = self._now()
        ordered = self._ordered(replace(wanted, sort=wanted.sort.lstrip("-")), now)
        key = self._key(wanted.sort.lstrip("-"), now)
        if wanted.sort.startswith("-"):
            end = len(ordered)
            if cursor is not None:
                end = bisect.bisect_left(ordered, _decode(cursor), key=key)
            start = max(0, end - limit)
            rows, more = ordered[start:end][::-1], start > 0
        else:
            start = 0
            if cursor is not None:
                start = bisect.bisect_right(ordered, _decode(cursor), key=key)
            rows, more = ordered[start : start + limit], start + limit < len(ordered)
        return JobPage(rows, len(ordered), _encode(key(rows[-1])) if rows and more else None)

    def _ordered(self, wanted: JobFilter, now: int) -> list[JobRow]:
        published = self._index.rows()
        generation = published.generation
        with self._lock:
            known = self._results.get(wanted)
        if known and known[0] == generation and (wanted.plain or now - known[1] < REMEMBERED_MS):
            return known[2]
        rows = _filtered(published, wanted, now)
        if wanted.sort != "name":
            rows.sort(key=self._key(wanted.sort, now))
        with self._lock:
            self._results[wanted] = (generation, now, rows)
            self._results.move_to_end(wanted)
            if len(self._results) > REMEMBERED:
                self._results.popitem(last=False)
        return rows

    def _key(self, sort: str, now: int) -> Callable[[JobRow], tuple[Any, ...]]:
        """Sort keys, unique by their last parts; what a job does not have comes last."""
        match sort:
            case "group":
                return lambda row: (*_or_last(row.group), *row.sort_key)
            case "state":
                return lambda row: (row.status(now), *row.sort_key)
            case "nextFire":
                return lambda row: (*_or_last(row.next_fire(now)), *row.sort_key)
            case "lastStatus" | "lastStart":
                states = self._states.all()
                name = "last_status" if sort == "lastStatus" else "last_start"
                return lambda row: (*_or_last(getattr(states.get(row.name), name, None)), *row.sort_key)
        return attrgetter("sort_key")


class JobStates:
    """The state rows of all jobs, at most a little old: a list needs all of them to sort by them."""

    MAX_AGE_MS = 2_000

    def __init__(self, store: LogStore, now: Clock) -> None:
        self._store, self._now = store, now
        self._lock = threading.Lock()
        self._read_at = 0
        self._states: dict[str, JobState] = {}

    def all(self) -> dict[str, JobState]:
        with self._lock:
            if not self._read_at <= self._now() < self._read_at + self.MAX_AGE_MS:
                self._states = self._store.job_states()
                self._read_at = self._now()
            return self._states


def _filtered(published: Published, wanted: JobFilter, now: int) -> list[JobRow]:
    if wanted.q:
        found = [published.rows[place] for place in published.texts.places_of(wanted.q.casefold())]
    else:
        found = list(published.rows)
    if wanted.group is not None:
        found = [row for row in found if row.group == wanted.group]
    if wanted.tag is not None:
        found = [row for row in found if wanted.tag in row.tags]
    if wanted.state is not None:
        found = [row for row in found if row.status(now) is wanted.state]
    return found


def _or_last(value: Any) -> tuple[bool, Any]:
    return (True, "") if value is None else (False, value)


def _encode(key: tuple[Any, ...]) -> str:
    return base64.urlsafe_b64encode(json.dumps(key).encode()).decode().rstrip("=")


def _decode(cursor: str) -> tuple[Any, ...]:
    try:
        return tuple(json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))))
    except (binascii.Error, ValueError, TypeError):
        raise _bad_cursor() from None


def _bad_cursor() -> Problem:
    return invalid("cursor", "is not one of this list; start again without it")
