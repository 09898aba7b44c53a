"""The difference between a job as it is and as it shall be."""

import pytest

from app.cli.plan import Action, Change, differences, lines, settings_of, summary
from app.common.models import Job

HELLO = Job(name="hello", command="echo", cron_expr="@daily")


@pytest.mark.parametrize(
    ("now", "wanted", "found"),
    [
        ({"a": 1}, {"a": 1}, ()),
        ({"a": 1}, {"a": 2}, (("a", 1, 2),)),
        ({}, {"a": 1}, (("a", None, 1),)),
        ({"a": 1}, {}, (("a", 1, None),)),
        (
            {"env": {"A": "1", "B": "2"}},
            {"env": {"A": "1", "C": "3"}},
            (("env.C", None, "3"), ("env.B", "2", None)),
        ),
        ({"env": {"A": "1"}}, {}, (("env.A", "1", None),)),
        ({"tags": ["a"]}, {"tags": ["a", "b"]}, (("tags", ["a"], ["a", "b"]),)),
    ],
)
def test_differences_field_by_field(now, wanted, found):
    assert differences(now, wanted) == found


def test_settings_are_what_somebody_set():
    view = {
        **HELLO.model_dump(mode="json"),
        "revision": 7,
        "state": "enabled",
        "nextFire": None,
        "scheduleText": "x",
        "lastRun": None,
    }
    assert settings_of(view) == {"name": "hello", "command": "echo", "cronExpr": "@daily"}


def test_settings_of_a_newer_server_keep_what_is_unknown_here():
    view = {
        "name": "a",
        "command": "b",
        "cronExpr": "@daily",
        "colour": "red",
        "revision": 1,
        "state": "enabled",
    }
    assert settings_of(view) == {"name": "a", "command": "b", "cronExpr": "@daily", "colour": "red"}


def test_a_change_shows_old_and_new_without_control_characters():
    change = Change(HELLO, Action.CHANGED, (("command", "a\x1b[2Jb\nc", "x" * 100), ("env.A", None, "1")))
    shown = [line.plain for line in lines(change)]
    assert shown[0] == "changed   hello"
    assert shown[1] == "          command: a b c -> " + "x" * 59 + "…"
    assert shown[2] == "          env.A: (default) -> 1"


def test_summary():
    changes = [Change(HELLO, action) for action in ("changed", "created", "created", "unchanged")]
    assert summary([Change(c.job, Action(c.action)) for c in changes]) == "2 created, 1 changed, 1 unchanged"
