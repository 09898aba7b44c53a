"""Fires against cronsim, an independent implementation.

Where it differs, it is not asked: it repeats fixed times of expressions with seconds in the autumn, leaves a
`*` minute of a fixed hour out of the spring gap, reads `1/2` as a weekday up to Sunday as 7, and `3-3/2` as
`3/2`.
"""

import itertools
from datetime import UTC, datetime

import pytest
from cronsim import CronSim, CronSimError
from hypothesis import given, settings
from hypothesis import strategies as st

from app.common.errors import ScheduleError
from app.common.schedule import parse
from tests.unit.common.tz_reference import reference


def numbers(low, high, steps=True):
    """A list of numbers, ranges and ranges with steps."""
    number = st.integers(low, high).map(str)
    pair = st.lists(st.integers(low, high), min_size=2, max_size=2, unique=True).map(sorted)
    span = pair.map(lambda ends: f"{ends[0]}-{ends[1]}")
    stepped = st.tuples(span, st.integers(1, high)).map(lambda parts: f"{parts[0]}/{parts[1]}")
    items = st.one_of(number, span, stepped) if steps else st.one_of(number, span)
    return st.lists(items, min_size=1, max_size=4).map(",".join)


def star(high):
    return st.one_of(st.just("*"), st.integers(1, high).map(lambda step: f"*/{step}"))


DAYS = st.one_of(numbers(1, 31), star(31), st.just("*"), st.sampled_from(["L", "LW", "1,L", "LW,15"]))
MONTHS = st.one_of(
    st.just("*"), st.just("*"), numbers(1, 12), star(12), st.sampled_from(["JAN", "JUN", "DEC"])
)
WEEKDAYS = st.one_of(
    numbers(0, 6),
    star(6),
    st.just("*"),
    st.sampled_from(["MON", "5L", "6#5", "1#1", "0L", "7#2", "1,5L", "7"]),
)
DATES = st.tuples(DAYS, MONTHS, WEEKDAYS).map(" ".join)
FIXED = st.tuples(numbers(0, 59), numbers(0, 23, steps=False), DATES).map(" ".join)
SECONDS = MINUTES = st.one_of(numbers(0, 59), star(59))
HOURS = st.one_of(numbers(0, 23), star(23))
ELAPSED = st.tuples(MINUTES, star(23), DATES).map(" ".join)
WITH_SECONDS = st.tuples(SECONDS, MINUTES, HOURS, DATES).map(" ".join)
END_MS = 4_102_444_800_000  # 2100
STARTS = st.datetimes(datetime(1999, 1, 1), datetime(2040, 1, 1))


def same_fires(expression, zone, start, count, backwards=False):
    start = start.replace(microsecond=0, tzinfo=reference(zone) if zone != "UTC" else UTC)
    try:
        independent = CronSim(expression, start, reverse=backwards)
        expected = [int(fire.timestamp()) * 1000 for fire in itertools.islice(independent, count * 3)]
    except CronSimError:
        with pytest.raises(ScheduleError):
            parse(expression, zone)
        return
    expected = [fire for fire, _ in itertools.groupby(expected) if fire < END_MS][:count]
    if not expected:  # it gives up after 50 years
        return
    schedule = parse(expression, zone)
    step = schedule.previous if backwards else schedule.next
    fires, now = [], int(start.timestamp()) * 1000
    while len(fires) < len(expected):
        now = step(now)
        fires.append(now)
    assert fires == expected


@settings(max_examples=250, deadline=None, derandomize=True)
@given(expression=st.one_of(FIXED, ELAPSED, WITH_SECONDS), start=STARTS, backwards=st.booleans())
def test_the_next_and_previous_fires_in_utc_equal_those_of_an_independent_implementation(
    expression, start, backwards
):
    same_fires(expression, "UTC", start, 25, backwards)


@settings(max_examples=120, deadline=None, derandomize=True)
@given(
    expression=st.one_of(FIXED, ELAPSED),
    zone=st.sampled_from(["Europe/Berlin", "America/New_York", "Asia/Shanghai"]),
    start=STARTS,
)
def test_fires_in_a_zone_equal_those_of_an_independent_implementation(expression, zone, start):
    same_fires(expression, zone, start, 40)


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "America/Santiago"])
@pytest.mark.parametrize("expression", ["30 2 * * *", "0 0 * * *", "15 1,2,3 * * 0", "0 * * * *"])
def test_three_years_of_daylight_saving_equal_those_of_an_independent_implementation(expression, zone):
    same_fires(expression, zone, datetime(2024, 1, 1), 3 * 366)


@pytest.mark.parametrize(
    ("expression", "fires"),
    [
        ("0 0 29 2 *", ["2024-02-29", "2028-02-29", "2032-02-29"]),
        ("0 0 29 2 */7", ["2032-02-29", "2060-02-29", "2088-02-29"]),
        ("0 0 31 * *", ["2023-12-31", "2024-01-31", "2024-03-31"]),
        ("0 0 L 2 *", ["2024-02-29", "2025-02-28", "2026-02-28"]),
        ("0 0 0 1 1 * 2030,2099", ["2030-01-01", "2099-01-01"]),
        ("@yearly", ["2024-01-01", "2025-01-01", "2026-01-01"]),
        ("@weekly", ["2023-12-31", "2024-01-07", "2024-01-14"]),
        ("0 0 15W * *", ["2024-01-15", "2024-02-15", "2024-03-15"]),
        ("0 0 31W 6 *", ["2024-06-28", "2025-06-30", "2026-06-30"]),
    ],
)
def test_dates_looked_up_in_a_calendar(expression, fires):
    after = int(datetime(2023, 12, 30, tzinfo=UTC).timestamp()) * 1000
    found = parse(expression).between(after, 10**14, 3)
    assert [datetime.fromtimestamp(fire / 1000, UTC).isoformat() for fire in found] == [
        f"{day}T00:00:00+00:00" for day in fires
    ]


def test_all_hours_named_one_by_one_follow_elapsed_time_as_a_star_does():
    start, end = (int(datetime(year, 1, 1, tzinfo=UTC).timestamp()) * 1000 for year in (2025, 2026))
    star = parse("15 * * * *", "Europe/Berlin").between(start, end, 10_000)
    assert parse("15 0-23 * * *", "Europe/Berlin").between(start, end, 10_000) == star
    assert {b - a for a, b in itertools.pairwise(star)} == {3_600_000}
