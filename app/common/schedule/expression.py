"""From the text of a cron expression to sets of numbers.

croniter reads names, steps and hashes, one item of a list at a time. Ranges are read here, because croniter
takes `5-5` for everything and loses its step when a range wraps around (`22-4/3`). Added here: `LW`, `5L`,
`L-3`, and lists that mix any of them. `H` as the day stays below 29, so that no month is left out.

As in Debian's cron, a day field that starts with `*` is unrestricted, `*/2` too: then both day fields must
match, instead of either.
"""

import functools
import re
from dataclasses import dataclass

from croniter import CroniterError, croniter

from app.common.errors import ScheduleError
from app.common.schedule.days import FIRST_YEAR, LAST_YEAR, DayRule
from app.common.schedule.wall import END

MAX_LENGTH = 1024  # characters
MACROS = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}
NAMES = ("second", "minute", "hour", "day of month", "month", "day of week", "year")
LOW = (0, 0, 0, 1, 1, 0, FIRST_YEAR)
HIGH = (59, 59, 23, 31, 12, 7, LAST_YEAR)
SECOND, MINUTE, HOUR, DAY, MONTH, WEEKDAY, YEAR = range(7)
CRONITER_ORDER = (5, 0, 1, 2, 3, 4, 6)  # where croniter puts each of our fields
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")

_RANGE = re.compile(r"([a-z0-9]+)-([a-z0-9]+)(?:/(\d+))?")
_FROM_END = re.compile(r"l(?:-(\d{1,2}))?")
_NEAREST = re.compile(r"(\d{1,2})w")
_NTH = re.compile(r"([a-z0-9]+)#(\d+)")
_LAST = re.compile(r"([0-7]|[a-z]{3})l|l([0-7])")
_EVERY = re.compile(r"@every\s+(?=\d)(?:(\d{1,9})d)?(?:(\d{1,9})h)?(?:(\d{1,9})m)?(?:(\d{1,9})s)?")


@dataclass(frozen=True, slots=True)
class Fields:
    """What an expression names, with every name, step and hash resolved."""

    seconds: frozenset[int]
    minutes: frozenset[int]
    hours: frozenset[int]
    rule: DayRule
    fixed: bool
    """Whether the hours are fixed local times; else (`*` or a step) the schedule follows elapsed time."""


_HASH = re.compile(r"(?:^|[ ,])h(?:[ ,/(]|$)")


def is_hashed(text: str) -> bool:
    """Whether a clean expression depends on the name of its job."""
    return _HASH.search(text) is not None


def bad(message: str) -> ScheduleError:
    return ScheduleError("cronExpr", message)


def clean(expression: str) -> str:
    """The expression in lower case with single spaces and macros spelled out.

    Raises ScheduleError for text that no cron expression can hold.
    """
    if len(expression) > MAX_LENGTH:
        raise bad(f"has {len(expression)} characters; {MAX_LENGTH} are allowed: use ranges and steps")
    for position, character in enumerate(expression, 1):
        if character != "\t" and not " " <= character <= "~":
            kind = "not an ASCII character" if character > "~" else "a control character"
            raise bad(f"character {position} ({character!r}) is {kind}; use plain digits, letters and spaces")
    text = " ".join(expression.lower().split())
    if not text:
        raise bad("must not be empty; for example: */5 * * * *")
    if text == "@reboot":
        raise bad("@reboot is not supported: a cluster does not boot; name a time, or start the job by hand")
    if text.startswith("@") and text not in MACROS and not text.startswith("@every"):
        raise bad(f"{text.split()[0]!r} is not known; known are {', '.join(MACROS)} and @every 30s")
    return MACROS.get(text, text)


def interval(text: str) -> int:
    """The seconds of `@every 1h30m`."""
    match = _EVERY.fullmatch(text)
    if not match:
        raise bad(
            f"{text!r} is not an interval; write it as @every 30s, @every 5m, @every 1h30m or @every 1d"
        )
    days, hours, minutes, seconds = (int(part or 0) for part in match.groups())
    total = days * 86_400 + hours * 3600 + minutes * 60 + seconds
    if total < 1:
        raise bad("@every needs an interval of at least 1s")
    if total >= END:
        raise bad(f"{text!r} never fires before 2100")
    return total


def parse_fields(text: str, hash_name: str) -> Fields:
    """The sets of a clean expression; `H` is hashed from `hash_name`. Raises ScheduleError."""
    parts = text.split(" ")
    if not 5 <= len(parts) <= 7:
        raise bad(
            f"has {len(parts)} field{'s' * (len(parts) != 1)}; needs 5 (minute, hour, day of month, month, "
            "day of week), 6 (second first) or 7 (second first, year last)"
        )
    if len(parts) == 5:
        parts.insert(0, "0")
    years = parts.pop() if len(parts) == 7 else "*"
    plain = [_plain(field, part.split(","), hash_name) for field, part in enumerate(parts)]
    days, weekdays = parts[DAY].split(","), parts[WEEKDAY].split(",")
    return Fields(
        seconds=plain[SECOND],
        minutes=plain[MINUTE],
        hours=plain[HOUR],
        rule=DayRule(
            days=plain[DAY],
            from_end=frozenset(int(m[1] or 0) for m in map(_FROM_END.fullmatch, days) if m),
            nearest_weekday=frozenset(int(m[1]) for m in map(_NEAREST.fullmatch, days) if m),
            last_weekday="lw" in days,
            weekdays=plain[WEEKDAY],
            nth=frozenset((_weekday(m[1]), int(m[2])) for m in map(_NTH.fullmatch, weekdays) if m),
            last=frozenset(_weekday(m[1] or m[2]) for m in map(_LAST.fullmatch, weekdays) if m),
            either=parts[DAY][0] not in "*?" and parts[WEEKDAY][0] not in "*?",
            months=plain[MONTH],
            years=None if years == "*" else _plain(YEAR, years.split(","), hash_name),
        ),
        fixed="*" not in parts[HOUR] and "/" not in parts[HOUR] and len(plain[HOUR]) < 24,
    )


def _plain(field: int, items: list[str], hash_name: str) -> frozenset[int]:
    """The numbers that the items name, leaving out those that depend on the month."""
    if "?" in items and len(items) > 1:
        raise bad(f"{NAMES[field]}: '?' must stand alone")
    named = [
        _numbers(field, item, hash_name if item.startswith("h") else "")
        for item in items
        if not (field == DAY and _special_day(item)) and not (field == WEEKDAY and _special_weekday(item))
    ]
    return named[0] if len(named) == 1 else frozenset().union(*named)


def _special_day(item: str) -> bool:
    if item == "lw":
        return True
    if match := _FROM_END.fullmatch(item):
        if int(match[1] or 0) > 30:
            raise bad(f"day of month: {item!r} is out of range; L-30 is the earliest")
        return True
    if match := _NEAREST.fullmatch(item):
        if not 1 <= int(match[1]) <= 31:
            raise bad(f"day of month: {item!r} is out of range; allowed are 1W to 31W")
        return True
    return False


def _special_weekday(item: str) -> bool:
    if match := _NTH.fullmatch(item):
        if not 1 <= int(match[2]) <= 5:
            raise bad(f"day of week: {item!r} is out of range; #1 to #5 say which one of the month")
        _weekday(match[1])
        return True
    if match := _LAST.fullmatch(item):
        _weekday(match[1] or match[2])
        return True
    if item == "l":
        raise bad("day of week: 'L' needs a day before it; 5L is the last Friday of the month")
    return False


def _weekday(text: str) -> int:
    (value,) = _numbers(WEEKDAY, text, "")
    return value


@functools.lru_cache(maxsize=4096)
def _numbers(field: int, item: str, hash_name: str) -> frozenset[int]:
    """The numbers of one item of a list."""
    low, high = LOW[field], HIGH[field]
    if field == WEEKDAY:
        high = 6
    if not item:
        raise bad(f"{NAMES[field]}: has an empty item; remove the extra comma")
    if match := _RANGE.fullmatch(item):
        first, last, step = _number(field, match[1]), _number(field, match[2]), int(match[3] or 1)
        if first is not None and last is not None and step:
            size = high - low + 1
            stop = last if first <= last else last + size
            return frozenset((value - low) % size + low for value in range(first, stop + 1, step))
    if item[0] == "r" or (item[0] == "h" and field == YEAR):
        raise bad(f"{NAMES[field]}: {item!r} is not supported; name the value")
    if item == "h" and field == DAY:
        item = "h(1-28)"
    fields = ["*"] * 7
    fields[field] = item
    try:
        expanded, nth = croniter.expand(
            " ".join(fields), hash_id=hash_name.encode(errors="replace"), second_at_beginning=True
        )
    except CroniterError as error:
        raise bad(_explain(field, item)) from error
    values = expanded[CRONITER_ORDER[field]]
    if nth or "l" in values:
        raise bad(_explain(field, item))
    return frozenset(range(low, high + 1) if "*" in values else values)


def _number(field: int, text: str) -> int | None:
    """A number or name in range, else None."""
    names = MONTHS if field == MONTH else WEEKDAYS if field == WEEKDAY else ()
    if text in names:
        return names.index(text) + LOW[field]
    return int(text) if text.isdecimal() and LOW[field] <= int(text) <= HIGH[field] else None


def _explain(field: int, item: str) -> str:
    """What is wrong with an item that was refused."""
    name, allowed = NAMES[field], f"{LOW[field]} to {HIGH[field]}"
    if field in (MONTH, WEEKDAY):
        allowed += " or " + ("JAN to DEC" if field == MONTH else "SUN to SAT")
    value, _, step = item.partition("/")
    if step.isdecimal() and int(step) == 0:
        return f"{name}: {item!r} has a step of 0; the smallest step is 1"
    for number in re.findall(r"\d+", value):
        if _number(field, number) is None:
            return f"{name}: {number} is out of range; allowed are {allowed}"
    return f"{name}: {item!r} is not understood; allowed are {allowed}, as in 1,5 or 1-5 or */2"
