"""What a command prints: all is drained, a bounded part is kept, and whoever watches sees it live."""

import os
import time
from pathlib import Path

from app.worker.process_tree import living
from tests.harness.poll import wait_until

LIMIT = 262_144


def resident_bytes():
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def test_a_gigabyte_is_drained_within_bounded_memory(bench):
    run_id = bench.start("echo first; yes 0123456789abcde | head -c 1000000000; echo last", timeout=60)
    peak = before = resident_bytes()
    while run_id not in bench.ended:
        bench.ended |= {end.run_id: end for end in bench.runner.poll(0.02)}
        peak = max(peak, resident_bytes())
    end = bench.ended[run_id]
    assert (end.exit_code, end.output_bytes, end.truncated) == (0, 1_000_000_011, True)
    assert end.output.startswith("first\n0123456789abcde\n0123")
    assert end.output.endswith("abcde\nlast\n")
    assert LIMIT - 200 < len(end.output.encode()) <= LIMIT
    assert "… 999,7" in end.output
    assert "bytes cut …\n" in end.output
    assert peak - before < 50_000_000


def test_one_line_of_100_megabytes_is_like_any_other_output(bench):
    end = bench.run("head -c 100000000 /dev/zero | tr '\\0' x", output_limit=1024)
    assert end.output_bytes == 100_000_000
    assert len(end.output.encode()) <= 1024
    assert end.output.startswith("xxx")
    assert end.output.endswith("xxx")


def test_a_heavy_printer_does_not_hold_up_other_commands(bench):
    heavy = [bench.start("exec yes") for _ in range(2)]
    bench.poll_until(lambda: len(bench.runner._runs) == 2)
    for _ in range(5):
        end = bench.run("echo quick")
        assert end.output == "quick\n"
        assert end.end_ms - end.start_ms < 1000
    for run_id in heavy:
        assert bench.runner.kill(run_id)
        assert bench.wait(run_id).output.startswith("y\ny\n")


def test_all_that_is_in_a_pipe_made_larger_is_read_to_its_end(bench):
    script = "import fcntl, os; fcntl.fcntl(1, fcntl.F_SETPIPE_SZ, 1 << 20); os.write(1, b'x' * 1_000_000)"
    run_id = bench.start(script, shell="/usr/bin/python3")
    bench.runner.poll(0)
    leader = bench.runner._runs[run_id].pid
    wait_until(lambda: not living([leader]))  # nothing was read meanwhile
    assert bench.wait(run_id).output_bytes == 1_000_000


def test_binary_garbage_is_kept_readable_within_the_limit(bench):
    end = bench.run("head -c 3000 /dev/urandom; printf '\\377\\376 end'", output_limit=2048)
    assert end.output_bytes == 3006
    assert end.truncated
    assert len(end.output.encode()) <= 2048
    assert end.output.endswith("\\xff\\xfe end")


def test_output_of_a_survivor_of_the_leader_is_kept_and_holding_the_pipe_delays_nothing(bench):
    end = bench.run("(echo from behind; SLEEP) & sleep 0.05; echo leader")
    assert end.output == "from behind\nleader\n"
    assert end.end_ms - end.start_ms < 2000


def test_a_command_may_close_its_output_and_go_on(bench):
    end = bench.run("echo before; exec >&- 2>&-; sleep 0.3; exit 6")
    assert (end.output, end.exit_code) == ("before\n", 6)
    assert end.end_ms - end.start_ms >= 300


def test_a_command_that_reads_its_own_output_does_not_block_the_others(bench):
    thief = bench.start("yes & exec cat /dev/stdout > /dev/null")
    bench.poll_until(lambda: bench.runner._runs)
    for _ in range(20):
        assert bench.run("echo x").output == "x\n"
    bench.runner.kill(thief)
    bench.wait(thief)


def test_a_watched_run_shows_its_output_as_it_comes(bench):
    run_id = bench.start("echo one; sleep 0.5; echo two; sleep 0.5; echo three")
    bench.poll_until(lambda: run_id in bench.runner._runs)
    bench.poll_until(lambda: bench.runner._runs[run_id].output.total)
    assert bench.runner.live_output() == []  # nobody watches
    assert bench.runner.watch_output(run_id, True)
    seen, times = [], []
    while run_id not in bench.ended:
        bench.ended |= {end.run_id: end for end in bench.runner.poll(1)}
        for chunk in bench.runner.live_output():
            seen.append((chunk.run_id, chunk.offset, chunk.data))
            times.append(time.monotonic())
    assert seen == [(run_id, 0, b"one\n"), (run_id, 4, b"two\n"), (run_id, 8, b"three\n")]
    assert times[1] - times[0] > 0.2
    assert not bench.runner.watch_output(run_id, True)


def test_live_output_is_bounded_in_rate_and_size(bench):
    run_id = bench.start("exec yes")
    bench.poll_until(lambda: run_id in bench.runner._runs)
    bench.runner.watch_output(run_id, True)
    chunks, polls, began = [], 0, time.monotonic()
    while time.monotonic() < began + 1:
        bench.runner.poll(0.5)
        polls += 1
        chunks += bench.runner.live_output()
    assert 3 <= len(chunks) <= 7
    assert polls < 20
    assert all(len(chunk.data) <= LIMIT for chunk in chunks)
    ends = [chunk.offset + len(chunk.data) for chunk in chunks]
    assert all(end <= chunk.offset for end, chunk in zip(ends, chunks[1:], strict=False))
    bench.runner.watch_output(run_id, False)
    bench.runner.poll(0.3)
    assert bench.runner.live_output() == []
    bench.runner.kill(run_id)
    bench.wait(run_id)
