"""Cron schedules: parse once, then ask for fires. Pure: no clock is read here, time is an argument.

All times are epoch milliseconds; every fire is at a whole second, from 1970 to 2099 in the schedule's zone.
"""

import functools
import math
from dataclasses import dataclass
from datetime import datetime

from app.common.errors import ScheduleError
from app.common.schedule import expression as expressions
from app.common.schedule.changes import changes
from app.common.schedule.describe import bounds, describe, words
from app.common.schedule.fires import ClockFires, IntervalFires
from app.common.schedule.wall import END, Wall
from app.common.schedule.zones import zone

__all__ = ["Schedule", "ScheduleError", "parse"]


def parse(
    expression: str,
    timezone: str = "UTC",
    *,
    name: str = "",
    starts_at_ms: int | None = None,
    ends_at_ms: int | None = None,
) -> "Schedule":
    """The schedule of an expression; `H` is hashed from `name`. Both bounds are inclusive.

    Raises ScheduleError for `cronExpr` or `timezone`, in words that say what to do.
    """
    shared = _shared(expression, timezone)
    if shared and starts_at_ms is None and ends_at_ms is None:
        return shared
    text = expressions.clean(expression)
    fires = _fires(text, timezone, name if expressions.is_hashed(text) else "")
    return Schedule(expression, timezone, fires, starts_at_ms, ends_at_ms)


@functools.lru_cache(maxsize=16_384)
def _shared(expression: str, timezone: str) -> "Schedule | None":
    """The schedule without bounds, one for all jobs that have it; None where it depends on the job's name."""
    text = expressions.clean(expression)
    if expressions.is_hashed(text):
        return None
    return Schedule(expression, timezone, _fires(text, timezone, ""))


@functools.lru_cache(maxsize=16_384)
def _fires(text: str, timezone: str, hash_name: str) -> ClockFires | IntervalFires:
    """What all jobs with the same expression and zone share."""
    where = zone(timezone)
    if text.startswith("@every"):
        return IntervalFires(expressions.interval(text))
    fields = expressions.parse_fields(text, hash_name)
    pattern = Wall(fields.seconds, fields.minutes, fields.hours, fields.rule)
    if pattern.first(0, END) is None:
        raise expressions.bad(f"{text!r} never fires: no date matches its day, month and year fields")
    return ClockFires(pattern, where, fixed=fields.fixed)


@dataclass(frozen=True, slots=True)
class Schedule:
    """When one job fires, within its bounds."""

    expression: str
    timezone: str
    _fires: ClockFires | IntervalFires
    _starts_at_ms: int | None = None
    _ends_at_ms: int | None = None

    def next(self, after_ms: int) -> int | None:
        """The first fire strictly after; None if there is none before 2100."""
        if self._starts_at_ms is not None and after_ms < self._starts_at_ms:
            after_ms = self._starts_at_ms - 1
        fire = self._fires.first(after_ms // 1000)
        if fire is None or (self._ends_at_ms is not None and fire * 1000 > self._ends_at_ms):
            return None
        return fire * 1000

    def previous(self, before_ms: int) -> int | None:
        """The last fire strictly before; None if there is none since 1970."""
        if self._ends_at_ms is not None and before_ms > self._ends_at_ms:
            before_ms = self._ends_at_ms + 1
        fire = self._fires.last((before_ms - 1) // 1000 + 1)
        if fire is None or (self._starts_at_ms is not None and fire * 1000 < self._starts_at_ms):
            return None
        return fire * 1000

    def count(self, after_ms: int, until_ms: int) -> int:
        """How many fires there are with after < fire <= until."""
        if self._starts_at_ms is not None:
            after_ms = max(after_ms, self._starts_at_ms - 1)
        if self._ends_at_ms is not None:
            until_ms = min(until_ms, self._ends_at_ms)
        return self._fires.count(after_ms // 1000, until_ms // 1000) if after_ms < until_ms else 0

    def between(self, after_ms: int, until_ms: int, limit: int) -> list[int]:
        """The fires with after < fire <= until, at most the first `limit` of them."""
        found: list[int] = []
        while len(found) < limit and (fire := self.next(after_ms)) is not None and fire <= until_ms:
            found.append(fire)
            after_ms = fire
        return found

    def within(self, start: int, end: int) -> tuple[ClockFires | IntervalFires, int, int]:
        """In seconds: what fires, and the part of start <= fire < end that is within the bounds."""
        if self._starts_at_ms is not None:
            start = min(end, max(start, -(-self._starts_at_ms // 1000)))
        if self._ends_at_ms is not None:
            end = max(start, min(end, self._ends_at_ms // 1000 + 1))
        return self._fires, start, end

    def local(self, instant_ms: int) -> datetime:
        """An instant in the schedule's zone, by the same database as its fires (the host's may differ)."""
        return zone(self.timezone).local(instant_ms // 1000)

    def describe(self, language: str = "en") -> str:
        """In words, English (`en`) or Simplified Chinese (`zh`): `At 03:30 on Monday to Friday`."""
        limits = bounds(zone(self.timezone), self._starts_at_ms, self._ends_at_ms, language)
        return describe(self._fires, language) + limits

    def dst_notes(self, from_ms: int, until_ms: int, language: str = "en") -> list[str]:
        """What the zone changes from one time to another do to fires, one sentence a change.

        Changes that change no fire are left out, and so are those that a steady schedule (every 15 minutes)
        goes through without anyone noticing.
        """
        if isinstance(self._fires, IntervalFires):
            return []
        starts_at = -math.inf if self._starts_at_ms is None else self._starts_at_ms / 1000
        ends_at = math.inf if self._ends_at_ms is None else self._ends_at_ms / 1000
        found = changes(self._fires, -(-from_ms // 1000), until_ms // 1000, starts_at, ends_at)
        return [words(language).note(change) for change in found]
