"""Job files are read as their author meant them, or refused; and no text takes more than its share."""

import contextlib
import time

import pytest

from app.common.jobfiles import Found, TextError, jobs_of_documents

A = "name: a\ncommand: x\ncronExpr: '* * * * *'\n"
B = "name: b\ncommand: y\ncronExpr: '@daily'\n"
JSON_A = '{"name":"a","command":"x","cronExpr":"* * * * *"}'
JSON_B = '{"name":"b","command":"y","cronExpr":"@daily"}'


def read(text: str, **options) -> list[Found]:
    return list(jobs_of_documents(text, **options))


def job(text: str):
    (found,) = read(text)
    assert found.errors == ()
    return found.job


@pytest.mark.parametrize(
    ("text", "places"),
    [
        (f"{A}---\n{B}", ["line 1", "line 5"]),
        (f"---\n---\n{A}---\n- {JSON_B}", ["line 3", "line 7"]),
        (f"- {JSON_A}\n- {JSON_B}\n", ["line 1", "line 2"]),
        (f"[{JSON_A},\n\t{JSON_B}]", ["job 1", "job 2"]),
        (f"{JSON_A}\n---\n{JSON_B}", ["line 1", "line 3"]),
    ],
)
def test_one_job_a_list_or_several_documents(text, places):
    found = read(text)
    assert [(f.job.name, f.job.command, f.job.cron_expr) for f in found] == [
        ("a", "x", "* * * * *"),
        ("b", "y", "@daily"),
    ]
    assert [f.where for f in found] == places


def test_words_that_yaml_takes_for_booleans_and_times_stay_text():
    made = job(
        "{name: no, command: on, cronExpr: '@daily', env: {A: yes, B: off}, "
        "startsAt: 2030-01-31T08:00:00+08:00, enabled: false}",
    )
    assert (made.name, made.command, made.env) == ("no", "on", {"A": "yes", "B": "off"})
    assert made.starts_at.isoformat() == "2030-01-31T00:00:00+00:00"
    assert made.enabled is False


def test_text_that_other_readers_take_for_numbers_stays_text():
    words = ["1:30", "010", "0x1F", "0b1", "1_000", "+5", ".5", "5.", ".inf", "1:2.5", "trueish", "falsehood"]
    env = ", ".join(f"V{n}: {word}" for n, word in enumerate(words))
    made = job(f"{{name: a, command: true || false, cronExpr: '@daily', env: {{{env}}}}}")
    assert made.command == "true || false"
    assert list(made.env.values()) == words


@pytest.mark.parametrize(("number", "seconds"), [("90", 90), ("1.5", 1.5), ("15e-1", 1.5), ("3E2", 300)])
def test_numbers_are_those_of_json(number, seconds):
    assert job(f"{A}timeoutSeconds: {number}").timeout_seconds == seconds


@pytest.mark.parametrize("tag", ["", "!!int ", "!!float "])
def test_a_number_to_the_base_of_60_takes_no_time(tag):
    began = time.process_time()
    with contextlib.suppress(TextError):
        (found,) = read(f"{A}timeoutSeconds: {tag}1{':1' * 400_000}")
        assert found.job is None
    assert time.process_time() - began < 2


def test_each_job_says_what_is_wrong_with_it_and_the_others_stand():
    found = read(
        "- {name: b, command: x, cronExpr: '61 * * * *'}\n"
        "- {name: c, command: x, cronExpr: '@daily', timeoutSeconds: soon, colour: red, timeout_seconds: 5}\n"
        "- just text\n"
        "- {name: a, command: x, cronExpr: '@daily'}\n"
        "- {name: a, command: y, cronExpr: '@daily'}\n"
        "- {name: [1], command: y, cronExpr: '@daily', startsAt: '2030-01-02T00:00:00Z',"
        " endsAt: '2030-01-01T00:00:00Z'}\n"
    )
    assert [(f.where, f.name, [field for field, _ in f.errors]) for f in found] == [
        ("line 1", "b", ["cronExpr"]),
        ("line 2", "c", ["timeoutSeconds", "colour", "timeout_seconds"]),
        ("line 3", "", [""]),
        ("line 4", "a", []),
        ("line 5", "a", ["name"]),
        ("line 6", "", ["name"]),
    ]
    assert found[1].errors[1] == ("colour", "unknown field")
    assert found[4].errors == (("name", "'a' is there twice"),)


def test_zone_and_group_are_for_jobs_that_name_none():
    text = f"{A}---\n{B}timezone: UTC\ngroup: own\n---\n{A}timezone: null\n".replace("name: a", "name: c", 1)
    found = read(text, timezone="Asia/Tokyo", group="given")
    assert [(f.job.timezone, f.job.group) for f in found] == [
        ("Asia/Tokyo", "given"),
        ("UTC", "own"),
        ("Asia/Tokyo", "given"),
    ]


def test_anchors_and_merges_work_within_a_document():
    found = read(
        "- &base {name: a, command: x, cronExpr: '@daily', env: &env {A: '1'}}\n"
        "- {<<: *base, name: b}\n"
        "- {name: c, command: x, cronExpr: '@daily', env: *env}\n"
    )
    assert [(f.name, f.job.env) for f in found] == [(name, {"A": "1"}) for name in "abc"]


def test_a_mapping_that_overrides_what_it_merges_can_be_merged_itself():
    (found,) = read(
        "{name: a, command: x, cronExpr: '@daily', env: {<<: {<<: {A: '1', B: '1'}, B: '2', C: '2'}, C: '3'}}"
    )
    assert found.job.env == {"A": "1", "B": "2", "C": "3"}
    (found,) = read(
        "x: [[&a {A: '1'}], [[&b {<<: *a, A: '2'}]]]\n<<: *b\nname: a\ncommand: x\ncronExpr: '@daily'\n"
    )
    assert sorted(field for field, _ in found.errors) == ["A", "x"]


REFUSED = {
    "a star without quotes": ("name: a\ncronExpr: * * * * *\n", r"line 2: .* needs quotes"),
    "a key twice": (f"{A}name: b\n", "line 4: 'name' is there twice"),
    "a key twice in JSON": ('{"name": "a", "command": "x",\n"name": "b"}', "line 2: 'name' is there twice"),
    "python": ("!!python/object/apply:os.system ['false']", "line 1: could not determine a constructor"),
    "a number that is none": ("a: !!int x", "line 1: "),
    "a number of 5,000 digits": ("a: " + "9" * 5000, "line 1: .*4300 digits"),
    "a number of 5,000 digits in JSON": ('{"a": ' + "9" * 5000 + "}", "line 1: .*4300 digits"),
    "a time that cannot be": ("a: !!timestamp 2030-99-99", "line 1: "),
    "a key that is a list": ("? [a]\n: b", "line 1: "),
    "nested lists": ("[" * 100_000, "line 1: nested deeper than 32 levels"),
    "nested mappings": ("{a: " * 40 + "}" * 40, "line 1: nested deeper than 32 levels"),
    "nested block": ("".join("  " * n + "a:\n" for n in range(40)), "nested deeper than 32 levels"),
    "nested JSON": ('[{"a":' * 50_000, "line 1: nested deeper"),
    "nested whole JSON": ("[" * 50_000 + "]" * 50_000, "line 1: nested deeper"),
    "an alias of nothing": ("a: *b", "line 1: found undefined alias"),
    "an alias that contains itself": ("a: &a [*a]", "line 1: 'a' contains itself"),
    "not closed": ("{name: a", "line [12]: "),
    "a control character": ("name: \x01", "control characters|not allowed"),
}


@pytest.mark.parametrize(("text", "words"), REFUSED.values(), ids=REFUSED.keys())
def test_what_is_no_text_of_jobs_is_refused_as_a_whole(text, words):
    with pytest.raises(TextError, match=words):
        read(text)


BOMBS = {
    "lists": "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
    + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 12)),
    "merges": "a0: &a0 {k: v}\n"
    + "".join(f"a{n}: &a{n} {{<<: [{', '.join([f'*a{n - 1}'] * 10)}]}}\n" for n in range(1, 12)),
    "over documents": "".join(
        f"---\n- &a [{', '.join('x' * 1000)}]\n- [{', '.join(['*a'] * 60)}]\n" for _ in range(60)
    ),
}


@pytest.mark.parametrize("text", BOMBS.values(), ids=BOMBS.keys())
def test_few_lines_that_stand_for_billions_of_values_are_refused_at_once(text):
    began = time.process_time()
    with pytest.raises(TextError, match="aliases stand for more than"):
        read(text)
    assert time.process_time() - began < 5


def test_more_values_than_the_reader_takes_are_refused():
    text = "- " + "\n- ".join(["x"] * 50)
    assert len(read(text, max_values=51)) == 50
    with pytest.raises(TextError, match="line 50: more than 50 values"):
        read(text, max_values=50)


@pytest.mark.parametrize("text", ["", "---\n", "[]", "# nothing\n"])
def test_no_job_at_all(text):
    assert read(text) == []


@pytest.mark.parametrize(
    "text",
    [
        '{"name": "\\ud800", "command": "x", "cronExpr": "@daily"}',
        '{"name": "a", "command": "\\ud800", "cronExpr": "@daily"}',
        '{"name": "a", "command": "x\\u0000", "cronExpr": "@daily"}',
        '{"name": "a", "command": "x", "cronExpr": "@daily", "env": {"A": "\\ud800"}}',
        '{"name": "a", "command": "x", "cronExpr": "@daily", "timeoutSeconds": NaN}',
        "{name: a, command: !!binary aGk=, cronExpr: '@daily'}",
        "{name: a, command: x, cronExpr: '@daily', 1: 2}",
        "{name: a, command: x, cronExpr: '@daily', timeoutSeconds: .inf}",
    ],
)
def test_values_that_no_job_may_have_are_refused(text):
    (found,) = read(text)
    assert found.job is None
    assert found.errors
