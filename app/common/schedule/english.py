"""Schedules in English."""

from collections.abc import Sequence

from app.common.schedule.changes import Change, Effect
from app.common.schedule.days import DayRule
from app.common.schedule.shape import At, Every, Of, is_progression, monday_first, spans

WEEKDAYS = ("", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS = (
    *("", "January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
ORDINALS = ("", "first", "second", "third", "fourth", "fifth")


def sentence(time: Every | At | Of, rule: DayRule) -> str:
    """`At 03:30 on Monday to Friday`."""
    parts = [_time(time)]
    if not rule.any_date:
        parts.append(_days(rule))
    elif isinstance(time, At):
        parts.append("every day")
    if len(rule.months) < 12:
        parts.append(f"in {_named(sorted(rule.months), MONTHS)}")
    if rule.years is not None:
        parts.append(f"{'of' if len(rule.months) < 12 else 'in'} {_numbers(sorted(rule.years))}")
    return " ".join(parts)


def interval(units: Sequence[tuple[int, str]], aligned: bool) -> str:
    """`Every 1 hour 30 minutes`."""
    text = f"Every {units[0][1]}" if len(units) == 1 and units[0][0] == 1 else ""
    text = text or "Every " + " ".join(f"{count} {unit}{'s' * (count > 1)}" for count, unit in units)
    return text if aligned else f"{text}, counted from 1970-01-01 00:00 UTC"


def bounds(starts: str, ends: str) -> str:
    return (f", not before {starts}" if starts else "") + (f", not after {ends}" if ends else "")


def note(change: Change) -> str:
    """`2025-03-30: 02:30 does not exist in Europe/Berlin; runs at 03:00 instead`."""
    many = len(change.times) > 1
    times = _and(change.times) if len(change.times) <= 4 else f"{change.times[0]} to {change.times[-1]}"
    if len(change.times) > 4:
        times += f" ({len(change.times)} times)"
    missing = f"{change.date}: {times} {'do' if many else 'does'} not exist in {change.zone}"
    twice = f"{change.date}: {times} {'come' if many else 'comes'} twice in {change.zone}"
    match change.effect:
        case Effect.MOVED:
            return f"{missing}; runs {'once ' * many}at {change.runs_at} instead"
        case Effect.MERGED:
            return f"{missing}; the run at {change.runs_at} stands for {'them' if many else 'it'} too"
        case Effect.LEFT_OUT:
            return f"{missing}; no run then"
        case Effect.ONCE:
            return f"{twice}; runs the first time only"
        case Effect.TWICE:
            return f"{twice}; runs both times"


def _time(time: Every | At | Of) -> str:
    match time:
        case Every(count, unit, first, last):
            text = f"Every {unit}" if count == 1 else f"Every {count} {unit}s"
            return f"{text} from {first} to {last}" if first else text
        case At(times):
            return f"At {_and(times)}"
        case Of(seconds, minutes, hours):
            parts = [_field("minute", minutes), _field("hour", hours)]
            if seconds != (0,):
                parts.insert(0, _field("second", seconds))
            while len(parts) > 1 and parts[-1].startswith("every ") and parts[-2].startswith("every "):
                parts.pop()
            text = " of ".join(parts)
            return text.capitalize() if text.startswith("every") else f"At {text}"


def _field(unit: str, values: tuple[int, ...] | None) -> str:
    if values is None:
        return f"every {unit}"
    return f"{unit}{'s' * (len(values) > 1)} {_numbers(values)}"


def _days(rule: DayRule) -> str:
    by_day: list[str] = []
    by_weekday: list[str] = []
    if len(rule.days) < 31:
        by_day += [_field("day", tuple(sorted(rule.days)))] if rule.days else []
        by_day += [f"the {_before_last(n)}" for n in sorted(rule.from_end)]
        by_day += [f"the weekday nearest to day {day}" for day in sorted(rule.nearest_weekday)]
        by_day += ["the last weekday (Monday to Friday)"] * rule.last_weekday
    if len(rule.weekdays) < 7:
        by_weekday += [_named(monday_first(rule.weekdays), WEEKDAYS)] if rule.weekdays else []
        by_weekday += [
            f"the {ORDINALS[n]} {WEEKDAYS[day or 7]} of the month"
            for n, day in sorted((n, day) for day, n in rule.nth)
        ]
        by_weekday += [f"the last {WEEKDAYS[day]} of the month" for day in monday_first(rule.last)]
    days = f"on {_and(by_day)} of the month" if by_day else ""
    weekdays = f"on {_and(by_weekday)}" if by_weekday else ""
    if days and weekdays:
        return f"{days} or {weekdays}" if rule.either else f"{days} if that is {_or(by_weekday)}"
    return days or weekdays


def _before_last(days: int) -> str:
    if days == 0:
        return "last day"
    return f"day {days} day{'s' * (days > 1)} before the last"


def _numbers(values: Sequence[int]) -> str:
    if is_progression(values):
        return f"{values[0]}, {values[1]}, {values[2]}, ..., {values[-1]}"
    return _and([str(a) if a == b else f"{a} to {b}" for a, b in spans(values)])


def _named(values: Sequence[int], names: Sequence[str]) -> str:
    return _and([names[a] if a == b else f"{names[a]} to {names[b]}" for a, b in spans(values)])


def _and(items: Sequence[str], word: str = "and") -> str:
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} {word} {items[-1]}"


def _or(items: Sequence[str]) -> str:
    return _and(items, "or")
