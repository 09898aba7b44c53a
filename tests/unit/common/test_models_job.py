"""What a job may be, and how everything else is refused: by the JSON name of the field."""

import json
import unicodedata
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from app.common.models import InvalidJob, Isolation, Job, Misfire, Overlap, WorkerLoss, parse_job

MINIMAL = {"name": "backup", "command": "tar c /srv", "cronExpr": "0 3 * * *"}


def parse(**fields):
    """The job in etcd with these fields beside, or instead of, the three that are required."""
    job = {**MINIMAL, **fields}
    return parse_job(f"/cron/jobs/{job['name']}", json.dumps(job).encode(), "UTC")


def refusal(**fields):
    result = parse(**fields)
    assert isinstance(result, InvalidJob), f"accepted: {fields}"
    return result.reason


def accepted(**fields):
    result = parse(**fields)
    assert isinstance(result, Job), result
    return result


# A plain job


def test_three_fields_make_a_plain_cron_job():
    job = accepted()
    assert (job.name, job.command, job.cron_expr) == ("backup", "tar c /srv", "0 3 * * *")
    assert job.enabled
    assert (job.overlap, job.misfire) == (Overlap.SKIP, Misfire.SKIP)
    assert (job.on_worker_loss, job.on_isolation) == (WorkerLoss.FAIL, Isolation.CONTINUE)
    assert (job.timeout_seconds, job.kill_grace_seconds, job.output_limit_bytes) == (None, 5, 262_144)
    assert (job.shell, job.cwd, job.env, job.worker_labels) == ("/bin/bash", None, {}, {})
    assert (job.timezone, job.starts_at, job.ends_at) == (None, None, None)


@pytest.mark.parametrize("field", MINIMAL)
def test_each_of_the_three_is_required(field):
    rest = {k: v for k, v in MINIMAL.items() if k != field}
    result = parse_job("/cron/jobs/backup", json.dumps(rest).encode(), "UTC")
    assert result.reason == f"{field}: Field required"


def test_a_plain_job_is_stored_as_its_three_fields():
    assert json.loads(accepted().to_json()) == MINIMAL


def test_a_job_cannot_be_changed():
    with pytest.raises(ValidationError, match="frozen"):
        accepted().command = "rm -rf /"


# Names


@pytest.mark.parametrize(
    "name",
    [
        "a",
        "7",
        "nightly.backup_v2-final",
        "two  words",
        "夜间备份",
        "café",
        "हिन्दी",
        "ไทยที่",
        "x" * 128,
        "字" * 128,
    ],
)
def test_names_of_any_script_are_accepted(name):
    assert accepted(name=name).name == name


@pytest.mark.parametrize(
    "name",
    [
        "a/b",
        "../x",
        "..",
        "-",
        "_",
        "nul\0",
        "line\nbreak",
        "end\n",
        "tab\tbed",
        " leading",
        "trailing ",
        "rtl\u200fmark",
        "rtl\u202eoverride",
        "zero\u200bwidth",
        "non\u00a0breaking",
        "<img onerror=alert(1)>",
        "a;b",
        "a'b",
        "\u0301stray mark",
        "stray \u0301mark",
        "😀",
    ],
)
def test_other_names_are_refused(name):
    assert refusal(name=name).startswith("name: may hold letters and digits of any script")


def test_an_empty_name_is_refused():
    assert refusal(name="") == "name: must not be empty"


def test_a_name_of_129_characters_is_refused():
    assert refusal(name="x" * 129) == "name: must have at most 128 characters, has 129"


def test_a_name_is_measured_in_its_composed_form():
    assert len(unicodedata.normalize("NFD", "é" * 128)) == 256
    assert Job.model_validate_json(json.dumps({**MINIMAL, "name": "e\u0301" * 128})).name == "é" * 128


def test_one_name_in_two_forms_is_one_name():
    composed, decomposed = "caf\u00e9", "cafe\u0301"
    assert Job(name=decomposed, command="x", cron_expr="@daily").name == composed
    value = json.dumps({**MINIMAL, "name": decomposed}).encode()
    assert isinstance(parse_job(f"/cron/jobs/{composed}", value, "UTC"), Job)
    result = parse_job(f"/cron/jobs/{decomposed}", value, "UTC")
    assert result.reason == f"name: is {composed!r}, but the key says {decomposed!r}"


@pytest.mark.parametrize(
    "key", ["/cron/jobs/back", "/cron/jobs/backup2", "/cron/jobs/", "/cron/jobs/a/backup"]
)
def test_the_name_must_be_that_of_the_key(key):
    result = parse_job(key, json.dumps(MINIMAL).encode(), "UTC")
    assert isinstance(result, InvalidJob)
    assert result.name == key.removeprefix("/cron/jobs/")
    assert result.reason.startswith("name: is 'backup', but the key says")


# Schedules


@pytest.mark.parametrize(
    "expression",
    [
        "0 0 30 2 *",
        "*/0 * * * *",
        "60 * * * *",
        "* * * *",
        "* * * * * * * *",
        "@reboot",
        "0 0 0 1 1 * 2100",
        "nonsense",
        "   ",
        "\0",
        "* * * * *\n* * * * *",
        "@every 0s",
    ],
)
def test_bad_schedules_are_refused(expression):
    assert refusal(cronExpr=expression).startswith("cronExpr: ")


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("", "String should have at least 1 character"),
        (",".join(["1"] * 5000) + " * * * *", "String should have at most 1024 characters"),
        (5, "Input should be a valid string"),
        (None, "Input should be a valid string"),
        ({"$ne": None}, "Input should be a valid string"),
    ],
)
def test_what_is_no_expression_at_all_is_refused(expression, message):
    assert refusal(cronExpr=expression) == f"cronExpr: {message}"


@pytest.mark.parametrize("zone", ["Mars/Olympus", "../../etc/passwd", "utc", "\0", "UTC+8"])
def test_unknown_zones_are_refused(zone):
    assert refusal(timezone=zone).startswith("timezone: unknown time zone")


def test_an_unknown_default_zone_makes_the_job_invalid_and_nothing_else():
    result = parse_job("/cron/jobs/backup", json.dumps(MINIMAL).encode(), "Mars/Olympus")
    assert result.reason.startswith("timezone: unknown time zone")


# Commands


@pytest.mark.parametrize("command", ["", "   ", "\n\t"])
def test_an_empty_command_is_refused(command):
    assert refusal(command=command).startswith("command: ")


def test_a_command_with_a_nul_is_refused():
    assert refusal(command="echo \0") == "command: must not contain a NUL character"


def test_a_command_of_200_kb_is_accepted_and_one_of_257_kib_refused():
    assert len(accepted(command="x" * 200_000).command) == 200_000
    assert accepted(command="x" * 262_144)
    assert refusal(command="x" * 262_145).startswith("command: must have at most 262144 bytes, has 262145")
    assert refusal(command="字" * 87_382).startswith("command: must have at most 262144 bytes, has 262146")


@pytest.mark.parametrize("command", ["echo 'unbalanced", "no-such-program", "exit 255", "kill -9 $$", "a\nb"])
def test_what_only_the_shell_can_judge_is_accepted(command):
    assert accepted(command=command).command == command


# Values


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("timeoutSeconds", 0, "Input should be greater than 0"),
        ("timeoutSeconds", -1, "Input should be greater than 0"),
        ("timeoutSeconds", 1e18, "Input should be less than or equal to"),
        ("timeoutSeconds", float("nan"), "Input should be a finite number"),
        ("timeoutSeconds", float("inf"), "Input should be a finite number"),
        ("timeoutSeconds", "5", "Input should be a valid number"),
        ("timeoutSeconds", True, "Input should be a valid number"),
        ("killGraceSeconds", -0.1, "Input should be greater than or equal to 0"),
        ("killGraceSeconds", 3601, "Input should be less than or equal to 3600"),
        ("misfireWindowSeconds", 0, "Input should be greater than or equal to 1"),
        ("misfireWindowSeconds", 1.5, "Input should be a valid integer"),
        ("misfireWindowSeconds", 10**30, "Input should be less than or equal to"),
        ("outputLimitBytes", 1023, "Input should be greater than or equal to 1024"),
        ("outputLimitBytes", 8_388_609, "Input should be less than or equal to 8388608"),
        ("outputLimitBytes", "1k", "Input should be a valid integer"),
        ("enabled", "yes", "Input should be a valid boolean"),
        ("enabled", 1, "Input should be a valid boolean"),
        ("enabled", None, "Input should be a valid boolean"),
        ("description", "\0", "must not contain a NUL character"),
        ("description", "x" * 4097, "String should have at most 4096 characters"),
        ("group", "", "must not be empty"),
        ("group", "a/b", "may hold letters"),
        ("tags", "x", "Input should be a valid array"),
        ("tags", ["x"] * 33, "List should have at most 32 items"),
        ("overlap", "never", "Input should be 'skip', 'allow', 'queue' or 'replace'"),
        ("overlap", 5, "Input should be 'skip', 'allow', 'queue' or 'replace'"),
        ("misfire", None, "Input should be 'skip', 'latest' or 'all'"),
        ("onWorkerLoss", "retry", "Input should be 'fail' or 'rerun'"),
        ("onIsolation", "stop", "Input should be 'continue' or 'kill'"),
        ("shell", "bash", "String should match pattern '^/'"),
        ("shell", "/bin/\0sh", "must not contain a NUL character"),
        ("cwd", "relative", "String should match pattern '^/'"),
        ("cwd", {"$ne": None}, "Input should be a valid string"),
        ("env", {"a b": "1"}, "'a b' is not the name of an environment variable"),
        ("env", {"": "1"}, "'' is not the name of an environment variable"),
        ("env", {"A=B": "1"}, "'A=B' is not the name of an environment variable"),
        ("env", {"CRON_JOB": "x"}, "'CRON_JOB' starts with CRON_, and such names are set by the scheduler"),
        ("env", {"A": "secret:../x"}, "'A': after secret: comes the name of a secret"),
        ("env", {"BIG": "x" * 65_536}, "must have at most 65536 bytes in all"),
        ("env", {f"V{i}": "" for i in range(257)}, "Dictionary should have at most 256 items"),
        ("workerLabels", {f"l{i}": "" for i in range(17)}, "Dictionary should have at most 16 items"),
    ],
)
def test_bad_values_are_refused(field, value, message):
    assert refusal(**{field: value}).startswith(f"{field}: {message}")


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"env": {"A": 1}}, "env.A"),
        ({"env": {"A": "\0"}}, "env.A"),
        ({"env": {"$ne": None}}, "env.$ne"),
        ({"tags": ["ok", "a/b"]}, "tags.1"),
        ({"workerLabels": {"zone": 1}}, "workerLabels.zone"),
        ({"workerLabels": {"zone": "x" * 257}}, "workerLabels.zone"),
        ({"workerLabels": {"a b": "x"}}, "workerLabels.a b.[key]"),
        ({"limits": {"memoryMb": "5"}}, "limits.memoryMb"),
        ({"retries": {"delaySeconds": -1}}, "retries.delaySeconds"),
        ({"retries": {"times": 3}}, "retries.times"),
    ],
)
def test_what_is_inside_a_field_is_named_with_its_path(fields, path):
    assert refusal(**fields).startswith(f"{path}: ")


@pytest.mark.parametrize("field", ["cronExpression", "cron_expr", "Name", "$where", ""])
def test_unknown_fields_are_refused_by_name(field):
    assert refusal(**{field: "x"}) in (
        f"{field}: Extra inputs are not permitted",
        "Extra inputs are not permitted",
    )


def test_json_has_camel_case_names_only():
    value = json.dumps({"name": "backup", "command": "x", "cron_expr": "@daily"}).encode()
    result = parse_job("/cron/jobs/backup", value, "UTC")
    assert result.reason == "cronExpr: Field required; cron_expr: Extra inputs are not permitted"


def test_every_problem_is_told_at_once():
    assert refusal(command="", enabled="no", colour="red").split("; ") == [
        "command: String should have at least 1 character",
        "enabled: Input should be a valid boolean",
        "colour: Extra inputs are not permitted",
    ]


def test_an_explanation_is_one_bounded_line_whatever_the_fields_are_called():
    reason = refusal(**{f"{i}\n\x1b[2J\u202e" + "x" * 10_000: 1 for i in range(1000)})
    assert reason.endswith("and 980 more")
    assert reason.isprintable()
    assert len(reason) < 5_000


# Times


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2030-01-31T08:00:00Z", datetime(2030, 1, 31, 8, tzinfo=UTC)),
        ("2030-01-31T08:00:00+08:00", datetime(2030, 1, 31, 0, tzinfo=UTC)),
        ("2030-01-31T08:00:00.250-05:30", datetime(2030, 1, 31, 13, 30, 0, 250_000, tzinfo=UTC)),
    ],
)
def test_times_are_kept_in_utc(text, moment):
    job = accepted(startsAt=text)
    assert job.starts_at == moment
    assert job.starts_at.tzinfo is UTC


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("2030-01-31T08:00:00", "needs a time zone offset"),
        ("2030-01-31", "needs a time zone offset"),
        ("tomorrow", "must be an ISO 8601 time"),
        ("2030-02-30T00:00:00Z", "must be an ISO 8601 time"),
        ("", "must be an ISO 8601 time"),
        ("0001-01-01T00:00:00+14:00", "must be between the years 1 and 9999 in UTC"),
        ("9999-12-31T23:59:59-14:00", "must be between the years 1 and 9999 in UTC"),
        (1_900_000_000, "Input should be a valid datetime"),
        (True, "Input should be a valid datetime"),
    ],
)
@pytest.mark.parametrize("field", ["startsAt", "endsAt"])
def test_times_that_are_ambiguous_or_none_are_refused(field, value, message):
    assert refusal(**{field: value}).startswith(f"{field}: {message}")


@pytest.mark.parametrize("end", ["2030-01-01T00:00:00Z", "2029-12-31T23:59:59Z", "2030-01-01T01:00:00+01:00"])
def test_a_job_must_end_after_its_start(end):
    reason = refusal(startsAt="2030-01-01T00:00:00Z", endsAt=end)
    assert reason == "endsAt: must be later than startsAt"


def test_the_schedule_keeps_to_the_bounds_and_the_zone_of_the_job():
    job = accepted(
        cronExpr="0 8 * * *",
        timezone="Asia/Shanghai",
        startsAt="2030-01-02T00:00:00Z",
        endsAt="2030-01-03T00:00:00Z",
    )
    day = timedelta(days=1)
    noon = datetime(2030, 1, 1, 12, tzinfo=UTC)
    fires = job.schedule("America/New_York").between(ms(noon - 9 * day), ms(noon + 9 * day), 100)
    assert fires == [ms(datetime(2030, 1, d, tzinfo=UTC)) for d in (2, 3)]


def test_a_job_without_a_zone_has_the_servers():
    noon = datetime(2030, 1, 1, 12, tzinfo=UTC)
    shanghai = datetime(2030, 1, 2, 3, tzinfo=timezone(timedelta(hours=8)))
    assert accepted().schedule("Asia/Shanghai").next(ms(noon)) == ms(shanghai)


def ms(moment):
    return int(moment.timestamp() * 1000)


# Not yet


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("jitterSeconds", 5),
        ("retries", {"max": 3}),
        ("broadcast", True),
        ("user", "nobody"),
        ("limits", {"memoryMb": 64}),
        ("onSuccess", ["next"]),
        ("onFailure", ["alarm"]),
        ("notify", {"channels": ["ops"]}),
    ],
)
def test_fields_that_would_do_nothing_are_refused(field, value):
    assert refusal(**{field: value}) == f"{field}: not supported yet"


@pytest.mark.parametrize(
    ("field", "value"), [("overlap", "queue"), ("overlap", "replace"), ("misfire", "all")]
)
def test_choices_that_would_do_nothing_are_refused(field, value):
    assert refusal(**{field: value}) == f"{field}: {value} is not supported yet"


def test_their_defaults_are_accepted_when_spelt_out():
    job = accepted(
        jitterSeconds=0, retries={"max": 0}, broadcast=False, user=None, limits={}, onSuccess=[], onFailure=[]
    )
    assert job == accepted()


# Changes of schedule


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("cronExpr", "1 3 * * *"),
        ("timezone", "UTC"),
        ("startsAt", "2030-01-01T00:00:00Z"),
        ("endsAt", "2030-01-01T00:00:00Z"),
        ("enabled", False),
    ],
)
def test_a_change_of_when_is_another_schedule(field, value):
    assert not accepted().same_schedule(accepted(**{field: value}))


@pytest.mark.parametrize(
    ("field", "value"),
    [("command", "true"), ("overlap", "allow"), ("env", {"A": "1"}), ("timeoutSeconds", 5), ("tags", ["a"])],
)
def test_a_change_of_what_is_the_same_schedule(field, value):
    changed = accepted(**{field: value})
    assert changed != accepted()
    assert accepted().same_schedule(changed)


def test_the_same_instant_in_another_offset_is_the_same_schedule():
    one = accepted(startsAt="2030-01-01T08:00:00+08:00")
    assert one.same_schedule(accepted(startsAt="2030-01-01T00:00:00Z"))


# Whatever stands in etcd


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"null",
        b"5",
        b'"job"',
        b"[]",
        b"{",
        b"\xff\xfe\x00",
        b"[" * 100_000,
        b'{"name":' * 5_000,
        b"x" * 2_000_000,
        b'{"name": "backup", "command": "\\ud800", "cronExpr": "@daily"}',
        json.dumps(MINIMAL).encode("utf-16"),
    ],
)
def test_garbage_is_an_invalid_job_with_a_reason(value):
    result = parse_job("/cron/jobs/backup", value, "UTC")
    assert isinstance(result, InvalidJob)
    assert (result.name, result.raw) == ("backup", value)
    assert 0 < len(result.reason) < 500


@settings(deadline=None)
@given(st.binary())
def test_no_bytes_make_it_raise(value):
    assert isinstance(parse_job("/cron/jobs/x", value, "UTC"), InvalidJob)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
FIELDS = st.sampled_from(sorted(field.alias for field in Job.model_fields.values()))
DATES = st.datetimes(timezones=st.timezones() | st.none()).map(datetime.isoformat)


@settings(deadline=None)
@given(st.dictionaries(FIELDS, JSON | DATES), st.sampled_from([{}, MINIMAL]))
def test_no_json_value_makes_it_raise(values, base):
    value = json.dumps({**base, **values}).encode()
    assert isinstance(parse_job("/cron/jobs/backup", value, "UTC"), Job | InvalidJob)


@settings(deadline=None)
@given(st.text(), st.text())
def test_no_expression_or_zone_makes_it_raise(expression, zone):
    value = json.dumps({**MINIMAL, "cronExpr": expression, "timezone": zone}).encode()
    assert isinstance(parse_job("/cron/jobs/backup", value, "UTC"), Job | InvalidJob)


# There and back

NAMES = st.from_regex(r"[a-z0-9\u4e00-\u9fff]([\w.\- ]{0,20}[a-z])?", fullmatch=True).map(
    lambda text: unicodedata.normalize("NFC", text)
)
TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=50)
TIMES = st.datetimes(datetime(1970, 1, 1), datetime(2099, 1, 1), timezones=st.just(UTC))
JOBS = st.builds(
    lambda **fields: Job(**fields),
    name=NAMES,
    command=TEXTS.map(lambda text: f"x{text}"),
    cron_expr=st.sampled_from(["* * * * *", "@every 30s", "0 0 12 1 1 ? 2050", "H H * * *"]),
    enabled=st.booleans(),
    description=TEXTS,
    group=st.none() | NAMES,
    tags=st.lists(NAMES, max_size=3),
    timezone=st.sampled_from([None, "Asia/Shanghai"]),
    starts_at=st.none() | TIMES,
    ends_at=st.none() | st.just(datetime(2099, 6, 1, tzinfo=UTC)),
    overlap=st.sampled_from([Overlap.SKIP, Overlap.ALLOW]),
    misfire=st.sampled_from([Misfire.SKIP, Misfire.LATEST]),
    misfire_window_seconds=st.integers(1, 1_000),
    timeout_seconds=st.none() | st.floats(0.001, 1_000),
    kill_grace_seconds=st.floats(0, 3_600),
    on_worker_loss=st.sampled_from(WorkerLoss),
    on_isolation=st.sampled_from(Isolation),
    worker_labels=st.dictionaries(st.from_regex(r"[a-z]{1,9}", fullmatch=True), TEXTS, max_size=3),
    cwd=st.none() | TEXTS.map(lambda text: f"/{text}"),
    env=st.dictionaries(st.from_regex(r"[A-B_][a-z0-9]{0,9}", fullmatch=True), TEXTS, max_size=3),
    output_limit_bytes=st.integers(1_024, 8_388_608),
)


@settings(deadline=None)
@given(JOBS)
def test_a_job_comes_back_from_json_as_it_was(job):
    back = parse_job(f"/cron/jobs/{job.name}", job.to_json(), "UTC")
    assert back == job
    assert back.same_schedule(job)


@settings(deadline=None)
@given(JOBS)
def test_json_names_are_camel_case(job):
    assert set(json.loads(job.to_json())) <= {field.alias for field in Job.model_fields.values()}
    assert not any("_" in name for name in json.loads(job.model_dump_json()))
