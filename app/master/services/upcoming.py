"""How many fires the schedules of all jobs have, minute by minute, for the hours to come.

Counting a hundred thousand jobs takes a second or so. So it is done for two days and all groups at once, and
again when jobs have changed.
"""

import heapq
from array import array
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from app.common.schedule import Schedule
from app.common.schedule.load import fires_by_minute
from app.master.clock import Clock
from app.master.services.job_index import JobIndex, JobRow
from app.master.services.latest import Latest

MAX_HOURS = 48
GROUPS_KEPT = 1_000  # those with most fires, 13 kB each; others are counted when asked for
GROUPS_SHOWN = 50
MAX_AGE_MS = 300_000

_MINUTE_MS = 60_000
_BACK = 60  # minutes: the longest bucket may have begun so long ago
_AHEAD = MAX_HOURS * 60 + 120


@dataclass(frozen=True, slots=True)
class Upcoming:
    """Fires of each bucket from `start` on, as of the jobs at `at`; `groups` are the largest, in order."""

    at: int
    start: int
    fires: list[int]
    groups: list[tuple[str | None, list[int]]]


@dataclass(frozen=True, slots=True)
class _Counted:
    """Fires of each minute from `start` on."""

    generation: int
    at: int
    start: int
    total: Sequence[int]
    groups: dict[str | None, Sequence[int]]

    def covers(self, now: int) -> bool:
        """Whether any question asked at `now` can be answered from it."""
        begin, end = self.start + _BACK * _MINUTE_MS, self.start + len(self.total) * _MINUTE_MS
        return begin <= now and now + (MAX_HOURS + 1) * 60 * _MINUTE_MS <= end


class UpcomingFires:
    def __init__(self, index: JobIndex, now: Clock) -> None:
        self._index, self._now = index, now
        self._latest = Latest("count of upcoming fires", self._count, self._due)
        self.start, self.stop = self._latest.start, self._latest.stop

    def count(self, hours: int, bucket_seconds: int, group: str | None) -> Upcoming:
        """Of all jobs, or of those in `group` (empty: in none). Buckets are whole minutes, at most an hour.

        They begin at multiples of their length. Raises 503 when nothing was counted in time.
        """
        now, generation = self._now(), self._index.rows().generation
        counted = self._latest.get(
            fresh=lambda counted: counted.generation >= generation and counted.covers(now),
            usable=lambda counted: counted.covers(now),
        )
        at = now if counted.generation >= generation else counted.at
        minutes = bucket_seconds // 60
        start = now // _MINUTE_MS // minutes * minutes * _MINUTE_MS
        first = (start - counted.start) // _MINUTE_MS
        last = first + -(-hours * 60 // minutes) * minutes

        def buckets(fires: Sequence[int]) -> list[int]:
            return [sum(fires[place : place + minutes]) for place in range(first, last, minutes)]

        if group is not None:
            fires = buckets(self._of_group(counted, group or None))
            return Upcoming(at, start, fires, [(group or None, fires)] if any(fires) else [])
        sums = ((sum(fires[first:last]), name) for name, fires in counted.groups.items())
        largest = heapq.nlargest(GROUPS_SHOWN, sums, key=lambda one: one[0])
        shown = [(name, buckets(counted.groups[name])) for total, name in largest if total]
        return Upcoming(at, start, buckets(counted.total), shown)

    def _of_group(self, counted: _Counted, group: str | None) -> Sequence[int]:
        known = counted.groups.get(group)
        if known is not None:
            return known
        rows = [row for row in self._index.rows().rows if row.group == group]
        return fires_by_minute(_schedules(rows), counted.start, len(counted.total))

    def _due(self, known: _Counted | None, asked: bool) -> bool:
        """Also unasked, so that whoever asks does not wait."""
        if not self._index.mirror.revision:
            return False
        now = self._now()
        if known is None or not known.covers(now):
            return True
        stale = known.generation < self._index.generation
        return stale and (asked or not 0 <= now - known.at < MAX_AGE_MS)

    def _count(self) -> _Counted:
        now, published = self._now(), self._index.rows()
        start, minutes = (now // _MINUTE_MS - _BACK) * _MINUTE_MS, _BACK + _AHEAD
        rows = [row for row in published.rows if row.firing]
        by_group: defaultdict[str | None, list[JobRow]] = defaultdict(list)
        for row in rows:
            by_group[row.group].append(row)
        counts = (
            (name, array("I", fires_by_minute(_schedules(own), start, minutes)))
            for name, own in by_group.items()
        )
        groups: dict[str | None, Sequence[int]] = dict(
            heapq.nlargest(GROUPS_KEPT, counts, key=lambda one: sum(one[1]))
        )
        total = array("I", fires_by_minute(_schedules(rows), start, minutes))
        return _Counted(published.generation, now, start, total, groups)


def _schedules(rows: list[JobRow]) -> list[Schedule]:
    return [schedule for row in rows if (schedule := row.firing)]
