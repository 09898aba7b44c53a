"""Fires against a scan that looks at the wall clock each minute or second, and knows nothing of our code.

Here a schedule is a set of numbers for each field, and its text is written from the sets, so that the scan
needs no parser.
"""

import calendar
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.common.schedule import parse
from tests.unit.common.tz_reference import reference

CHANGES = [  # a zone, and a time (UTC) within an hour of a change of its clock
    ("Europe/Berlin", "2025-03-30 01:00"),
    ("Europe/Berlin", "2025-10-26 01:00"),
    ("America/New_York", "2025-03-09 07:00"),
    ("America/New_York", "2050-11-06 06:00"),  # far behind the last change on file: from the zone's rule
    ("Australia/Lord_Howe", "2025-10-04 15:30"),  # half an hour forth
    ("Australia/Lord_Howe", "2025-04-05 15:00"),  # half an hour back
    ("America/Santiago", "2025-09-07 04:00"),  # no midnight
    ("America/Santiago", "2025-04-06 03:00"),  # two midnights
    ("Asia/Beirut", "2025-03-29 22:00"),
    ("Asia/Beirut", "2025-10-25 21:00"),
    ("America/Sao_Paulo", "2018-11-04 03:00"),
    ("America/Sao_Paulo", "2018-02-18 02:00"),
    ("Africa/Casablanca", "2025-02-23 02:00"),  # back for Ramadan
    ("Antarctica/Troll", "2025-03-30 01:00"),  # two hours forth
    ("America/St_Johns", "1988-04-03 03:31"),  # two hours forth at 00:01
    ("Europe/Dublin", "2025-10-26 01:00"),  # "winter time" is the saving time there
    ("Asia/Pyongyang", "2018-05-04 15:00"),  # a change of standard time
    ("Asia/Kathmandu", "1985-12-31 18:30"),  # 15 minutes forth
    ("Asia/Kolkata", "2025-03-30 00:00"),  # no change
    ("UTC", "2024-02-29 00:00"),
    ("Pacific/Apia", "2011-12-30 10:00"),  # a whole day is missing
]


@dataclass
class Sets:
    """A schedule as numbers, with the text that stands for them."""

    text: str
    seconds: set
    minutes: set
    hours: set
    days: set
    months: set
    weekdays: set
    either: bool
    elapsed: bool

    def matches(self, wall: datetime) -> bool:
        if wall.second not in self.seconds or wall.minute not in self.minutes or wall.hour not in self.hours:
            return False
        by_day, by_weekday = wall.day in self.days, wall.isoweekday() % 7 in self.weekdays
        return wall.month in self.months and (
            (by_day or by_weekday) if self.either else (by_day and by_weekday)
        )


@st.composite
def field(draw, low, high, wide=False):
    """The text of a field and the numbers it names. `wide` leaves out what names few of them."""
    kind = draw(st.sampled_from(["*", "*/", "-", "-/"] if wide else ["*", "1", ",", "*/", "-", "-/"]))
    if kind == "*":
        return "*", set(range(low, high + 1))
    if kind == "1":
        value = draw(st.integers(low, high))
        return str(value), {value}
    if kind == ",":
        values = draw(st.sets(st.integers(low, high), min_size=1, max_size=5))
        return ",".join(map(str, values)), values
    step = draw(st.integers(1, high - low + 1)) if "/" in kind else 1
    if kind == "*/":
        return f"*/{step}", set(range(low, high + 1, step))
    first, last = sorted(draw(st.tuples(st.integers(low, high), st.integers(low, high))))
    return f"{first}-{last}" + (f"/{step}" if kind == "-/" else ""), set(range(first, last + 1, step))


@st.composite
def hours_near(draw, hour):
    """A field of fixed hours, some of them within three hours of a change of the clock."""
    hours = {(hour + shift) % 24 for shift in draw(st.sets(st.integers(-3, 3), min_size=1))}
    return ",".join(map(str, hours)), hours


def mostly_any(low, high):
    any_value = st.just(("*", set(range(low, high + 1))))
    return st.one_of(any_value, any_value, any_value, field(low, high, wide=True))


@st.composite
def schedules(draw, near, with_seconds=False):
    """Schedules that fire on most days, often in the hours near one."""
    seconds, minutes = draw(field(0, 59)), draw(field(0, 59))
    hours = draw(st.one_of(hours_near(near), hours_near(near), field(0, 23)))
    days, months, weekdays = draw(mostly_any(1, 31)), draw(mostly_any(1, 12)), draw(mostly_any(0, 6))
    parts = [minutes, hours, days, months, weekdays]
    if with_seconds:
        parts.insert(0, seconds)
    return Sets(
        " ".join(text for text, _ in parts),
        seconds[1] if with_seconds else {0},
        *(numbers for _, numbers in (minutes, hours, days, months, weekdays)),
        either=days[0][0] != "*" and weekdays[0][0] != "*",
        elapsed="*" in hours[0] or "/" in hours[0] or len(hours[1]) == 24,
    )


def scan(sets, zone, begin, end, tick):
    """Every fire from `begin` to before `end`, by looking at the clock each `tick` seconds."""
    fires = []
    before = (begin - timedelta(seconds=tick)).astimezone(zone)
    instant = begin
    while instant < end:
        wall = instant.astimezone(zone)
        if sets.elapsed:
            fire = sets.matches(wall)
        else:
            skipped = before.replace(tzinfo=None) + timedelta(seconds=tick)
            fire = wall.fold == 0 and sets.matches(wall)
            while not fire and skipped < wall.replace(tzinfo=None):
                fire = sets.matches(skipped)
                skipped += timedelta(seconds=tick)
        if fire:
            fires.append(int(instant.timestamp()) * 1000)
        before = wall
        instant += timedelta(seconds=tick)
    return fires


def check(sets, zone_name, begin, end, tick, points):
    if not possible(sets):
        return
    schedule = parse(sets.text, zone_name)
    fires = scan(sets, reference(zone_name), begin, end, tick)
    after, until = int(begin.timestamp()) * 1000 - 1, int(end.timestamp()) * 1000 - 1
    assert schedule.between(after, until, 10**6) == fires
    assert schedule.count(after, until) == len(fires)
    for point in points:
        assert schedule.count(after, point) == sum(fire <= point for fire in fires)
        assert schedule.count(point, until) == sum(fire > point for fire in fires)
        assert schedule.between(point, until, 1) == [fire for fire in fires if fire > point][:1]
        last = schedule.previous(point)
        assert [last] * (last is not None and last > after) == [fire for fire in fires if fire < point][-1:]
    backwards, before = [], until + 1
    while (fire := schedule.previous(before)) is not None and fire > after:
        backwards.insert(0, before := fire)
    assert backwards == fires


def possible(sets):
    """Whether some date matches: one that never does is refused, and tested elsewhere."""
    if sets.either:
        return True
    longest = max(calendar.monthrange(2024, month)[1] for month in sets.months)
    return any(
        date(year, month, day).isoweekday() % 7 in sets.weekdays
        for year in range(1972, 2028)
        for month in sets.months
        for day in sets.days
        if day <= min(longest, calendar.monthrange(year, month)[1])
    )


def check_around(zone, change, reach, tick, data, with_seconds=False):
    middle = datetime.fromisoformat(change).replace(tzinfo=UTC)
    hour = middle.astimezone(reference(zone)).hour
    sets = data.draw(schedules(hour, with_seconds))
    instant = int(middle.timestamp()) * 1000
    shifts = data.draw(st.lists(st.integers(-3_600_000, 3_600_000), min_size=5, max_size=5))
    check(
        sets, zone, middle - reach, middle + reach, tick, [instant + shift for shift in (-1, 0, 1, *shifts)]
    )


@pytest.mark.parametrize(("zone", "change"), CHANGES)
@settings(max_examples=40, deadline=None, derandomize=True)
@given(data=st.data())
def test_each_minute_around_a_change_of_the_clock(zone, change, data):
    check_around(zone, change, timedelta(hours=14), 60, data)


@pytest.mark.parametrize(
    ("zone", "change"),
    [*CHANGES[:6], ("Africa/Monrovia", "1972-01-07 00:44:30")],  # 44 minutes and 30 seconds forth
)
@settings(max_examples=15, deadline=None, derandomize=True)
@given(data=st.data())
def test_each_second_around_a_change_of_the_clock(zone, change, data):
    check_around(zone, change, timedelta(minutes=70), 1, data, with_seconds=True)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    sets=schedules(12),
    zone=st.sampled_from(sorted({zone for zone, _ in CHANGES})),
    start=st.datetimes(datetime(1971, 1, 1), datetime(2099, 1, 1)),
    cut=st.floats(0, 1),
)
def test_the_dates_of_a_year(sets, zone, start, cut):
    """A scan of whole years at noon: leap days, month ends, and how the day fields combine."""
    sets.minutes, sets.hours, sets.elapsed = {30}, {12}, False
    sets.text = " ".join(["30", "12", *sets.text.split()[2:]])
    zone_info = reference(zone)
    first = start.replace(hour=0, minute=0, second=0, microsecond=0)
    if not possible(sets) or zone == "Pacific/Apia":
        return
    walls = (first + timedelta(days=n, hours=12, minutes=30) for n in range(800))
    fires = [
        int(wall.replace(tzinfo=zone_info).timestamp()) * 1000
        for wall in walls
        if wall.year < 2100 and sets.matches(wall)
    ]
    schedule = parse(sets.text, zone)
    after = int(first.replace(tzinfo=zone_info).timestamp()) * 1000
    until = int((first + timedelta(days=800)).replace(tzinfo=zone_info).timestamp()) * 1000
    assert schedule.between(after, until, 1000) == fires
    assert schedule.count(after, until) == len(fires)
    middle = after + round((until - after) * cut)
    assert schedule.count(after, middle) == sum(fire <= middle for fire in fires)
