"""Secrets of commands: in their environment, and hidden in what they print."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.worker.running import Cause
from tests.integration.worker.test_runner.conftest import Bench

SECRET = "correct-horse-battery-staple"


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    folder = tmp_path / "secrets"
    folder.mkdir(mode=0o700)
    (folder / "s").write_text(SECRET)
    made = Bench(secrets=folder)
    yield made
    made.runner.close()
    assert made.alive() == []


def test_the_environment_has_it_and_the_output_does_not(bench):
    end = bench.run(
        '[ "$A" = "correct-horse-battery-staple" ] && echo "a: $A" && env | grep ^A=', env={"A": "secret:s"}
    )
    assert (end.exit_code, end.output) == (0, "a: ***\nA=***\n")
    assert end.output_bytes == len(end.output)


def test_printed_in_parts_with_pauses_it_is_hidden_live_too(bench):
    script = 'printf "<%s" "${A:0:9}"; sleep 0.3; printf "%s>" "${A:9}"; sleep 0.3; printf "%s" "${A:0:20}"'
    run_id = bench.start(script, env={"A": "secret:s"})
    bench.runner.poll(0)
    bench.runner.watch_output(run_id, True)
    live = b""
    while run_id not in bench.ended:
        bench.ended |= {end.run_id: end for end in bench.runner.poll(0.02)}
        for chunk in bench.runner.live_output():
            assert chunk.offset == len(live)
            live += chunk.data
    live += b"".join(chunk.data for chunk in bench.runner.live_output())
    assert live.decode() == bench.ended[run_id].output == "<***>***"


def test_over_the_cut_between_head_and_tail_nothing_of_it_is_left(bench):
    end = bench.run(
        'for i in {1..4000}; do printf %s "$A$A."; done', env={"A": "secret:s"}, output_limit=1024
    )
    assert end.truncated
    assert set(end.output.replace("***", "").partition("\n")[0]) <= {".", "*"}
    assert "horse" not in end.output


def test_a_command_whose_secret_is_missing_is_not_started(bench, tmp_path):
    end = bench.run(f"touch {tmp_path}/ran", env={"A": "secret:none"})
    assert (end.cause, end.pid, end.output) == (Cause.SPAWN_ERROR, None, "")
    assert end.reason.startswith("cannot start: secret:none for A: on worker w1: none in ")
    assert not (tmp_path / "ran").exists()


def test_the_rest_of_a_killed_command_is_hidden_as_well(bench):
    run_id = bench.start('echo "$A$A"; SLEEP', env={"A": "secret:s"})
    bench.wait_asleep(1)
    bench.runner.kill(run_id)
    assert bench.wait(run_id).output == "******\n"
