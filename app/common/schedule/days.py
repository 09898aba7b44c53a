"""Which days match: arithmetic on day numbers (since 1970-01-01), without date objects.

A month's matching days depend only on its first weekday and its length, so 28 bit masks hold any calendar.
"""

import calendar
import functools
from bisect import bisect_right
from dataclasses import dataclass, field
from itertools import accumulate

FIRST_YEAR = 1970
LAST_YEAR = 2099
THURSDAY = 4  # 1970-01-01, with Sunday as 0


_LENGTHS = tuple(
    calendar.monthrange(year, month)[1] for year in range(FIRST_YEAR, LAST_YEAR + 1) for month in range(1, 13)
)
_STARTS = (0, *accumulate(_LENGTHS))
"""The day on which each month starts, and at the end the first day of 2100."""

END_DAY = _STARTS[-1]


@dataclass(frozen=True, slots=True)
class DayRule:
    """Which days match. Weekdays count from Sunday as 0."""

    days: frozenset[int] = frozenset(range(1, 32))
    from_end: frozenset[int] = frozenset()  # 0: the last day of the month, 3: three days before it
    nearest_weekday: frozenset[int] = frozenset()  # 15W
    last_weekday: bool = False  # LW
    weekdays: frozenset[int] = frozenset(range(7))
    nth: frozenset[tuple[int, int]] = frozenset()  # (weekday, 1 to 5)
    last: frozenset[int] = frozenset()  # the last such weekday of the month
    either: bool = False
    """Whether one of the two day fields is enough, instead of both."""
    months: frozenset[int] = frozenset(range(1, 13))
    years: frozenset[int] | None = None

    @property
    def any_date(self) -> bool:
        """Whether the two day fields leave out no day."""
        all_days, all_weekdays = len(self.days) == 31, len(self.weekdays) == 7
        return (all_days or all_weekdays) if self.either else (all_days and all_weekdays)

    @property
    def every_day(self) -> bool:
        return self.any_date and len(self.months) == 12 and self.years is None

    def mask(self, first: int, length: int) -> int:
        """Bit d is set if day d matches, in a month whose first day is weekday `first`."""
        weekday = [(first + d - 1) % 7 for d in range(length + 1)]
        by_day = {d for d in self.days if d <= length}
        by_day |= {length - n for n in self.from_end if n < length}
        by_day |= {_nearest_weekday(min(d, length), length, weekday) for d in self.nearest_weekday}
        if self.last_weekday:
            by_day.add(_nearest_weekday(length, length, weekday))
        by_weekday = {
            d
            for d in range(1, length + 1)
            if weekday[d] in self.weekdays
            or (weekday[d], (d + 6) // 7) in self.nth
            or (weekday[d] in self.last and d + 7 > length)
        }
        return sum(1 << d for d in (by_day | by_weekday if self.either else by_day & by_weekday))


def _nearest_weekday(day: int, length: int, weekday: list[int]) -> int:
    """The Monday to Friday nearest to `day` in the same month."""
    if weekday[day] == 6:
        return day - 1 if day > 1 else day + 2
    if weekday[day] == 0:
        return day + 1 if day < length else day - 2
    return day


@dataclass(frozen=True, slots=True)
class Days:
    """The days of a rule, as numbers since 1970-01-01."""

    rule: DayRule
    every: bool
    _masks: dict[int, int] = field(default_factory=dict, compare=False, repr=False)
    """By first weekday and length of a month: at most 28 entries."""

    def mask(self, month: int) -> int:
        """Of the month with this index since January 1970."""
        rule = self.rule
        if month % 12 + 1 not in rule.months:
            return 0
        if rule.years is not None and month // 12 + FIRST_YEAR not in rule.years:
            return 0
        key = (_STARTS[month] + THURSDAY) % 7 * 32 + _LENGTHS[month]
        mask = self._masks.get(key)
        if mask is None:
            mask = self._masks[key] = rule.mask(key // 32, key % 32)
        return mask

    def matches(self, day: int) -> bool:
        if self.every:
            return True
        month = bisect_right(_STARTS, day) - 1
        return bool(self.mask(month) >> (day - _STARTS[month] + 1) & 1)

    def first(self, begin: int, end: int) -> int | None:
        """The first matching day with begin <= day < end."""
        if begin >= end or self.every:
            return begin if begin < end else None
        month = bisect_right(_STARTS, begin) - 1
        skip = begin - _STARTS[month] + 1
        mask = self.mask(month) >> skip << skip
        while not mask:
            month += 1
            if _STARTS[month] >= end:
                return None
            mask = self.mask(month)
        day = _STARTS[month] + (mask & -mask).bit_length() - 2
        return day if day < end else None

    def last(self, begin: int, end: int) -> int | None:
        """The last matching day with begin <= day < end."""
        if begin >= end or self.every:
            return end - 1 if begin < end else None
        month = bisect_right(_STARTS, end - 1) - 1
        mask = self.mask(month) & ((1 << (end - _STARTS[month] + 1)) - 1)
        while not mask:
            if _STARTS[month] <= begin:
                return None
            month -= 1
            mask = self.mask(month)
        day = _STARTS[month] + mask.bit_length() - 2
        return day if day >= begin else None

    def count(self, begin: int, end: int) -> int:
        """How many days match, with begin <= day < end."""
        if begin >= end or self.every:
            return max(0, end - begin)
        month = bisect_right(_STARTS, begin) - 1
        skip = begin - _STARTS[month] + 1
        mask = self.mask(month) >> skip << skip
        total = 0
        while _STARTS[month + 1] < end:
            total += mask.bit_count()
            month += 1
            mask = self.mask(month)
        return total + (mask & ((1 << (end - _STARTS[month] + 1)) - 1)).bit_count()


@functools.lru_cache(maxsize=4096)
def days(rule: DayRule) -> Days:
    """The days of one rule, shared by all schedules that have it."""
    return Days(rule, rule.every_day)
