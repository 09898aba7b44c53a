"""Zones as intervals, the ends of the calendar, and the bounds of a job."""

import itertools
import random
from datetime import UTC, datetime, timedelta

import pytest

from app.common.schedule import parse, zones
from app.common.schedule.wall import END
from tests.unit.common.tz_reference import reference

HOUR = 3_600_000
FIRST_2100 = int(datetime(2100, 1, 1, tzinfo=UTC).timestamp()) * 1000


def offset(info, second):
    return int(datetime.fromtimestamp(second, info).utcoffset().total_seconds())


@pytest.mark.parametrize(
    "name",
    [
        "Europe/Berlin",
        "Africa/Casablanca",
        "America/Boa_Vista",  # two changes within 7 days
        "Asia/Gaza",  # the same, far in the future
        "Australia/Lord_Howe",
        "Pacific/Apia",
        "Antarctica/Troll",
        "Asia/Shanghai",
        "Etc/GMT+12",
    ],
)
def test_offsets_are_those_of_the_database_on_every_day(name):
    zone, info = zones.zone(name), reference(name)
    for second in range(50_400, END - 50_400, 86_400):
        assert zone.offsets[zone.at(second)] == offset(info, second), datetime.fromtimestamp(second, UTC)


def test_every_zone_of_the_database_is_a_chain_of_intervals():
    names = sorted(zones._names().values())
    assert len(names) > 400
    pick = random.Random(7)
    for name in [*pick.sample(names, 60), "UTC", "Asia/Shanghai", "America/Sao_Paulo"]:
        zone, info = zones._from(name, reference(name)), reference(name)
        assert zone.local_starts[0] == 0
        assert zone.local_ends[-1] == END
        assert zone.starts[1:] == zone.ends[:-1]
        assert all(a < b for a, b in itertools.pairwise(zone.local_ends)), "an interval adds no local time"
        for start, after in zip(zone.starts[1:], zone.offsets[1:], strict=True):
            assert offset(info, start) == after != offset(info, start - 1)


@pytest.mark.parametrize("name", ["UTC", "Asia/Shanghai", "America/New_York", "Pacific/Kiritimati"])
def test_the_calendar_begins_with_1970_and_ends_with_2099_in_local_time(name):
    days = 47_482 - (name == "Pacific/Kiritimati")  # which went without the last day of 1994
    schedule, info = parse("0 0 * * *", name), reference(name)
    first, last = schedule.next(-(10**15)), schedule.previous(10**15)
    assert datetime.fromtimestamp(first / 1000, info).isoformat()[:16] == "1970-01-01T00:00"
    assert datetime.fromtimestamp(last / 1000, info).isoformat()[:16] == "2099-12-31T00:00"
    assert schedule.previous(first) is None
    assert schedule.next(last) is None
    assert schedule.count(-(10**15), 10**15) == days
    assert schedule.count(last, 10**15) == 0
    assert schedule.between(last - 1, 10**15, 10) == [last]


def test_the_interval_calendar_has_the_same_ends():
    schedule = parse("@every 1d")
    assert schedule.next(-(10**15)) == 0
    assert schedule.previous(0) is None
    assert schedule.previous(10**15) == FIRST_2100 - 24 * HOUR
    assert schedule.next(FIRST_2100 - 24 * HOUR) is None
    assert schedule.count(-(10**15), 10**15) == 47_482


def test_a_time_between_two_seconds_belongs_to_neither():
    schedule = parse("* * * * * *")
    assert schedule.next(1999) == 2000
    assert schedule.next(2000) == 3000
    assert schedule.previous(2001) == 2000
    assert schedule.previous(2000) == 1000
    assert schedule.count(1999, 2000) == 1
    assert schedule.count(2000, 2999) == 0
    assert schedule.between(0, 10_000, 0) == []


def test_both_bounds_of_a_job_are_inclusive_everywhere():
    start, end = 10 * HOUR, 12 * HOUR
    schedule = parse("0 * * * *", starts_at_ms=start, ends_at_ms=end)
    assert schedule.between(0, 100 * HOUR, 99) == [start, start + HOUR, end]
    assert schedule.next(end) is None
    assert schedule.next(end - 1) == end
    assert schedule.previous(start) is None
    assert schedule.previous(start + 1) == start
    assert schedule.previous(10**15) == end
    assert schedule.count(-(10**15), 10**15) == 3
    assert schedule.count(start, end) == 2
    assert schedule.count(end, 10**15) == 0


def test_bounds_between_two_fires_leave_nothing():
    schedule = parse("0 * * * *", starts_at_ms=HOUR + 1, ends_at_ms=2 * HOUR - 1)
    assert schedule.next(0) is None
    assert schedule.previous(10**15) is None
    assert schedule.count(0, 10**15) == 0


def test_a_second_schedule_counts_ten_years_without_walking_them():
    schedule = parse("* * * * * *", "Europe/Berlin")
    start = int(datetime(2020, 1, 1, tzinfo=UTC).timestamp()) * 1000
    assert schedule.count(start, start + int(timedelta(days=3653).total_seconds()) * 1000) == 3653 * 86_400


def test_a_fire_is_shown_in_local_time_with_the_offset_in_force():
    schedule = parse("30 3 * * *", "Europe/Berlin")
    winter, summer = 1_735_700_000_000, 1_751_400_000_000
    assert schedule.local(schedule.next(winter)).isoformat() == "2025-01-02T03:30:00+01:00"
    assert schedule.local(schedule.next(summer)).isoformat() == "2025-07-02T03:30:00+02:00"
