"""Pages of the job list: filtered, sorted, and continued from where the page before ended."""

import base64
import binascii
import bisect
import json
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

from app.common.logstore import JobState, LogStore
from app.master.clock import Clock
from app.master.problems import Problem, invalid
from app.master.services.job_filter import JobFilter
from app.master.services.job_index import JobIndex, JobRow

SORTS = ("name", "group", "state", "nextFire", "lastStatus", "lastStart")
REMEMBERED = 16  # results; a client that pages or types finds its last ones again
REMEMBERED_MS = 1_000  # where the order depends on the time


@dataclass(frozen=True, slots=True)
class JobPage:
    rows: list[JobRow]
    total: int
    next_cursor: str | None


class JobList:
    def __init__(self, index: JobIndex, states: "JobStates", now: Clock) -> None:
        self._index, self._states, self._now = index, states, now
        self._lock = threading.Lock()
        self._results: OrderedDict[tuple[JobFilter, str], tuple[int, int, list[JobRow]]] = OrderedDict()

    def page(self, wanted: JobFilter, limit: int, cursor: str | None, sort: str = "name") -> JobPage:
        """`sort` is one of SORTS, with a leading `-` for descending order."""
        try:
            return self._page(wanted, limit, cursor, sort.lstrip("-"), sort.startswith("-"))
        except TypeError:  # a cursor of another sort order does not compare with the keys of this one
            raise _bad_cursor() from None

    def rows(self, wanted: JobFilter) -> list[JobRow]:
        """All of them, by name."""
        return self._ordered(wanted, "name", self._now())

    def cursor_behind(self, row: JobRow) -> str:
        """Of a list by name: where to go on when `row` was the last one dealt with."""
        return _encode(row.sort_key)

    def _page(
        self, wanted: JobFilter, limit: int, cursor: str | None, sort: str, descending: bool
    ) -> JobPage:
        now = self._now()
        ordered = self._ordered(wanted, sort, now)
        primary = self._primary(sort, now)

        def key(row: JobRow) -> tuple[Any, ...]:
            return (*_or_last(primary(row)), *row.sort_key) if primary else row.sort_key

        if descending:
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

    def _ordered(self, wanted: JobFilter, sort: str, now: int) -> list[JobRow]:
        published = self._index.rows()
        generation = published.generation
        plain = wanted.plain and sort in ("name", "group")
        with self._lock:
            known = self._results.get((wanted, sort))
        if known and known[0] == generation and (plain or 0 <= now - known[1] < REMEMBERED_MS):
            return known[2]
        rows = wanted.apply(published.containing(wanted.q), now, self._states.all)
        primary = self._primary(sort, now)
        if primary:
            rows = _sorted(rows, primary)
        with self._lock:
            self._results[wanted, sort] = (generation, now, rows)
            self._results.move_to_end((wanted, sort))
            if len(self._results) > REMEMBERED:
                self._results.popitem(last=False)
        return rows

    def _primary(self, sort: str, now: int) -> Callable[[JobRow], Any] | None:
        """What comes before the name in a sort order; None from it puts a job last."""
        match sort:
            case "group":
                return attrgetter("group")
            case "state":
                return lambda row: row.status(now)
            case "nextFire":
                return lambda row: row.next_fire(now)
            case "lastStatus" | "lastStart":
                states = self._states.all()
                name = "last_status" if sort == "lastStatus" else "last_start"
                return lambda row: getattr(states.get(row.name), name, None)
        return None


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


def _sorted(rows: list[JobRow], primary: Callable[[JobRow], Any]) -> list[JobRow]:
    """`rows` come by name, and stay so where the primary key is the same."""
    keys = list(map(primary, rows))
    found = [place for place, key in enumerate(keys) if key is not None]
    found.sort(key=keys.__getitem__)
    return [rows[place] for place in found] + [
        row for row, key in zip(rows, keys, strict=True) if key is None
    ]


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
