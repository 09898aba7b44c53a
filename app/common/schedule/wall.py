"""Which local times match: arithmetic on sets of numbers, without dates, zones or clocks.

A local time is a number of seconds since 1970-01-01 00:00 on the same clock; every day has 86,400 of them.
"""

import functools
from bisect import bisect_left

from app.common.schedule.days import END_DAY, DayRule, days

DAY = 86_400  # seconds

END = END_DAY * DAY
"""The local time at which 2100 begins: nothing fires from here on."""


class Axis:
    """One of second, minute and hour: a set of numbers below `size`, with an answer ready for each number."""

    __slots__ = ("at_or_after", "at_or_before", "below", "size", "values")

    def __init__(self, values: frozenset[int], size: int) -> None:
        self.values = tuple(sorted(values))
        self.size = size
        self.below = tuple(bisect_left(self.values, n) for n in range(size + 1))
        """How many values are smaller than the index."""
        self.at_or_after = tuple((*self.values, size)[below] for below in self.below)
        """The next value from the index on; `size` means none."""
        self.at_or_before = tuple((-1, *self.values)[self.below[n + 1]] for n in range(size))
        """The last value up to the index; -1 means none. (Index -1 is not asked for.)"""


@functools.lru_cache(maxsize=4096)
def axis(values: frozenset[int], size: int) -> Axis:
    """The tables of one set, shared by all schedules that have it."""
    return Axis(values, size)


class Wall:
    """The local times of a schedule, between 1970 and 2099."""

    __slots__ = ("days", "first_of_day", "hours", "last_of_day", "minutes", "per_day", "seconds")

    def __init__(
        self, seconds: frozenset[int], minutes: frozenset[int], hours: frozenset[int], rule: DayRule
    ) -> None:
        self.seconds, self.minutes, self.hours = axis(seconds, 60), axis(minutes, 60), axis(hours, 24)
        self.days = days(rule)
        self.per_day = len(seconds) * len(minutes) * len(hours)
        self.first_of_day = self.hours.values[0] * 3600 + self.minutes.values[0] * 60 + self.seconds.values[0]
        self.last_of_day = (
            self.hours.values[-1] * 3600 + self.minutes.values[-1] * 60 + self.seconds.values[-1]
        )

    def first(self, begin: int, end: int) -> int | None:
        """The first matching time with begin <= time < end (both within 0 and END)."""
        if begin >= end:
            return None
        day, rest = divmod(begin, DAY)
        if rest <= self.last_of_day and self.days.matches(day):
            time = day * DAY + self._at_or_after(rest)
        else:
            next_day = self.days.first(day + 1, (end - 1) // DAY + 1)
            if next_day is None:
                return None
            time = next_day * DAY + self.first_of_day
        return time if time < end else None

    def last(self, begin: int, end: int) -> int | None:
        """The last matching time with begin <= time < end."""
        if begin >= end:
            return None
        day, rest = divmod(end - 1, DAY)
        if rest >= self.first_of_day and self.days.matches(day):
            time = day * DAY + self._at_or_before(rest)
        else:
            previous_day = self.days.last(begin // DAY, day)
            if previous_day is None:
                return None
            time = previous_day * DAY + self.last_of_day
        return time if time >= begin else None

    def count(self, begin: int, end: int) -> int:
        """How many times match, with begin <= time < end."""
        if begin >= end:
            return 0
        first_day, first_rest = divmod(begin, DAY)
        last_day, last_rest = divmod(end, DAY)
        total = self.days.count(first_day, last_day) * self.per_day
        if first_rest and self.days.matches(first_day):
            total -= self._below(first_rest)
        if last_rest and self.days.matches(last_day):
            total += self._below(last_rest)
        return total

    def _at_or_after(self, rest: int) -> int:
        """Within a day; the caller knows that there is one."""
        hour, rest = divmod(rest, 3600)
        minute, second = divmod(rest, 60)
        hours, minutes, seconds = self.hours, self.minutes, self.seconds
        next_hour = hours.at_or_after[hour]
        if next_hour == hour:
            next_minute = minutes.at_or_after[minute]
            if next_minute == minute:
                next_second = seconds.at_or_after[second]
                if next_second < 60:
                    return hour * 3600 + minute * 60 + next_second
                next_minute = minutes.at_or_after[minute + 1]
            if next_minute < 60:
                return hour * 3600 + next_minute * 60 + seconds.values[0]
            next_hour = hours.at_or_after[hour + 1]
        return next_hour * 3600 + minutes.values[0] * 60 + seconds.values[0]

    def _at_or_before(self, rest: int) -> int:
        """Within a day; the caller knows that there is one."""
        hour, rest = divmod(rest, 3600)
        minute, second = divmod(rest, 60)
        hours, minutes, seconds = self.hours, self.minutes, self.seconds
        last_hour = hours.at_or_before[hour]
        if last_hour == hour:
            last_minute = minutes.at_or_before[minute]
            if last_minute == minute:
                last_second = seconds.at_or_before[second]
                if last_second >= 0:
                    return hour * 3600 + minute * 60 + last_second
                last_minute = minutes.at_or_before[minute - 1] if minute else -1
            if last_minute >= 0:
                return hour * 3600 + last_minute * 60 + seconds.values[-1]
            last_hour = hours.at_or_before[hour - 1]
        return last_hour * 3600 + minutes.values[-1] * 60 + seconds.values[-1]

    def _below(self, rest: int) -> int:
        """How many times of a day are before the given one."""
        hour, rest = divmod(rest, 3600)
        minute, second = divmod(rest, 60)
        hours, minutes, seconds = self.hours, self.minutes, self.seconds
        in_minute = seconds.below[second] if minutes.below[minute + 1] > minutes.below[minute] else 0
        in_hour = minutes.below[minute] * len(seconds.values) + in_minute
        if hours.below[hour + 1] == hours.below[hour]:
            in_hour = 0
        return hours.below[hour] * len(minutes.values) * len(seconds.values) + in_hour
