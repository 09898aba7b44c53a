"""How many fires the schedules of all jobs have, minute by minute, for the hours to come.

Counting a hundred thousand jobs takes a second or so. So it is done for two days and all groups at once, and
again in the background when jobs have changed. A request waits a moment for the newest figures; then it gets
the last ones, which say as of when they are.
"""

import heapq
import threading
import time
from array import array
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from app.common.schedule import Schedule
from app.common.schedule.load import fires_by_minute
from app.master.clock import Clock
from app.master.problems import unavailable
from app.master.services.job_index import JobIndex, JobRow

MAX_HOURS = 48
GROUPS_KEPT = 1_000  # those with most fires, 13 kB each; others are counted when asked for
GROUPS_SHOWN = 50
PATIENCE_SECONDS = 0.15  # for newer figures
COLD_SECONDS = 10.0  # for the first ones
MAX_AGE_MS = 300_000
REST = 4  # times as long as a count took, before the next one: at most a fifth of a core

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
    """Has a thread that counts."""

    def __init__(self, index: JobIndex, now: Clock) -> None:
        self._index, self._now = index, now
        self._counted: _Counted | None = None
        self._changed = threading.Condition()
        self._asked = False
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="upcoming", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        with self._changed:
            self._changed.notify_all()
        if self._thread.is_alive():
            self._thread.join(timeout=10)

    def count(self, hours: int, bucket_seconds: int, group: str | None) -> Upcoming:
        """Of all jobs, or of those in `group` (empty: in none). Buckets are whole minutes, at most an hour.

        They begin at multiples of their length. Raises 503 when nothing was counted in time.
        """
        counted = self._latest()
        minutes = bucket_seconds // 60
        start = self._now() // _MINUTE_MS // minutes * minutes * _MINUTE_MS
        first = (start - counted.start) // _MINUTE_MS
        last = first + -(-hours * 60 // minutes) * minutes

        def buckets(fires: Sequence[int]) -> list[int]:
            return [sum(fires[place : place + minutes]) for place in range(first, last, minutes)]

        if group is not None:
            fires = buckets(self._of_group(counted, group or None))
            return Upcoming(counted.at, start, fires, [(group or None, fires)] if any(fires) else [])
        sums = ((sum(fires[first:last]), name) for name, fires in counted.groups.items())
        largest = heapq.nlargest(GROUPS_SHOWN, sums, key=lambda one: one[0])
        shown = [(name, buckets(counted.groups[name])) for total, name in largest if total]
        return Upcoming(counted.at, start, buckets(counted.total), shown)

    def _latest(self) -> _Counted:
        now, generation = self._now(), self._index.rows().generation

        def fresh() -> bool:
            known = self._counted
            return known is not None and known.generation >= generation and known.covers(now)

        with self._changed:
            if not fresh():
                self._asked = True
                self._changed.notify_all()
                usable = self._counted is not None and self._counted.covers(now)
                self._changed.wait_for(fresh, PATIENCE_SECONDS if usable else COLD_SECONDS)
            if self._counted is None or not self._counted.covers(now):
                raise unavailable("The count of upcoming fires", "it is not ready yet.")
            return self._counted

    def _of_group(self, counted: _Counted, group: str | None) -> Sequence[int]:
        known = counted.groups.get(group)
        if known is not None:
            return known
        rows = [row for row in self._index.rows().rows if row.group == group]
        return fires_by_minute(_schedules(rows), counted.start, len(counted.total))

    def _run(self) -> None:
        while not self._stopping.is_set():
            with self._changed:
                self._changed.wait_for(self._due, timeout=1)
                if not self._due():
                    continue
                self._asked = False
            began = time.monotonic()
            counted = self._count()
            with self._changed:
                self._counted = counted
                self._changed.notify_all()
            self._stopping.wait(REST * (time.monotonic() - began))

    def _due(self) -> bool:
        """Also unasked, so that whoever asks does not wait."""
        known, now = self._counted, self._now()
        if self._stopping.is_set() or not self._index.mirror.revision:
            return False
        if known is None or not known.covers(now):
            return True
        stale = known.generation < self._index.generation
        return stale and (self._asked or not 0 <= now - known.at < MAX_AGE_MS)

    def _count(self) -> _Counted:
        now, published = self._now(), self._index.rows()
        start, minutes = (now // _MINUTE_MS - _BACK) * _MINUTE_MS, _BACK + _AHEAD
        rows = [row for row in published.rows if row.firing]
        by_group: defaultdict[str | None, list[JobRow]] = defaultdict(list)
        for row in rows:
            by_group[row.group].append(row)
        counts = (
            (name, array("Q", fires_by_minute(_schedules(own), start, minutes)))
            for name, own in by_group.items()
        )
        groups: dict[str | None, Sequence[int]] = dict(
            heapq.nlargest(GROUPS_KEPT, counts, key=lambda one: sum(one[1]))
        )
        total = array("Q", fires_by_minute(_schedules(rows), start, minutes))
        return _Counted(published.generation, now, start, total, groups)


def _schedules(rows: list[JobRow]) -> list[Schedule]:
    return [schedule for row in rows if (schedule := row.firing)]
