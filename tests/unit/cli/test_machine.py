"""What is taken from the machine that crontabs are imported from."""

import os
import pwd
from pathlib import Path

import pytest

from app.cli import machine


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/etc/crontab", True),
        ("/etc/cron.d/php", True),
        ("/etc/cron.d/a/b", False),
        ("/home/a/crontab", False),
    ],
)
def test_which_files_have_a_user_column(path, expected):
    assert machine.is_system(Path(path)) is expected


def test_the_zone_of_this_machine_is_found_or_unknown_but_never_wrong(monkeypatch):
    monkeypatch.setenv("TZ", "Asia/Shanghai")
    assert machine.local_zone() == "Asia/Shanghai"
    monkeypatch.setenv("TZ", "Nowhere/Else")
    assert machine.local_zone() in (None, *machine.available_timezones())


def test_homes_are_those_of_known_users():
    me = pwd.getpwuid(os.getuid())
    assert machine.home(me.pw_name) == me.pw_dir
    assert machine.home("nobody-of-this-name") is None
    assert machine.home(None) is None
