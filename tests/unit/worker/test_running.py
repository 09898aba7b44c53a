import os

import pytest

from app.worker.command import Launch
from app.worker.running import Cause, Running


@pytest.fixture
def pipe():
    reader, writer = os.pipe()
    os.set_blocking(reader, False)
    launch = Launch(run_id="r", job_name="j", command="x", plan_time=0, worker="w", timeout=7)
    yield Running(launch, pid=1, fd=reader, start_ms=5, start_ticks=0, now=100.5), writer
    os.close(reader)
    os.close(writer)


def test_the_deadline_counts_from_the_start(pipe):
    assert pipe[0].deadline == 107.5


def test_drain_reads_what_is_there_and_does_not_wait_for_more(pipe):
    run, writer = pipe
    os.write(writer, b"x" * 60_000)
    run.drain()
    assert run.output.total == 60_000
    run.drain()
    assert run.output.total == 60_000


def test_an_end_without_an_exit_is_told_as_such(pipe):
    run, _ = pipe
    run.cause, run.reason = Cause.KILL, "killed"
    end = run.ended(9, survivors=2)
    assert (end.exit_code, end.signal, end.cpu_seconds) == (None, None, None)
    assert (end.start_ms, end.end_ms, end.survivors) == (5, 9, 2)
    assert end.reason == "killed; 2 of its processes could not be ended"


@pytest.mark.parametrize(("status", "code", "signum"), [(0x0300, 3, None), (9, None, 9), (0x8B, None, 11)])
def test_the_wait_status_is_an_exit_code_or_a_signal(pipe, status, code, signum):
    run, _ = pipe
    run.status = status
    end = run.ended(9, survivors=0)
    assert (end.cause, end.exit_code, end.signal, end.reason) == (Cause.EXIT, code, signum, "")
