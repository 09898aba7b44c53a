"""Schedules in words, and what they say about changes of the clock."""

from datetime import UTC, datetime

import pytest

from app.common.schedule import parse

DESCRIPTIONS = [
    ("* * * * *", "Every minute", "每分钟"),
    ("*/15 * * * *", "Every 15 minutes", "每 15 分钟"),
    ("0,30 * * * *", "Every 30 minutes", "每 30 分钟"),
    ("*/2 * * * * *", "Every 2 seconds", "每 2 秒"),
    ("* * * * * *", "Every second", "每秒"),
    ("@hourly", "Every hour", "每小时"),
    ("0 */2 * * *", "Every 2 hours", "每 2 小时"),
    ("@daily", "At 00:00 every day", "每天 00:00"),
    ("30 3 * * 1-5", "At 03:30 on Monday to Friday", "周一至周五 03:30"),
    ("0 8,12 * * 6,0", "At 08:00 and 12:00 on Saturday and Sunday", "周六、周日 08:00、12:00"),
    ("15 30 4 * * *", "At 04:30:15 every day", "每天 04:30:15"),
    ("0 0 1 * *", "At 00:00 on day 1 of the month", "每月 1 日 00:00"),
    ("0 0 L * *", "At 00:00 on the last day of the month", "每月最后一天 00:00"),
    ("0 0 L-3 * *", "At 00:00 on the day 3 days before the last of the month", "每月倒数第 4 天 00:00"),
    (
        "0 0 LW * *",
        "At 00:00 on the last weekday (Monday to Friday) of the month",
        "每月最后一个工作日（周一至周五）00:00",
    ),
    (
        "0 0 15W * *",
        "At 00:00 on the weekday nearest to day 15 of the month",
        "每月离 15 日最近的工作日 00:00",
    ),
    ("0 0 * * 5L", "At 00:00 on the last Friday of the month", "每月最后一个周五 00:00"),
    ("0 9 * * 2#2", "At 09:00 on the second Tuesday of the month", "每月第二个周二 09:00"),
    ("0 0 13 * 5", "At 00:00 on day 13 of the month or on Friday", "每月 13 日或周五 00:00"),
    (
        "0 0 */2 * 1",
        "At 00:00 on days 1, 3, 5, ..., 31 of the month if that is Monday",
        "每月 1、3、5……31 日且为周一 00:00",
    ),
    ("0 0 1 1 *", "At 00:00 on day 1 of the month in January", "1 月的 1 日 00:00"),
    ("0 0 * 6-8 *", "At 00:00 every day in June to August", "6 至 8 月每天 00:00"),
    ("0 0 0 1 1 * 2030", "At 00:00 on day 1 of the month in January of 2030", "2030 年 1 月的 1 日 00:00"),
    ("*/10 * * 3 *", "Every 10 minutes in March", "3 月，每 10 分钟"),
    ("0 9-17 * * *", "Every hour from 09:00 to 17:00", "09:00 至 17:00 每小时"),
    (
        "*/15 9-17 * * 1-5",
        "Every 15 minutes from 09:00 to 17:45 on Monday to Friday",
        "周一至周五，09:00 至 17:45 每 15 分钟",
    ),
    ("* 2 * * *", "Every minute from 02:00 to 02:59", "02:00 至 02:59 每分钟"),
    ("@every 30s", "Every 30 seconds", "每 30 秒"),
    (
        "@every 1h30m",
        "Every 1 hour 30 minutes, counted from 1970-01-01 00:00 UTC",
        "每 1 小时 30 分钟（自 1970-01-01 00:00 UTC 起算）",
    ),
    ("@every 1d", "Every day, counted from 1970-01-01 00:00 UTC", "每天（自 1970-01-01 00:00 UTC 起算）"),
    # A step that does not go on evenly over the hour is no "every 7 minutes".
    ("*/7 * * * *", "At minutes 0, 7, 14, ..., 56 of every hour", "每小时的第 0、7、14……56 分"),
    ("5 * * * *", "At minute 5 of every hour", "每小时的第 5 分"),
    ("15 * * * * *", "At second 15 of every minute", "每分钟的第 15 秒"),
    ("* 5 * * * *", "Every second of minute 5 of every hour", "每小时的第 5 分的每秒"),
    ("10,20 1,3,5,7 * * *", "At minutes 10 and 20 of hours 1, 3, 5 and 7", "1、3、5、7 时的第 10、20 分"),
    (
        "0 */5 * * *",
        "At 00:00, 05:00, 10:00, 15:00 and 20:00 every day",
        "每天 00:00、05:00、10:00、15:00、20:00",
    ),
]


@pytest.mark.parametrize(("expression", "english", "chinese"), DESCRIPTIONS)
def test_description(expression, english, chinese):
    schedule = parse(expression, "Europe/Berlin")
    assert schedule.describe() == english
    assert schedule.describe("zh-CN") == chinese


def test_a_hash_is_described_by_the_times_it_stands_for():
    schedule = parse("H H * * *", name="backup")
    fire = datetime.fromtimestamp(schedule.next(0) / 1000, UTC)
    assert schedule.describe() == f"At {fire:%H:%M} every day"


def test_bounds_are_part_of_the_description_in_local_time():
    start, end = datetime(2030, 1, 31, 8, tzinfo=UTC), datetime(2030, 7, 1, 8, tzinfo=UTC)
    schedule = parse(
        "@daily",
        "Europe/Berlin",
        starts_at_ms=int(start.timestamp() * 1000),
        ends_at_ms=int(end.timestamp() * 1000),
    )
    assert (
        schedule.describe()
        == "At 00:00 every day, not before 2030-01-31 09:00:00, not after 2030-07-01 10:00:00"
    )
    assert schedule.describe("zh") == "每天 00:00，不早于 2030-01-31 09:00:00，不晚于 2030-07-01 10:00:00"


def notes(expression, zone, year, language="en", **bounds):
    begin, end = (int(datetime(y, 1, 1, tzinfo=UTC).timestamp()) * 1000 for y in (year, year + 1))
    return parse(expression, zone, **bounds).dst_notes(begin, end, language)


NOTES = [
    (
        "30 2 * * *",
        "Europe/Berlin",
        2025,
        [
            "2025-03-30: 02:30 does not exist in Europe/Berlin; runs at 03:00 instead",
            "2025-10-26: 02:30 comes twice in Europe/Berlin; runs the first time only",
        ],
    ),
    (
        "*/15 2 * * *",
        "Europe/Berlin",
        2025,
        [
            "2025-03-30: 02:00, 02:15, 02:30 and 02:45 do not exist in Europe/Berlin; "
            "runs once at 03:00 instead",
            "2025-10-26: 02:00, 02:15, 02:30 and 02:45 come twice in Europe/Berlin; runs the first time only",
        ],
    ),
    (
        "* 2 * * *",
        "America/New_York",
        2025,
        [
            "2025-03-09: 02:00 to 02:59 (60 times) do not exist in America/New_York; "
            "runs once at 03:00 instead",
        ],
    ),
    (
        "0 2,3 * * *",
        "Europe/Berlin",
        2025,
        [
            "2025-03-30: 02:00 does not exist in Europe/Berlin; the run at 03:00 stands for it too",
            "2025-10-26: 02:00 comes twice in Europe/Berlin; runs the first time only",
        ],
    ),
    (
        "0 */2 * * *",
        "Europe/Berlin",
        2025,
        [
            "2025-03-30: 02:00 does not exist in Europe/Berlin; no run then",
            "2025-10-26: 02:00 comes twice in Europe/Berlin; runs both times",
        ],
    ),
    ("*/15 * * * *", "Europe/Berlin", 2025, []),
    ("0 * * * *", "Europe/Berlin", 2025, []),
    ("0 3 * * *", "Europe/Berlin", 2025, []),
    ("30 2 * * 1-5", "Europe/Berlin", 2025, []),
    ("30 2 * * *", "Asia/Shanghai", 2025, []),
    ("@every 7m", "Europe/Berlin", 2025, []),
    (
        "0 * * * *",
        "Australia/Lord_Howe",
        2025,
        ["2025-10-05: 02:00 does not exist in Australia/Lord_Howe; no run then"],
    ),
    (
        "0 0 * * *",
        "America/Santiago",
        2025,
        ["2025-09-07: 00:00 does not exist in America/Santiago; runs at 01:00 instead"],
    ),
    (
        "0 12 * * *",
        "Pacific/Apia",
        2011,
        ["2011-12-30: 12:00 does not exist in Pacific/Apia; runs at 2011-12-31 00:00 instead"],
    ),
]


@pytest.mark.parametrize(("expression", "zone", "year", "expected"), NOTES)
def test_notes_on_changes_of_the_clock(expression, zone, year, expected):
    assert notes(expression, zone, year) == expected
    assert len(notes(expression, zone, year, "zh")) == len(expected)


def test_notes_in_chinese():
    assert notes("30 2 * * *", "Europe/Berlin", 2025, "zh") == [
        "2025-03-30：Europe/Berlin 没有 02:30；改在 03:00 执行",
        "2025-10-26：在 Europe/Berlin 出现两次 02:30；只在第一次执行",
    ]


def test_notes_keep_to_the_range_and_to_the_bounds_of_the_job():
    spring, autumn = 1_743_296_400_000, 1_761_440_400_000  # the changes in Berlin in 2025
    schedule = parse("30 2 * * *", "Europe/Berlin")
    assert len(schedule.dst_notes(spring, autumn)) == 2
    assert len(schedule.dst_notes(spring, autumn - 1)) == 1
    assert len(schedule.dst_notes(spring + 1, autumn - 1)) == 0
    assert len(notes("30 2 * * *", "Europe/Berlin", 2025, starts_at_ms=spring + 1000)) == 1
    assert (
        notes("30 2 * * *", "Europe/Berlin", 2025, starts_at_ms=spring + 1, ends_at_ms=autumn - 3_600_000)
        == []
    )
    # The first 02:30 of the autumn is before the job starts; the second never fires.
    assert notes("30 2 * * *", "Europe/Berlin", 2025, starts_at_ms=autumn - 1000) == []
