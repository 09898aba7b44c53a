"""What each piece of a cron expression means, and how bad ones are refused."""

import itertools
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.common.errors import ScheduleError
from app.common.schedule import Schedule, parse
from app.common.schedule.expression import MACROS, clean, parse_fields

WEEK = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")


def fields(expression, name=""):
    return parse_fields(clean(expression), name)


def days_of(expression, first_weekday, length):
    """The days that match in a month that starts on a weekday (Sunday is 0) and has a length."""
    mask = fields(f"0 0 {expression}").rule.mask(first_weekday, length)
    return [day for day in range(1, length + 1) if mask >> day & 1]


@pytest.mark.parametrize(
    ("item", "minutes"),
    [
        ("*", range(60)),
        ("7", [7]),
        ("07", [7]),
        ("5,10,59", [5, 10, 59]),
        ("10-15", range(10, 16)),
        ("5-5", [5]),
        ("*/15", [0, 15, 30, 45]),
        ("*/7", [0, 7, 14, 21, 28, 35, 42, 49, 56]),
        ("*/70", [0]),
        ("10/20", [10, 30, 50]),
        ("59/5", [59]),
        ("10-30/10", [10, 20, 30]),
        ("55-5", [0, 1, 2, 3, 4, 5, 55, 56, 57, 58, 59]),
        ("50-10/10", [0, 10, 50]),
        ("22-4/7", [22, 29, 36, 43, 50, 57, 4]),
        ("1-3,2-4,*/30", [0, 1, 2, 3, 4, 30]),
    ],
)
def test_minutes(item, minutes):
    assert fields(f"{item} * * * *").minutes == frozenset(minutes)


@pytest.mark.parametrize(
    ("item", "weekdays"),
    [
        ("1-5", "MON TUE WED THU FRI"),
        ("mon-fri", "MON TUE WED THU FRI"),
        ("SUN,Sat", "SUN SAT"),
        ("0", "SUN"),
        ("7", "SUN"),
        ("5-7", "FRI SAT SUN"),
        ("0-7", "SUN MON TUE WED THU FRI SAT"),
        ("7-7", "SUN"),
        ("7-0", "SUN"),
        ("fri-mon", "FRI SAT SUN MON"),
        ("fri-tue/2", "FRI SUN TUE"),
        ("1-7/2", "MON WED FRI SUN"),
        ("1/2", "MON WED FRI"),
        ("*/2", "SUN TUE THU SAT"),
    ],
)
def test_weekdays(item, weekdays):
    assert {WEEK[day] for day in fields(f"0 0 * * {item}").rule.weekdays} == set(weekdays.split())


@pytest.mark.parametrize(
    ("item", "months"),
    [
        ("jan", [1]),
        ("NOV-feb", [11, 12, 1, 2]),
        ("*/5", [1, 6, 11]),
        ("11-4/2", [11, 1, 3]),
        ("2/4", [2, 6, 10]),
    ],
)
def test_months(item, months):
    assert fields(f"0 0 1 {item} *").rule.months == frozenset(months)


@pytest.mark.parametrize(
    ("days", "expected"),
    [  # in a month of 30 days that starts on a Saturday
        ("L * *", [30]),
        ("L-3 * *", [27]),
        ("1,L * *", [1, 30]),
        ("28-2 * *", [1, 2, 28, 29, 30]),
        ("31 * *", []),
        ("15W * *", [14]),
        ("1W * *", [3]),
        ("16W * *", [17]),
        ("12W * *", [12]),
        ("30W * *", [28]),
        ("31W * *", [28]),
        ("LW * *", [28]),
        ("LW,5 * *", [5, 28]),
        ("* * 5L", [28]),
        ("* * FRIL", [28]),
        ("* * L5", [28]),
        ("* * 0L", [30]),
        ("* * 7L", [30]),
        ("* * 6#5", [29]),
        ("* * fri#5", []),
        ("* * 1#1,1#3", [3, 17]),
        ("* * 7#5", [30]),
        ("* * 1#1,6", [1, 3, 8, 15, 22, 29]),
        ("? * 2", [4, 11, 18, 25]),
        ("10 * ?", [10]),
    ],
)
def test_days_that_depend_on_the_month(days, expected):
    assert days_of(days, first_weekday=6, length=30) == expected


def test_either_of_two_restricted_day_fields_is_enough():
    assert days_of("13 * 5", first_weekday=6, length=30) == [7, 13, 14, 21, 28]
    assert days_of("L * 5#1", first_weekday=6, length=30) == [7, 30]


@pytest.mark.parametrize("days", ["*/2 * 1", "1-31/2 * */1", "*,1 * 1"])
def test_a_day_field_that_starts_with_a_star_leaves_both_to_match_as_in_debian_cron(days):
    expected = {"*/2 * 1": [3, 17], "1-31/2 * */1": list(range(1, 31, 2)), "*,1 * 1": [3, 10, 17, 24]}
    assert days_of(days, first_weekday=6, length=30) == expected[days]


def test_five_six_and_seven_fields():
    five, six, seven = fields("1 2 3 4 *"), fields("9 1 2 3 4 *"), fields("9 1 2 3 4 * 2030-2031")
    assert five.seconds == {0}
    assert six.seconds == seven.seconds == {9}
    assert five.minutes == six.minutes == seven.minutes == {1}
    assert five.rule.years is None
    assert seven.rule.years == {2030, 2031}
    assert fields("0 0 0 1 1 * 2096/2").rule.years == {2096, 2098}


@pytest.mark.parametrize("macro", MACROS)
def test_macros_stand_for_their_fields_whatever_the_name_of_the_job(macro):
    spelled = {"@hourly": "0 * * * *", "@weekly": "0 0 * * 0", "@monthly": "0 0 1 * *"}
    spelled |= dict.fromkeys(("@daily", "@midnight"), "0 0 * * *")
    spelled |= dict.fromkeys(("@yearly", "@annually"), "0 0 1 1 *")
    assert fields(macro.upper(), "some job") == fields(spelled[macro])


def test_a_hash_is_stable_and_spreads_over_the_whole_field():
    assert parse("H H * * *", name="backup").next(0) == parse("H H * * *", name="backup").next(0)
    assert fields("H H H * *", "backup").minutes == {zlib.crc32(b"backup") % 60}
    assert fields("H H H * *", "backup").hours == {(zlib.crc32(b"backup") >> 1) % 24}
    names = [f"job-{number}" for number in range(2000)]
    assert {min(fields("H * * * *", name).minutes) for name in names} == set(range(60))
    assert {min(fields("0 0 H * *", name).rule.days) for name in names} == set(range(1, 29))
    assert {min(fields("H(10-19) * * * *", name).minutes) for name in names} == set(range(10, 20))


def test_a_hash_with_a_step_keeps_the_step():
    for name in ("a", "b", "c"):
        minutes = sorted(fields("H/15 * * * *", name).minutes)
        assert len(minutes) == 4
        assert {b - a for a, b in itertools.pairwise(minutes)} == {15}
        assert len(fields("H(0-29)/10,45 * * * *", name).minutes) == 4


@pytest.mark.parametrize(
    ("expression", "seconds"),
    [("30s", 30), ("5m", 300), ("1h30m", 5400), ("1d", 86_400), ("1d1h1m1s", 90_061), ("90s", 90)],
)
def test_every_fires_at_multiples_since_the_epoch(expression, seconds):
    schedule = parse(f"@every {expression}", "Europe/Berlin")
    now = 1_763_800_000_123
    fires = schedule.between(now, now + 10**12, 3)
    assert fires[0] > now >= fires[0] - seconds * 1000
    assert [fire % (seconds * 1000) for fire in fires] == [0, 0, 0]
    assert fires[1] - fires[0] == fires[2] - fires[1] == seconds * 1000
    assert schedule.count(now, fires[2]) == 3
    assert schedule.previous(fires[2]) == fires[1]


def test_spaces_tabs_and_case_do_not_matter():
    assert parse(" 0\t 12  * * MON ") == parse(" 0\t 12  * * MON ")
    assert fields(" 0\t 12  * * MON ") == fields("0 12 * * 1")


def test_jobs_with_the_same_expression_and_zone_share_their_core():
    one, two = parse("*/5 * * * thu", name="one"), parse("*/5 * * * thu", name="two")
    assert one._fires is two._fires
    assert parse("H * * * *", name="one")._fires is not parse("H * * * *", name="two")._fires


BAD = [
    ("0 0 30 2 *", "never fires"),
    ("0 0 31 4,6,9,11 *", "never fires"),
    ("0 0 0 29 2 * 2031", "never fires"),
    ("0 0 31 2 */2", "never fires"),
    ("0 0 29 2 mon#1", None),
    ("*/0 * * * *", "minute: '*/0' has a step of 0; the smallest step is 1"),
    ("0 1-5/0 * * *", "hour: '1-5/0' has a step of 0"),
    ("60 * * * *", "minute: 60 is out of range; allowed are 0 to 59"),
    ("60 * * * * *", "second: 60 is out of range"),
    ("0 24 * * *", "hour: 24 is out of range; allowed are 0 to 23"),
    ("0 0 0 * *", "day of month: 0 is out of range; allowed are 1 to 31"),
    ("0 0 32 * *", "day of month: 32 is out of range"),
    ("0 0 * 13 *", "month: 13 is out of range; allowed are 1 to 12 or JAN to DEC"),
    ("0 0 * 0 *", "month: 0 is out of range"),
    ("0 0 * * 8", "day of week: 8 is out of range; allowed are 0 to 7 or SUN to SAT"),
    ("0 0 * january *", "month: 'january' is not understood"),
    ("0 0 * * mon-xyz", "day of week: 'mon-xyz' is not understood"),
    ("5-99 * * * *", "minute: 99 is out of range"),
    ("-5 * * * *", "minute: '-5' is not understood"),
    ("1,,2 * * * *", "minute: has an empty item; remove the extra comma"),
    ("1, * * * *", "minute: has an empty item"),
    ("1.5 * * * *", "minute: '1.5' is not understood"),
    ("*/x * * * *", "minute: '*/x' is not understood"),
    ("*/5/2 * * * *", "minute: '*/5/2' is not understood"),
    ("L * * * *", "minute: 'l' is not understood"),
    ("? * * * *", "minute: '?' is not understood"),
    ("0 0 ?,3 * *", "day of month: '?' must stand alone"),
    ("0 0 W * *", "day of month: 'w' is not understood"),
    ("0 0 0W * *", "day of month: '0w' is out of range; allowed are 1W to 31W"),
    ("0 0 1-15W * *", "day of month: '1-15w' is not understood"),
    ("0 0 L-31 * *", "day of month: 'l-31' is out of range"),
    ("0 0 * * L", "day of week: 'L' needs a day before it; 5L is the last Friday of the month"),
    ("0 0 * * 5#6", "day of week: '5#6' is out of range"),
    ("0 0 * * 5#0", "day of week: '5#0' is out of range"),
    ("0 0 * * 9#1", "day of week: 9 is out of range"),
    ("0 0 * * xyzL", "day of week: 'xyz' is not understood"),
    ("R * * * *", "minute: 'r' is not supported"),
    ("0 0 0 1 1 * H", "year: 'h' is not supported"),
    ("H(5-99) * * * *", "minute: 99 is out of range"),
    ("H/0 * * * *", "minute: 'h/0' has a step of 0"),
    ("0 0 0 1 1 * 2100", "year: 2100 is out of range; allowed are 1970 to 2099"),
    ("0 0 0 1 1 * 1969", "year: 1969 is out of range"),
    ("", "must not be empty"),
    ("   ", "must not be empty"),
    ("*", "has 1 field; needs 5"),
    ("* * * *", "has 4 fields; needs 5 (minute, hour, day of month, month, day of week), 6 (second first)"),
    ("* * * * * * * *", "has 8 fields"),
    ("@reboot", "@reboot is not supported"),
    ("@fortnightly", "'@fortnightly' is not known; known are @hourly, @daily"),
    ("@daily extra", "'@daily' is not known"),
    ("@every", "is not an interval; write it as @every 30s"),
    ("@every 5", "is not an interval"),
    ("@every 1m1h", "is not an interval"),
    ("@every 0s", "at least 1s"),
    ("@every 1.5h", "is not an interval"),
    ("@every 999999999d", "never fires before 2100"),
    ("0," * 5000 + "0 * * * *", "has 10009 characters; 1024 are allowed"),
    ("0 0 * * *\n", "character 10 ('\\n') is a control character"),
    ("0 0\x00* * *", "character 4 ('\\x00') is a control character"),
    ("0 ５ * * *", "character 3 ('５') is not an ASCII character"),
    ("0 0 * *\u00a0*", "is not an ASCII character"),
]


@pytest.mark.parametrize(("expression", "words"), BAD)
def test_a_bad_expression_is_refused_in_words_that_name_the_field(expression, words):
    if words is None:
        assert parse(expression).next(0) is not None
        return
    with pytest.raises(ScheduleError) as refused:
        parse(expression)
    assert refused.value.field == "cronExpr"
    assert words in refused.value.message


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("Mars/Olympus", "unknown time zone 'Mars/Olympus'; use an IANA name such as Asia/Shanghai"),
        ("asia/shanghai", "did you mean Asia/Shanghai?"),
        ("", "unknown time zone"),
        ("../../etc/passwd", "unknown time zone"),
        ("/etc/localtime", "unknown time zone"),
        ("localtime", "unknown time zone"),  # the host's own: another one on each host
        ("right/UTC", "unknown time zone"),  # counts leap seconds
        ("Asia", "unknown time zone"),
        ("UTC\x00", "unknown time zone"),
        ("Ａsia/Shanghai", "unknown time zone"),
    ],
)
@pytest.mark.parametrize("expression", ["* * * * *", "@every 5m"])
def test_an_unknown_zone_is_refused(expression, name, words):
    with pytest.raises(ScheduleError) as refused:
        parse(expression, name)
    assert refused.value.field == "timezone"
    assert words in refused.value.message


PIECES = st.sampled_from(
    [
        *"0123456789*/-,#?LWHR() @.",
        "mon",
        "jan",
        "7",
        "31",
        "@every ",
        "1h",
        "L-",
        "99999999999999999999",
        "\t",
    ]
)


@settings(max_examples=1500, deadline=None, derandomize=True)
@given(
    st.one_of(
        st.text(max_size=40),
        st.lists(PIECES, max_size=30).map("".join),
        st.lists(st.lists(PIECES, min_size=1, max_size=5).map("".join), min_size=5, max_size=7).map(" ".join),
    ),
    st.text(max_size=5),
)
def test_no_text_gets_another_answer_than_a_schedule_or_a_refusal(expression, name):
    try:
        schedule = parse(expression, name=name)
    except ScheduleError:
        return
    assert isinstance(schedule, Schedule)
    first = schedule.next(-(10**12))
    assert first is not None
    assert schedule.previous(first) is None
    assert schedule.describe("en")
    assert schedule.describe("zh")


# Sharing


def test_jobs_with_the_same_expression_and_zone_share_one_schedule():
    one, two = parse("7 3 * * *", "Asia/Shanghai", name="a"), parse("7 3 * * *", "Asia/Shanghai", name="b")
    assert one is two
    assert parse("7 3 * * *", "UTC", name="a") != one


def test_what_depends_on_the_name_or_has_bounds_is_a_jobs_own():
    assert parse("H * * * *", name="a").next(0) != parse("H * * * *", name="b").next(0)
    free = parse("7 3 * * *")
    assert parse("7 3 * * *", ends_at_ms=1).next(0) is None
    assert parse("7 3 * * *", starts_at_ms=10**12).next(0) > free.next(0)
