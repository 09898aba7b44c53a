import pytest

from app.worker.job_table import JobTable
from tests.unit.worker.parts import job_kv, raw_kv

GARBAGE = [
    b"",
    b"not json",
    b"\xff\xfe",
    b"null",
    b"[]",
    b'{"name":"j"}',
    b'{"name":"j","command":"x","cronExpr":"0 0 30 2 *"}',
    b'{"name":"j","command":"x","cronExpr":"* * * * *","timezone":"Mars/Base"}',
    b'{"name":"other","command":"x","cronExpr":"* * * * *"}',
    b'{"name":"j","command":"x","cronExpr":"* * * * *","unknown":1}',
    b'{"name":"j","command":"x","cronExpr":"* * * * *","timeoutSeconds":NaN}',
    b"[" * 100_000,
]


@pytest.fixture
def table():
    return JobTable("Asia/Shanghai")


def test_a_new_job_is_to_be_planned(table):
    change = table.save(job_kv("j", "0 12 * * *", revision=5))
    assert (change.name, change.replan, change.known) == ("j", True, False)
    assert change.held is table.get("j")
    assert change.held.revision == 5
    assert change.held.schedule.timezone == "Asia/Shanghai"  # the server's, where the job names none
    assert [held.job.name for held in table] == ["j"]
    assert (len(table), table.names()) == (1, {"j"})


def test_the_same_revision_is_no_change(table):
    table.save(job_kv("j"))
    held = table.get("j")
    assert table.save(job_kv("j")) is None
    assert table.get("j") is held


@pytest.mark.parametrize(
    "fields",
    [
        {"cron": "0 13 * * *"},
        {"timezone": "Europe/Berlin"},
        {"startsAt": "2030-01-01T00:00:00Z"},
        {"endsAt": "2040-01-01T00:00:00Z"},
        {"enabled": False},
    ],
)
def test_a_change_of_when_it_fires_is_planned_anew(table, fields):
    table.save(job_kv("j", "0 12 * * *", revision=5)).held.cursor = 123
    change = table.save(job_kv("j", **({"cron": "0 12 * * *"} | fields), revision=6))
    assert (change.replan, change.known) == (True, True)
    assert change.held.cursor is None


def test_any_other_change_keeps_the_plan(table):
    before = table.save(job_kv("j", revision=5)).held
    before.cursor, before.blocked_by = 123, "w7"
    change = table.save(job_kv("j", revision=6, command="false", timeoutSeconds=5))
    assert change.replan is False
    assert (change.held.cursor, change.held.blocked_by, change.held.revision) == (123, "w7", 6)
    assert change.held.job.command == "false"


@pytest.mark.parametrize("value", GARBAGE)
def test_garbage_is_an_invalid_job_with_a_reason(table, value):
    change = table.save(raw_kv("j", value))
    assert (change.held, change.replan) == (None, True)
    assert table.get("j") is None
    assert table.invalid["j"].reason
    assert (len(table), table.names()) == (0, {"j"})


def test_a_job_that_becomes_invalid_stops_and_comes_back_when_it_is_mended(table):
    table.save(job_kv("j", revision=5))
    assert table.save(raw_kv("j", b"oops", revision=6)).held is None
    assert table.get("j") is None
    change = table.save(job_kv("j", revision=7))
    assert change.held is table.get("j")
    assert (change.replan, change.known, table.invalid) == (True, True, {})


def test_a_deleted_job_is_forgotten_valid_or_not(table):
    table.save(job_kv("j"))
    table.save(raw_kv("bad", b"x"))
    assert table.delete("j").known is True
    table.delete("bad")
    assert table.delete("never there").known is False
    assert (len(table), table.names()) == (0, set())


def test_it_is_known_when_a_job_was_put_as_a_new_one(table):
    table.save(job_kv("j", revision=5, created=3))
    assert table.get("j").created == 3
    table.delete("j")
    assert table.save(job_kv("j", revision=9)).held.created == 9


def test_a_key_below_a_job_is_not_that_job(table):
    assert table.save(raw_kv("a/b", b'{"name":"b","command":"x","cronExpr":"* * * * *"}')).held is None
    assert table.names() == {"a/b"}
