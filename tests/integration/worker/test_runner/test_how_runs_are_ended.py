"""Kill, timeout, stop: nothing of a run is alive afterwards, and nothing else is touched."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from app.worker.process_tree import kill_leftovers
from app.worker.runner import Cause, Launch, Runner

# Forks twice, in a session of its own, without environment and output: nothing tells whose it is.
DETACHED = "env -i setsid sh -c '(SLEEP </dev/null >/dev/null 2>&1 &)'"


def killed(bench, command, sleeps, **options):
    """Run, wait for as many SLEEPs, kill; returns the end and how long it took."""
    run_id = bench.start(command, **options)
    bench.wait_asleep(sleeps)
    began = time.monotonic()
    assert bench.runner.kill(run_id, by="ada")
    end = bench.wait(run_id)
    took = time.monotonic() - began
    assert bench.alive() == []
    assert (end.cause, end.reason, end.survivors) == (Cause.KILL, "killed by ada", 0)
    return end, took


def test_kill_ends_background_and_setsid_children(bench):
    end, took = killed(bench, "SLEEP & setsid SLEEP & SLEEP", 3, grace=5)
    assert end.signal == signal.SIGTERM
    assert took < 3  # all obey SIGTERM, so the grace is not waited for


def test_kill_ends_what_ignores_sigterm_after_the_grace(bench):
    end, took = killed(bench, "trap '' TERM; setsid SLEEP & SLEEP; SLEEP", 2, grace=0.5)
    assert end.signal == signal.SIGKILL
    assert 0.5 <= took < 1.5


def test_kill_lets_a_command_clean_up_within_the_grace(bench):
    end, _ = killed(bench, "trap 'echo cleaning; exit 3' TERM; SLEEP & wait", 1, grace=5)
    assert (end.exit_code, end.output) == (3, "cleaning\n")


def test_kill_reaches_a_stopped_process(bench):
    run_id = bench.start("trap 'echo awake; exit 5' TERM; SLEEP & kill -STOP $$; wait", grace=5)
    bench.wait_asleep(1)
    leader = bench.runner._runs[run_id].pid
    bench.poll_until(lambda: Path(f"/proc/{leader}/stat").read_text().rsplit(")", 1)[1].split()[0] == "T")
    bench.runner.kill(run_id)
    assert bench.wait(run_id).output == "awake\n"


def test_kill_with_no_grace_is_immediate(bench):
    end, took = killed(bench, "trap '' TERM; SLEEP & SLEEP; SLEEP", 2, grace=0)
    assert end.signal == signal.SIGKILL
    assert took < 0.5


def test_kill_ends_a_daemon_with_an_empty_environment(bench):
    killed(bench, f"{DETACHED}; SLEEP; true", 2)


def test_kill_ends_a_chain_of_processes_that_moves_on_between_sessions(bench, tmp_path):
    hop = tmp_path / "hop"
    hop.write_text(f'#!/bin/sh\n[ -e {tmp_path}/stop ] || setsid sh "$0" {bench.marker} &\nexit 0\n')
    run_id = bench.start(f"sh {hop} SLEEP; SLEEP", grace=0)
    try:
        bench.wait_asleep(1)
        bench.runner.kill(run_id)
        end = bench.wait(run_id)
    finally:
        (tmp_path / "stop").touch()
    assert end.survivors == 0
    assert bench.alive() == []


def test_kill_ends_a_fork_bomb(bench, tmp_path):
    bomb = tmp_path / "bomb"
    # Bounded, should the test fail: six generations of three, each in a session of its own.
    bomb.write_text(
        '#!/bin/sh\n[ "$1" -gt 0 ] && for i in 1 2 3; do setsid sh "$0" $(($1 - 1)) '
        + f"{bench.marker} & done\n"
        f"trap '' TERM; sleep {bench.marker}; sleep {bench.marker}\n"
    )
    run_id = bench.start(f"sh {bomb} 5 SLEEP", grace=0.1)
    bench.poll_until(lambda: len(bench.alive()) > 50)
    bench.runner.kill(run_id)
    end = bench.wait(run_id)
    assert end.survivors == 0
    assert bench.alive() == []


def test_kill_during_the_grace_changes_nothing(bench):
    run_id = bench.start("trap '' TERM; SLEEP; SLEEP", grace=0.5, timeout=0.2)
    bench.wait_asleep(1)
    bench.poll_until(lambda: bench.runner._runs[run_id].cause is not None)
    began = time.monotonic()
    bench.poll_until(lambda: run_id in bench.ended or not bench.runner.kill(run_id, by="impatient"))
    assert 0.3 < time.monotonic() - began < 1.5
    assert bench.ended[run_id].reason == "timed out after 0.2 s"
    assert not bench.runner.kill(run_id)


def test_a_run_killed_before_it_has_started_never_starts(bench, tmp_path):
    run_id = bench.start(f"touch {tmp_path}/ran")
    assert bench.runner.kill(run_id, by="ada")
    end = bench.wait(run_id)
    assert (end.cause, end.reason, end.pid) == (Cause.KILL, "killed by ada before it had started", None)
    assert not (tmp_path / "ran").exists()


def test_one_of_two_runs_is_killed_and_the_other_is_untouched(bench):
    victim = bench.start("SLEEP & setsid SLEEP & SLEEP")
    other = bench.start("trap 'echo touched' TERM; setsid sleep 0.8 & sleep 0.8; wait; echo whole")
    bench.wait_asleep(3)
    bench.runner.kill(victim)
    bench.wait(victim)
    assert bench.alive() == []
    end = bench.wait(other)
    assert (end.cause, end.exit_code, end.output, end.reason) == (Cause.EXIT, 0, "whole\n", "")


def test_a_run_that_takes_too_long_times_out(bench):
    end = bench.run("echo begun; SLEEP & SLEEP", timeout=0.3)
    assert (end.cause, end.reason) == (Cause.TIMEOUT, "timed out after 0.3 s")
    assert end.output == "begun\n"
    assert 300 <= end.end_ms - end.start_ms < 1300
    assert bench.alive() == []


def test_a_run_that_ends_in_time_does_not_time_out(bench):
    assert bench.run("sleep 0.1", timeout=0.4).cause is Cause.EXIT
    bench.run("sleep 0.5")  # long enough for a deadline left over to do harm


def test_stop_ends_all_runs_started_or_not(bench):
    for _ in range(40):
        bench.start("SLEEP")
    bench.runner.poll(0)
    bench.runner.kill_all(Cause.STOP)
    bench.poll_until(lambda: len(bench.ended) == 40)
    assert {end.cause for end in bench.ended.values()} == {Cause.STOP}
    assert bench.alive() == []
    assert bench.runner.running == 0


def test_close_kills_what_still_runs_and_says_so():
    runner = Runner(os.environ)
    runner.launch(
        [Launch(run_id="r", job_name="j", command="trap '' TERM; sleep 9; sleep 9", plan_time=0, worker="w")]
    )
    runner.poll(0.1)
    began = time.monotonic()
    (end,) = runner.close()
    assert time.monotonic() - began < 2
    assert (end.cause, end.survivors) == (Cause.STOP, 0)


def test_what_a_command_leaves_behind_is_ended_with_it(bench):
    end = bench.run("SLEEP & setsid SLEEP & echo done", timeout=10)
    assert bench.alive() == []
    assert end.end_ms - end.start_ms < 5000
    assert (end.cause, end.exit_code, end.output) == (Cause.EXIT, 0, "done\n")
    assert end.reason == "left 2 processes behind, ended by the worker"


def test_what_a_command_leaves_behind_may_ignore_sigterm_for_the_grace_only(bench):
    end = bench.run("(trap '' TERM; SLEEP; SLEEP) & sleep 0.05; echo done", grace=0.4)
    assert bench.alive() == []
    assert 650 <= end.end_ms - end.start_ms < 2000


def test_a_process_substitution_may_finish_its_work(bench):
    script = 'exec > >(while read -r line; do sleep 0.03; echo "[$line]"; done); echo one; echo two'
    end = bench.run(script)
    assert (end.output, end.reason) == ("[one]\n[two]\n", "")


def test_a_daemon_that_hides_its_origin_ends_with_its_only_possible_run(bench):
    end = bench.run(f"{DETACHED}; sleep 0.1")
    assert bench.alive() == []
    assert end.exit_code == 0


def test_a_daemon_that_hides_its_origin_does_not_outlive_the_runs_it_may_be_of(bench):
    other = bench.start("echo $$; sleep 0.6; echo whole")
    bench.poll_until(lambda: bench.runner._runs)
    run_id = bench.start(f"{DETACHED}; sleep 0.1")
    bench.wait(run_id)
    assert len(bench.alive()) == 1  # it may be of the other run, which goes on
    assert bench.wait(other).output.endswith("whole\n")
    assert bench.alive() == []


def test_a_daemon_that_only_keeps_its_environment_is_known_by_it(bench):
    other = bench.start("sleep 0.6")
    bench.poll_until(lambda: bench.runner._runs)
    bench.run("setsid sh -c '(SLEEP >/dev/null 2>&1 &)'; sleep 0.1")
    assert bench.alive() == []
    assert other not in bench.ended
    bench.wait(other)


def test_a_daemon_that_only_keeps_the_output_open_is_known_by_it(bench):
    other = bench.start("sleep 0.6")
    bench.poll_until(lambda: bench.runner._runs)
    end = bench.run("env -i setsid sh -c '(SLEEP &)'; sleep 0.1; echo out")
    assert bench.alive() == []
    assert (end.output, other in bench.ended) == ("out\n", False)
    bench.wait(other)


def test_processes_that_cannot_be_killed_are_counted(bench):
    """They are of another user, and the runner's process has given up CAP_KILL."""
    if os.getuid() != 0:
        pytest.skip("only root can give up CAP_KILL")
    script = """
import os, sys
from app.worker.runner import Launch, Runner
command = "setpriv --reuid=65534 --clear-groups SLEEP & until grep -q sleep /proc/$!/comm; do :; done;"
command += "echo; SLEEP"
command = command.replace("SLEEP", sys.argv[1])
runner = Runner(os.environ)
runner.launch([Launch(run_id="r", job_name="j", command=command, plan_time=0, worker="w", grace=0.1)])
runner.poll(0.1)
runner.watch_output("r", True)
while not runner.live_output():
    runner.poll(1)
runner.kill("r")
while not (ended := runner.poll(1)):
    pass
print(ended[0].survivors, ended[0].reason, sep="|")
"""
    argv = [sys.executable, "-c", script, f"sleep {bench.marker}"]
    limited = ["setpriv", "--bounding-set=-kill", "--inh-caps=-kill", *argv]
    outcome = subprocess.run(limited, capture_output=True, text=True, timeout=30)
    survivors = bench.alive()
    for pid in survivors:
        os.kill(pid, signal.SIGKILL)
    assert outcome.stdout == "1|killed; 1 of its processes could not be ended\n", outcome.stderr
    assert len(survivors) == 1
    bench.wait_asleep(0)


@pytest.fixture
def executor(bench):
    """Starts a process like an executor, which runs commands, and kills it once all SLEEPs have begun.

    What it leaves becomes ours: this process is a subreaper, as the main process of a worker is.
    """
    script = """
import os, sys
from app.worker.runner import Launch, Runner
runner = Runner(os.environ)
runner.launch([
    Launch(run_id=f"{sys.argv[1]}-{n}", job_name="j", command=command, plan_time=0, worker=sys.argv[1])
    for n, command in enumerate(sys.argv[2:])
])
while True:
    runner.poll(1)
"""
    started = []

    def start_and_kill(*commands, sleeps):
        texts = [text.replace("SLEEP", f"sleep {bench.marker}") for text in commands]
        process = subprocess.Popen([sys.executable, "-c", script, f"w-{bench.marker}", *texts])
        started.append(process)
        bench.wait_asleep(sleeps)
        process.kill()
        process.wait()

    yield start_and_kill
    for process in started:
        process.kill()
        process.wait()
    kill_leftovers(f"w-{bench.marker}")


def test_leftovers_of_a_dead_executor_are_killed_by_worker_and_run(bench, executor):
    command = "trap '' TERM; setsid SLEEP & env -i SLEEP & SLEEP; true"
    executor(command, command, sleeps=6)
    worker = f"w-{bench.marker}"
    assert kill_leftovers("another") == 0
    assert kill_leftovers(worker, {f"{worker}-7"}) == 0
    assert len(bench.alive()) == 8
    assert kill_leftovers(worker, {f"{worker}-0"}) == 4
    assert len(bench.alive()) == 4
    assert kill_leftovers(worker) == 4
    assert bench.alive() == []
