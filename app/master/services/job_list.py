"""Pages of the job list: filtered, sorted, and continued from where the page before ended."""

import base64
import binascii
import bisect
import json
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace
from operator import attrgetter, itemgetter
from typing import Any

from app.master.clock import Clock
from app.master.problems import Problem, invalid
from app.master.services.fire_order import FireOrder, InOrder
from app.master.services.job_filter import JobFilter
from app.master.services.job_index import JobIndex, JobRow, JobStatus, Published
from app.master.services.last_runs import LastRuns, Snapshot
from app.master.services.search import FEW

SORTS = ("name", "group", "state", "nextFire", "lastStatus", "lastStart")
REMEMBERED = 16  # results that took long to make; a client that pages finds its last ones again
REMEMBERED_MS = 1_000  # where the order depends on the time
NOT_NEEDED = Snapshot(0, 0, {})

Stamp = tuple[int, int, int]  # generation of jobs, version of last runs, and the second where it matters


@dataclass(frozen=True, slots=True)
class JobPage:
    rows: list[JobRow]
    total: int
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class _Result:
    """`rows` in their order as of `now`."""

    stamp: Stamp
    now: int
    rows: list[JobRow]


class JobList:
    def __init__(self, index: JobIndex, last_runs: LastRuns, now: Clock) -> None:
        self._index, self._last_runs, self._now = index, last_runs, now
        self._fires = FireOrder()
        self._lock = threading.Lock()
        self._sorting = threading.Lock()
        self._results: OrderedDict[tuple[JobFilter, str], _Result] = OrderedDict()

    def page(self, wanted: JobFilter, limit: int, cursor: str | None, sort: str = "name") -> JobPage:
        """`sort` is one of SORTS, with a leading `-` for descending order."""
        try:
            return self._page(wanted, limit, cursor, sort.lstrip("-"), sort.startswith("-"))
        except TypeError:  # a cursor of another sort order does not compare with the keys of this one
            raise _bad_cursor() from None

    def rows(self, wanted: JobFilter) -> list[JobRow]:
        """All of them, by name."""
        return self._ordered(wanted, "name", self._now(), self._last(wanted, "name")).rows

    def cursor_behind(self, row: JobRow) -> str:
        """Of a list by name: where to go on when `row` was the last one dealt with."""
        return _encode(row.sort_key)

    def _page(
        self, wanted: JobFilter, limit: int, cursor: str | None, sort: str, descending: bool
    ) -> JobPage:
        last = self._last(wanted, sort)
        result = self._ordered(wanted, sort, self._now(), last)
        ordered, primary = result.rows, _primary(sort, result.now, last)

        def key(row: JobRow) -> tuple[Any, ...]:
            return (*_or_last(primary(row)), *row.sort_key) if primary else row.sort_key

        after = None if cursor is None else _decode(cursor)
        if descending:
            valued = bisect.bisect_left(ordered, (True,), key=key) if primary else len(ordered)
            rows, more = _descending(ordered, valued, key, after, limit)
        else:
            start = bisect.bisect_right(ordered, after, key=key) if after is not None else 0
            rows, more = ordered[start : start + limit], start + limit < len(ordered)
        return JobPage(rows, len(ordered), _encode(key(rows[-1])) if rows and more else None)

    def _last(self, wanted: JobFilter, sort: str) -> Snapshot:
        if wanted.last_statuses or sort in ("lastStatus", "lastStart"):
            return self._last_runs.get()
        return NOT_NEEDED

    def _ordered(self, wanted: JobFilter, sort: str, now: int, last: Snapshot) -> _Result:
        published = self._index.rows()
        by_state = wanted.state is not None or sort == "state"
        timed = sort == "nextFire" or (by_state and published.may_end)
        stamp = (published.generation, last.version, now // REMEMBERED_MS if timed else 0)
        found = self._remembered((wanted, sort), stamp)
        if found is None and sort == "name":
            found = self._made(published, wanted, sort, stamp, now, last)
        elif found is None:
            with self._sorting:  # whoever had to wait may find that it was done meanwhile
                found = self._remembered((wanted, sort), stamp)
                found = found or self._made(published, wanted, sort, stamp, now, last)
        return found

    def _remembered(self, key: tuple[JobFilter, str], stamp: Stamp) -> _Result | None:
        with self._lock:
            known = self._results.get(key)
        return known if known and known.stamp == stamp else None

    def _made(
        self, published: Published, wanted: JobFilter, sort: str, stamp: Stamp, now: int, last: Snapshot
    ) -> _Result:
        quick = False
        if sort == "nextFire" and not wanted.q:
            order = self._fires.rows(published, now)
            now, rows = order.at, _by_next_fire(order, wanted, last)
        else:
            rows, left = self._narrowed(published, wanted)
            quick = (
                sort == "name" and left == JobFilter(q=wanted.q) and len(rows) * FEW <= len(published.rows)
            )
            rows = left.apply(rows, now, last.rows)
            if primary := _primary(sort, now, last):
                rows = _sorted(rows, primary)
        result = _Result(stamp, now, rows)
        if not quick:
            self._remember((wanted, sort), result)
        return result

    def _remember(self, key: tuple[JobFilter, str], result: _Result) -> None:
        with self._lock:
            self._results[key] = result
            self._results.move_to_end(key)
            if len(self._results) > REMEMBERED:
                self._results.popitem(last=False)

    def _narrowed(self, published: Published, wanted: JobFilter) -> tuple[list[JobRow], JobFilter]:
        """Some rows that are quickly found, and what is left to filter them by to get all that are wanted."""
        if wanted.q:
            return published.containing(wanted.q), wanted
        if wanted.group is not None:
            rows = self._index.of_group(published, wanted.group or None)
            if rows is not None:
                return rows, replace(wanted, group=None)
        if wanted.tag is not None:
            rows = self._index.of_tag(published, wanted.tag)
            if rows is not None:
                return rows, replace(wanted, tag=None)
        return published.rows, wanted


def _by_next_fire(order: InOrder, wanted: JobFilter, last: Snapshot) -> list[JobRow]:
    if wanted.state is JobStatus.ENABLED:
        return replace(wanted, state=None).apply(order.coming, order.at, last.rows)
    return wanted.apply(order.coming + order.resting, order.at, last.rows)


def _descending(
    ordered: list[JobRow],
    valued: int,
    key: Callable[[JobRow], Any],
    after: tuple[Any, ...] | None,
    limit: int,
) -> tuple[list[JobRow], bool]:
    """What follows the key `after`, and whether there is more. Only the first `valued` have a value to sort
    by; the others stay behind them, as in ascending order.
    """
    count = len(ordered)
    start = 0
    if after is not None:
        place = bisect.bisect_left(ordered, after, key=key)
        start = max(0, valued - place if place < valued or after[:1] != (True,) else valued + count - place)
    rows = [
        ordered[valued - 1 - place if place < valued else valued + count - 1 - place]
        for place in range(start, min(start + limit, count))
    ]
    return rows, start + limit < count


def _primary(sort: str, now: int, last: Snapshot) -> Callable[[JobRow], Any] | None:
    """What comes before the name in a sort order; None from it puts a job last."""
    match sort:
        case "group":
            return attrgetter("group")
        case "state":
            return lambda row: row.status(now)
        case "nextFire":
            return lambda row: row.next_fire(now)
        case "lastStatus" | "lastStart":
            unknown = ("", None, None)
            part = itemgetter(1 if sort == "lastStatus" else 2)
            return lambda row: part(last.rows.get(row.name, unknown))
    return None


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
    return base64.urlsafe_b64encode(json.dumps(key, ensure_ascii=False).encode()).decode().rstrip("=")


def _decode(cursor: str) -> tuple[Any, ...]:
    try:
        return tuple(json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))))
    except (binascii.Error, ValueError, TypeError):
        raise _bad_cursor() from None


def _bad_cursor() -> Problem:
    return invalid("cursor", "is not one of this list; start again without it")
