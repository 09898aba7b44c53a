"""A Runner in the process of the tests, and eyes of the tests' own for what it leaves behind."""

import itertools
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from app.worker.runner import Ended, Launch, Runner

SECRETS = {"YUANYA_ETCD_PASSWORD": "hunter2-hunter2", "AWS_SECRET_ACCESS_KEY": "abc", "PYTHONPATH": "/x"}


class Bench:
    """Starts commands and collects how they end. SLEEP in a command sleeps long, and is found by `marker`."""

    def __init__(self, secrets: Path | None = None) -> None:
        environ = {"PATH": "/usr/bin:/bin", "HOME": "/root", "TZ": "Asia/Shanghai", **SECRETS}
        self.runner = Runner(environ, secrets=secrets)
        self.marker = f"1000.{uuid.uuid4().int % 10**12:012d}"  # for sleep: seconds nobody else sleeps
        self.ended: dict[str, Ended] = {}
        self._numbers = itertools.count(1)

    def start(self, command: str, **options: Any) -> str:
        run_id = f"run-{next(self._numbers)}"
        command = command.replace("SLEEP", f"sleep {self.marker}")
        options = {
            "job_name": "nightly",
            "plan_time": 1_900_000_000_123,
            "worker": "w1",
            "grace": 0.3,
        } | options
        self.runner.launch([Launch(run_id=run_id, command=command, **options)])
        return run_id

    def poll_until(self, condition: Callable[[], object], timeout: float = 15) -> None:
        deadline = time.monotonic() + timeout
        while not condition():
            assert time.monotonic() < deadline, "the condition did not come true in time"
            for end in self.runner.poll(0.02):
                assert end.run_id not in self.ended, "a run ended twice"
                self.ended[end.run_id] = end

    def wait(self, run_id: str, timeout: float = 15) -> Ended:
        self.poll_until(lambda: run_id in self.ended, timeout)
        return self.ended[run_id]

    def run(self, command: str, **options: Any) -> Ended:
        return self.wait(self.start(command, **options))

    def alive(self) -> list[int]:
        """Processes, zombies aside, with the marker in their arguments."""
        return [pid for pid in pids() if self.marker.encode() in cmdline(pid)]

    def asleep(self) -> int:
        """How many SLEEPs have begun: between fork and exec a signal can be lost in the shell."""
        return sum(cmdline(pid).startswith(b"sleep\0") for pid in self.alive())

    def wait_asleep(self, count: int) -> None:
        self.poll_until(lambda: self.asleep() == count)


def pids() -> list[int]:
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def cmdline(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()  # empty for a zombie
    except OSError:
        return b""


@pytest.fixture
def bench() -> Iterator[Bench]:
    before = open_files()
    bench = Bench()
    yield bench
    bench.runner.close()
    assert bench.alive() == [], "the test left processes behind"
    assert open_files() <= before  # fewer: something of an earlier test was closed meanwhile
