"""Exit codes, signals, what a command is given, and commands that cannot be started."""

import os
import resource
import signal
import time
from pathlib import Path

import pytest

from app.worker.runner import Cause


@pytest.mark.parametrize("code", [0, 1, 127, 255])
def test_the_exit_code_is_reported(bench, code):
    end = bench.run(f"exit {code}")
    assert (end.cause, end.exit_code, end.signal, end.reason) == (Cause.EXIT, code, None, "")


def test_a_command_that_kills_itself_ends_by_its_signal(bench):
    end = bench.run("kill -9 $$")
    assert (end.cause, end.exit_code, end.signal) == (Cause.EXIT, None, signal.SIGKILL)


def test_times_pid_and_usage_are_reported(bench):
    before = time.time_ns() // 1_000_000
    end = bench.run("echo $$; i=0; while ((i < 100000)); do ((i++)); done; sleep 0.1")
    assert int(end.output) == end.pid
    assert before <= end.start_ms <= end.end_ms - 100
    assert end.end_ms <= time.time_ns() // 1_000_000
    assert 0.02 < end.cpu_seconds < 10


def test_peak_memory_is_that_of_the_command_or_nothing(bench):
    assert bench.run("true").max_rss_kb is None
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    end = bench.run(f"head -c {own * 1024 + 50_000_000} /dev/zero | tail -n 1 | wc -c")
    assert end.max_rss_kb > own + 40_000


def test_stdin_is_empty(bench):
    assert bench.run("cat; echo end").output == "end\n"


def test_stdout_and_stderr_are_one_stream_in_order(bench):
    assert bench.run("echo a; echo b >&2; echo c").output == "a\nb\nc\n"


def test_the_environment_is_exactly_what_is_documented(bench):
    end = bench.run(
        "exec env -0", env={"REGION": "eu", "PATH": "/usr/bin"}, attempt=2, fence=77, shell="/bin/sh"
    )
    seen = dict(line.split("=", 1) for line in end.output.split("\0") if line)
    seen.pop("PWD")  # sh sets it
    assert seen == {
        "PATH": "/usr/bin",
        "HOME": "/root",
        "USER": "root" if os.getuid() == 0 else seen["USER"],
        "LOGNAME": seen["USER"],
        "SHELL": "/bin/sh",
        "LC_CTYPE": "C.UTF-8",
        "TZ": "Asia/Shanghai",
        "REGION": "eu",
        "CRON_JOB": "nightly",
        "CRON_RUN_ID": end.run_id,
        "CRON_PLAN_TIME": "2030-03-17T17:46:40.123Z",
        "CRON_ATTEMPT": "2",
        "CRON_FENCE": "77",
        "CRON_WORKER": "w1",
    }


def test_a_command_gets_no_descriptor_but_0_1_2(bench):
    others = [bench.start("SLEEP") for _ in range(3)]
    bench.wait_asleep(3)
    run_id = bench.start("exec SLEEP")
    bench.wait_asleep(4)
    pid = bench.runner._runs[run_id].pid
    assert sorted(fd.name for fd in Path(f"/proc/{pid}/fd").iterdir()) == ["0", "1", "2"]
    for other in [*others, run_id]:
        bench.runner.kill(other)
        bench.wait(other)


def test_descriptors_open_before_the_runner_are_not_inherited(tmp_path, monkeypatch):
    from app.worker.runner import Launch, Runner

    fd = os.open(tmp_path / "secret", os.O_CREAT | os.O_RDWR)
    os.set_inheritable(fd, True)
    runner = Runner(os.environ)
    try:
        probe = f"test -e /proc/self/fd/{fd} && echo leaked"
        runner.launch([Launch(run_id="r", job_name="j", command=probe, plan_time=0, worker="w")])
        (end,) = runner.poll(5) or runner.poll(5)
    finally:
        runner.close()
        os.close(fd)
    assert end.output == ""


def test_a_command_starts_with_default_signals_and_none_blocked(bench):
    assert signal.getsignal(signal.SIGPIPE) == signal.SIG_IGN  # else this would show nothing
    status = bench.run("exec grep -E '^Sig(Ign|Blk)' /proc/self/status").output.split()
    blocked, ignored = (int(mask, 16) for mask in status[1::2])
    assert blocked == 0
    assert (
        ignored & ~(0b11 << 31) == 0
    )  # 32 and 33 belong to the C library, which ignores them in what it spawns


def test_a_command_leads_its_own_session_and_group(bench):
    end = bench.run("read -r _ _ _ _ group session _ < /proc/$$/stat; echo $group $session")
    assert end.output.split() == [str(end.pid)] * 2


def test_a_command_runs_in_its_directory(bench, tmp_path):
    directory = tmp_path / "with space and ü"
    directory.mkdir()
    assert bench.run("pwd; exit 4", cwd=str(directory)).output == f"{directory}\n"


def test_another_shell_runs_the_command(bench):
    assert bench.run("import sys; print(sys.argv)", shell="/usr/bin/python3").output == "['-c']\n"


@pytest.mark.parametrize("size", [131_071, 131_072, 200_000, 262_144])
@pytest.mark.parametrize("shell", ["/bin/bash", "/bin/sh"])
def test_a_command_of_any_allowed_size_runs(bench, size, shell):
    head, tail = 'x="', '"; echo ${#x} $# "$0"; exit 9'
    body = "é" * 1000 + "x" * (size - len(head + tail) - 2000)
    end = bench.run(head + body + tail, shell=shell, env={"LC_ALL": "C.UTF-8"})
    characters = len(body) if shell == "/bin/bash" else len(body.encode())
    assert (end.output, end.exit_code) == (f"{characters} 0 {shell}\n", 9)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"shell": "/no/such/shell"}, "/no/such/shell: No such file or directory"),
        ({"shell": "/etc/passwd"}, "/etc/passwd: Permission denied"),
        ({"cwd": "/no/such/place"}, "/no/such/place: No such file or directory"),
        ({"cwd": "/etc/passwd"}, "/etc/passwd: Not a directory"),
        ({"cwd": "/tmp", "shell": "/no/such/shell"}, "/no/such/shell: No such file or directory"),
        ({"env": {"X": "\udc00\ud800"}}, "surrogates not allowed"),
        ({"env": {"X": "\0"}}, "null byte"),
        ({"env": {f"X{n}": "x" * 100_000 for n in range(40)}}, "Argument list too long"),
    ],
)
def test_what_cannot_be_started_is_explained_and_harms_nothing(bench, options, words):
    end = bench.run("echo never", **options)
    assert end.cause is Cause.SPAWN_ERROR
    assert words in end.reason
    assert (end.pid, end.exit_code, end.signal, end.output) == (None, None, None, "")
    assert bench.run("echo next").output == "next\n"


def test_running_out_of_descriptors_is_explained_and_passes(bench):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    held = os.open("/dev/null", os.O_RDONLY)
    os.close(held)
    resource.setrlimit(resource.RLIMIT_NOFILE, (held + 1, hard))
    try:
        end = bench.run("echo never")
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert (end.cause, end.reason) == (Cause.SPAWN_ERROR, "cannot start: Too many open files")
    assert bench.run("echo next").output == "next\n"


def test_a_run_is_started_once_however_often_it_is_launched(bench, tmp_path):
    run_id = bench.start(f"echo x >> {tmp_path}/out; sleep 0.1")
    launch = bench.runner._pending[run_id]
    bench.runner.launch([launch])
    bench.poll_until(lambda: (tmp_path / "out").exists())
    bench.runner.launch([launch])
    bench.wait(run_id)
    assert bench.runner.running == 0
    assert Path(tmp_path / "out").read_text() == "x\n"


def test_poll_returns_for_a_registered_descriptor_and_for_a_signal(bench):
    reader, writer = os.pipe()
    bench.runner.register(reader)
    os.write(writer, b"x")
    began = time.monotonic()
    assert bench.runner.poll(10) == []
    assert bench.runner.ready == [reader]
    os.read(reader, 1)
    old = signal.signal(signal.SIGUSR1, lambda *_: None)
    os.kill(os.getpid(), signal.SIGUSR1)
    bench.runner.poll(10)
    signal.signal(signal.SIGUSR1, old)
    assert bench.runner.ready == []
    assert time.monotonic() - began < 5
    os.close(reader)
    os.close(writer)
