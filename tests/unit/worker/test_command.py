import os
import pwd

import pytest

from app.worker.command import MAX_ARGUMENT, Launch, arguments, base_environment, environment, explain


def launch(command="echo hi", **options):
    return Launch(
        **{"run_id": "r", "job_name": "j", "plan_time": 0, "worker": "w"} | options, command=command
    )


def test_only_a_few_of_the_workers_own_variables_are_passed_on():
    seen = base_environment(
        {
            "PATH": "/bin",
            "HOME": "/srv/cron",
            "LANG": "de_DE.UTF-8",
            "LC_ALL": "C",
            "TZ": "UTC",
            "YUANYA_STORE_URL": "mongodb://user:secret@db/cron",
            "SSH_AUTH_SOCK": "/tmp/agent",
            "LD_PRELOAD": "x.so",
        }
    )
    user = pwd.getpwuid(os.getuid()).pw_name
    assert seen == {
        "PATH": "/bin",
        "HOME": "/srv/cron",
        "USER": user,
        "LOGNAME": user,
        "LANG": "de_DE.UTF-8",
        "LC_ALL": "C",
        "TZ": "UTC",
    }


def test_an_empty_environment_gets_sound_defaults():
    seen = base_environment({})
    assert seen["PATH"].endswith("/usr/sbin:/usr/bin:/sbin:/bin")
    assert seen["HOME"] == pwd.getpwuid(os.getuid()).pw_dir
    assert seen["LC_CTYPE"] == "C.UTF-8"
    assert "TZ" not in seen


def test_a_jobs_variables_win_over_the_base_but_not_over_the_schedulers():
    seen = environment(
        launch(env={"PATH": "/opt/bin", "CRON_FENCE": "0", "X": "1"}, fence=9), {"PATH": "/bin"}
    )
    assert (seen["PATH"], seen["CRON_FENCE"], seen["X"]) == ("/opt/bin", "9", "1")


@pytest.mark.parametrize(
    ("own", "seen"),
    [
        ({}, {"LC_CTYPE": "C.UTF-8"}),
        ({"LANG": "zh_CN.GBK"}, {"LANG": "zh_CN.GBK"}),
        ({"LC_ALL": "C"}, {"LC_CTYPE": "C.UTF-8", "LC_ALL": "C"}),
        ({"LANG": "C", "LC_CTYPE": "zh_CN.GBK"}, {"LANG": "C", "LC_CTYPE": "zh_CN.GBK"}),
    ],
)
def test_a_job_that_names_its_language_has_it_in_full(own, seen):
    complete = environment(launch(env=own), base_environment({}))
    assert {name: value for name, value in complete.items() if name in ("LANG", "LC_CTYPE", "LC_ALL")} == seen


@pytest.mark.parametrize(
    ("ms", "text"),
    [
        (0, "1970-01-01T00:00:00.000Z"),
        (1_900_000_000_999, "2030-03-17T17:46:40.999Z"),
        (4_102_444_800_001, "2100-01-01T00:00:00.001Z"),
    ],
)
def test_the_plan_time_is_told_in_utc_with_milliseconds(ms, text):
    assert environment(launch(plan_time=ms), {})["CRON_PLAN_TIME"] == text


def test_a_command_is_one_argument_of_its_shell():
    assert arguments(launch("a 'b' $c")) == ["/bin/bash", "-c", "a 'b' $c"]


def test_a_directory_is_entered_first():
    assert arguments(launch(cwd="/srv")) == ["/usr/bin/env", "-C", "/srv", "/bin/bash", "-c", "echo hi"]


@pytest.mark.parametrize("letter", ["x", "é", "世", "🙂"])
def test_no_argument_is_longer_than_linux_takes(letter):
    for size in (MAX_ARGUMENT, MAX_ARGUMENT + 1, 262_144):
        text = letter * (size // len(letter.encode())) + "x" * (size % len(letter.encode()))
        assert len(text.encode()) == size
        argv = arguments(launch(text))
        assert all(len(argument.encode()) <= MAX_ARGUMENT for argument in argv)
        assert (argv[2] == text) == (size == MAX_ARGUMENT)
        assert "".join(argv[4:]) == ("" if size == MAX_ARGUMENT else text)


def test_errors_are_told_in_words():
    assert explain(FileNotFoundError(2, "No such file or directory", "/x")).endswith(
        "/x: No such file or directory"
    )
    assert explain(ValueError("embedded null byte")) == "cannot start: embedded null byte"
    assert explain(BlockingIOError(11, "Resource temporarily unavailable")).endswith(
        "temporarily unavailable"
    )
