"""What a schedule looks like, ready to be put into words of any language.

Everything here is read off the sets of numbers that decide the fires, never off the text, so that words and
fires cannot disagree.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from app.common.schedule.fires import ClockFires
from app.common.schedule.wall import Axis, Wall

MAX_TIMES = 6  # a day; with more, "At 00:10, 00:20, ..." is harder to read than a rule


@dataclass(frozen=True, slots=True)
class Every:
    """Every `count` units, all day or within a part of each day."""

    count: int
    unit: str  # second, minute or hour
    first: str = ""
    last: str = ""


@dataclass(frozen=True, slots=True)
class At:
    """A few times of the day."""

    times: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Of:
    """Field by field; None stands for every value."""

    seconds: tuple[int, ...] | None
    minutes: tuple[int, ...] | None
    hours: tuple[int, ...] | None


def time_shape(fires: ClockFires) -> Every | At | Of:
    """The part of a schedule that says when in the day."""
    wall = fires.wall
    seconds, minutes, hours = (axis.values for axis in (wall.seconds, wall.minutes, wall.hours))
    inner = _within_hour(wall)
    if inner and len(hours) == 24:
        return inner
    if seconds == minutes == (0,) and not fires.fixed and (step := _step(wall.hours)):
        return Every(step, "hour")
    if wall.per_day <= MAX_TIMES:
        with_seconds = seconds != (0,)
        return At(
            tuple(
                clock(hour * 3600 + minute * 60 + second, with_seconds)
                for hour in hours
                for minute in minutes
                for second in seconds
            )
        )
    if len(hours) < 24 and hours[-1] - hours[0] == len(hours) - 1:
        if not inner and len(seconds) == len(minutes) == 1:
            inner = Every(1, "hour")
        if inner:
            first, last = wall.first_of_day, wall.last_of_day
            with_seconds = bool(first % 60 or last % 60)
            return Every(inner.count, inner.unit, clock(first, with_seconds), clock(last, with_seconds))
    return Of(
        _unless_full(wall.seconds),
        _unless_full(wall.minutes),
        _unless_full(wall.hours),
    )


def _within_hour(wall: Wall) -> Every | None:
    """A steady rhythm that runs through each hour, and on into the next."""
    if len(wall.minutes.values) == 60 and (step := _step(wall.seconds)):
        return Every(step, "second")
    if wall.seconds.values != (0,):
        return None
    if step := _step(wall.minutes):
        return Every(step, "minute")
    return Every(1, "hour") if wall.minutes.values == (0,) else None


def _step(axis: Axis) -> int | None:
    """n if the values are 0, n, 2n, ... and go on in the same step when the axis starts again."""
    step = axis.size // len(axis.values)
    return step if step < axis.size and axis.values == tuple(range(0, axis.size, step)) else None


def _unless_full(axis: Axis) -> tuple[int, ...] | None:
    return None if len(axis.values) == axis.size else axis.values


def clock(second_of_day: int, with_seconds: bool = False) -> str:
    """`03:30`, or `03:30:15`."""
    minute, second = divmod(second_of_day, 60)
    text = f"{minute // 60:02}:{minute % 60:02}"
    return f"{text}:{second:02}" if with_seconds else text


def spans(values: Sequence[int]) -> list[tuple[int, int]]:
    """Sorted values as (first, last) of runs; two neighbours are not yet a run."""
    runs: list[tuple[int, int]] = []
    for value in values:
        if runs and value == runs[-1][1] + 1:
            runs[-1] = (runs[-1][0], value)
        else:
            runs.append((value, value))
    found: list[tuple[int, int]] = []
    for first, last in runs:
        found += [(first, first), (last, last)] if last == first + 1 else [(first, last)]
    return found


def is_progression(values: Sequence[int]) -> bool:
    """Whether `0, 7, 14, ..., 56` says it all: many sorted values with equal distances above 1."""
    step = values[1] - values[0] if len(values) > 5 else 1
    return step > 1 and tuple(values) == tuple(range(values[0], values[-1] + 1, step))


def monday_first(weekdays: frozenset[int] | set[int]) -> list[int]:
    """Weekdays in the order in which a week is read, Sunday as 7."""
    return sorted(day or 7 for day in weekdays)
