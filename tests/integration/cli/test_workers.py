"""`yuanya workers` against a running system; each test leaves its only worker in service."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.harness.embedded import Up
from tests.harness.poll import wait_until


@pytest.fixture
def system(up: Up) -> Iterator[Up]:
    up.ok("workers", "resume", "local", "--wait", "60")  # for the first seconds it compares its clock
    yield up
    up.ok("workers", "resume", "local", "--wait", "60")


def start(system: Up, name: str, started: Path, command: str) -> None:
    job = {"name": name, "command": f"touch {started}; {command}", "cronExpr": "0 0 1 1 *"}
    system.ok("job", "apply", "-f", "-", stdin=json.dumps(job))
    system.ok("job", "run", name)
    wait_until(started.exists, what="the start of the command")


def test_lists_what_is_live(system):
    (worker,) = json.loads(system.ok("workers", "list", "--json"))
    assert worker["id"] == "local"
    assert worker["version"]
    header, _, row = system.ok("workers", "list").strip().splitlines()
    assert header.split() == ["id", "state", "host", "running", "capacity", "version", "labels", "reason"]
    assert row.split()[:2] == ["local", "active"]


def test_a_drain_waits_until_the_last_run_has_finished(system, tmp_path):
    done = tmp_path / "done"
    start(system, "drain-waits", tmp_path / "started", f"sleep 2; touch {done}")
    assert system.ok("workers", "drain", "local", "--wait", "60") == "local is drained.\n"
    assert done.exists()
    assert "drained" in system.ok("workers", "list")
    system.ok("workers", "drain", "local", "--wait", "60")  # a second time is harmless
    assert system.ok("workers", "resume", "local", "--wait", "60") == "local is back in service.\n"
    assert "active" in system.ok("workers", "list")


def test_a_drain_that_takes_too_long_says_what_still_runs_and_stays(system, tmp_path):
    go_on = tmp_path / "go-on"
    start(system, "drain-too-long", tmp_path / "started", f"until [ -e {go_on} ]; do sleep 0.05; done")
    done = system.yuanya("workers", "drain", "local", "--wait", "1.5")
    assert done.returncode == 1
    assert "local after 1.5 s: drain" in done.stderr
    assert "1 runs in progress" in done.stderr
    assert "drain" in system.ok("workers", "list")
    go_on.touch()
    system.ok("workers", "drain", "local", "--wait", "60")


def test_a_worker_that_is_not_there(system):
    for command in ("drain", "resume"):
        done = system.yuanya("workers", command, "nobody", "--wait", "1")
        assert done.returncode == 1
        assert "nobody" in done.stderr
