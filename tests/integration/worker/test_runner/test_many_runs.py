"""Many runs: each accounted for once, none mixed up with another, and nothing left of any of them."""

import os
import time
from pathlib import Path

from app.worker.process_tree import children_of
from app.worker.runner import Launch


def open_files():
    return len(list(Path("/proc/self/fd").iterdir()))


def test_a_thousand_quick_commands_are_all_accounted_for(bench):
    before = open_files()
    cpu = time.process_time()
    run_ids = [bench.start(f"echo {n}; exit {n % 7}") for n in range(1000)]
    assert bench.runner.running == 1000
    bench.poll_until(lambda: len(bench.ended) == 1000, timeout=60)
    cpu = time.process_time() - cpu
    for n, run_id in enumerate(run_ids):
        end = bench.ended[run_id]
        assert (end.exit_code, end.output, end.reason) == (n % 7, f"{n}\n", "")
    assert bench.runner.running == 0
    assert open_files() == before
    assert cpu / 1000 < 0.001  # about 0.1 ms on an idle machine; this catches a different order of magnitude


def test_ends_are_gathered_and_told_at_once(bench):
    first, second = bench.start("true"), bench.start("sleep 0.1")
    assert {end.run_id for end in bench.runner.poll(10, gather=2)} == {first, second}


def test_an_end_after_the_gathering_is_told_without_delay(bench):
    run_id = bench.start("sleep 0.2")
    began = time.monotonic()
    assert [end.run_id for end in bench.runner.poll(10, gather=0.05)] == [run_id]
    assert time.monotonic() - began < 5


def test_quick_commands_go_on_while_long_ones_leave_daemons(bench):
    """Strays of runs that go on must cost the others neither their end nor their output."""
    long = [bench.start("setsid sleep 2 & setsid sleep 2 & disown -a; sleep 2; wait") for _ in range(5)]
    for n in range(100):
        assert bench.run(f"echo {n}").output == f"{n}\n"
    for run_id in long:
        end = bench.wait(run_id)
        assert (end.exit_code, end.reason) == (0, "")


def test_no_zombie_and_no_descriptor_is_left(bench):
    before = open_files()
    children = set(children_of(os.getpid()))
    for _ in range(100):
        bench.start("(setsid true &); true & echo x")
    bench.poll_until(lambda: len(bench.ended) == 100, timeout=60)
    assert {end.exit_code for end in bench.ended.values()} == {0}
    assert set(children_of(os.getpid())) - children == set()
    assert open_files() == before


def test_zombies_of_a_long_run_are_reaped_while_it_goes_on(bench):
    run_id = bench.start("for i in 1 2 3 4 5; do (setsid true &); done; sleep 0.3; SLEEP")
    bench.wait_asleep(1)
    bench.poll_until(lambda: len(set(children_of(os.getpid())) & set(zombies())) == 0)
    bench.runner.kill(run_id)
    bench.wait(run_id)


def zombies():
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                if (entry / "stat").read_text().rsplit(")", 1)[1].split()[0] == "Z":
                    yield int(entry.name)
            except OSError:
                continue


def test_output_and_exit_codes_stay_with_their_runs_when_descriptors_are_used_again(bench):
    """Descriptors of pipes are used again at once while commands are being started."""
    bench.runner.launch(
        [
            Launch(
                run_id=f"mix-{n}",
                job_name="j",
                command=f"sleep 0.0{n % 7}; echo {n}; echo {n} >&2; exit {n % 11}",
                plan_time=0,
                worker="w",
                timeout=30,
            )
            for n in range(300)
        ]
    )
    bench.poll_until(lambda: len(bench.ended) == 300, timeout=60)
    for n in range(300):
        end = bench.ended[f"mix-{n}"]
        assert (end.output, end.exit_code) == (f"{n}\n{n}\n", n % 11)
