"""Fires by minute of many schedules, against walking each of them."""

from datetime import UTC, datetime, timedelta

import pytest

from app.common.schedule import parse
from app.common.schedule.load import fires_by_minute

EXPRESSIONS = (
    "* * * * *",
    "*/15 * * * *",
    "30 2 * * *",
    "0,30 1-3 * * *",
    "5 */2 * * *",
    "0 0 * * 1-5",
    "0 3 L * *",
    "*/20 30 * * * *",
    "* * 2 * * *",
    "0 0 5 29 3 ? 2026",
    "@every 7m",
    "@every 45s",
    "@every 1d",
)
ZONES = ("UTC", "Asia/Shanghai", "Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe")
MINUTES = 51 * 60


def ms(text: str) -> int:
    return round(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


def walked(schedules, start: int) -> list[int]:
    counts = [0] * MINUTES
    for schedule in schedules:
        for fire in schedule.between(start - 1, start + MINUTES * 60_000 - 1, 400_000):
            counts[(fire - start) // 60_000] += 1
    return counts


# An ordinary day, both clock changes of Berlin, New York and Lord Howe (half an hour), and a month's end.
@pytest.mark.parametrize(
    "start",
    [
        "2026-06-17T11:23",
        "2026-03-28T12:00",
        "2026-10-24T12:00",
        "2026-03-07T09:59",
        "2026-10-31T09:59",
        "2026-04-03T20:00",
        "2026-10-02T20:00",
        "2026-03-29T01:00",
        "2026-10-25T01:00",
    ],
)
@pytest.mark.parametrize("zone", ZONES)
def test_each_fire_is_counted_in_its_minute(zone, start):
    schedules = [parse(expression, zone) for expression in EXPRESSIONS]
    begin = ms(start)
    assert fires_by_minute(schedules, begin, MINUTES) == walked(schedules, begin)


def test_schedules_that_are_alike_add_up():
    begin = ms("2026-06-17T11:00")
    schedules = [parse("H * * * *", "UTC", name=f"job-{n}") for n in range(600)] * 2
    counts = fires_by_minute(schedules, begin, MINUTES)
    assert counts == walked(schedules, begin)
    assert sum(counts) == 1200 * 51


@pytest.mark.parametrize("expression", ["* * * * *", "* * * * * *", "@every 10s", "17 4 * * *"])
def test_bounds_cut_to_the_second(expression):
    begin = ms("2026-06-17T11:00")
    first, last = begin + 3_600_000 + 15_000, begin + 30 * 3_600_000 + 500
    schedules = [
        parse(expression, "Europe/Berlin", starts_at_ms=first, ends_at_ms=last),
        parse(expression, "Europe/Berlin", starts_at_ms=first),
        parse(expression, "Europe/Berlin", ends_at_ms=last),
        parse(expression, "Europe/Berlin", ends_at_ms=begin - 1),
        parse(
            expression, "Europe/Berlin", starts_at_ms=begin + timedelta(days=9) // timedelta(milliseconds=1)
        ),
    ]
    assert fires_by_minute(schedules, begin, MINUTES) == walked(schedules, begin)


def test_nothing_makes_nothing():
    assert fires_by_minute([], 0, 3) == [0, 0, 0]
