"""`yuanya up`: one command starts everything, and nothing of it survives its end."""

import fcntl
import json
import os
import re
import shutil
import signal
import socket
import stat
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from app.embedded import data_dir, etcd
from app.embedded.process import LOG_LIMIT, Child
from tests.harness.embedded import YUANYA, Up
from tests.harness.poll import free_port, wait_until

SECONDLY = "{name: tick, command: 'echo tick $CRON_RUN_ID', cronExpr: '* * * * * *'}"
SLEEPERS = "{name: sleeper, command: 'sleep 7777 & setsid sleep 7777 & sleep 7777', cronExpr: '0 0 1 1 *'}"
STOP_SECONDS = 10


def ledger(up: Up, name: str) -> dict:
    return json.loads(up.ok("ledger", "--job", name, "--json"))


def test_from_nothing_to_a_run_and_back_and_on(new_up):
    new_up.start()
    said = new_up.said()
    password = (new_up.data / "admin-password").read_text().strip()
    assert new_up.url in said
    assert password in said
    assert (
        f"{' '.join(YUANYA)} login --url {new_up.url} --password-file {new_up.data / 'admin-password'}"
        in said
    )
    assert stat.S_IMODE((new_up.data / "admin-password").stat().st_mode) == 0o600
    assert stat.S_IMODE(new_up.data.stat().st_mode) == 0o700
    logs = new_up.log("master") + new_up.log("worker") + new_up.log("etcd")
    assert password not in logs
    link = the_link(new_up)
    if link is not None:
        assert link not in logs
        redeem = {"url": f"{new_up.url}/api/v1/session/redeem", "json": {"link": link}}
        signed_in = httpx.post(**redeem)
        assert (signed_in.status_code, signed_in.json()["user"]) == (200, "admin")
        assert httpx.post(**redeem).status_code == 401
    new_up.login()
    new_up.ok("job", "apply", "-f", "-", stdin=f"[{SECONDLY}, {SLEEPERS}]")
    new_up.ok("job", "run", "sleeper")
    wait_until(lambda: "tick" in new_up.yuanya("job", "logs", "tick").stdout, what="a run with its output")
    wait_until(lambda: count_sleepers(new_up) >= 3, what="the command's processes")

    started = time.monotonic()
    assert new_up.stop(signal.SIGINT) == 0
    assert time.monotonic() - started < STOP_SECONDS
    assert new_up.processes() == []

    new_up.start()
    assert password not in new_up.said()
    assert "tick" in new_up.ok("job", "list")
    found = ledger(new_up, "tick")
    assert found["succeeded"] > 0
    assert found["duplicated"] == 0
    assert new_up.stop(signal.SIGTERM) == 0
    assert new_up.processes() == []


def the_link(up: Up) -> str | None:
    """The secret of the printed link; None where the console is not built, which is said then."""
    found = re.search(rf"open +{re.escape(up.url)}/#/sign-in\?link=(\S+)", up.said())
    assert (found is None) == ("console is not built" in up.said())
    return found[1] if found else None


def test_a_password_changed_since_costs_the_link_only(new_up):
    new_up.start()
    if the_link(new_up) is None:
        pytest.skip("the console is not built")
    file = new_up.data / "admin-password"
    new_up.stop(signal.SIGTERM)
    file.write_text("not the password\n")
    new_up.start()
    assert "is ready" in new_up.said()
    assert "sign-in?link" not in new_up.said()


def count_sleepers(up: Up) -> int:
    return sum("sleep" in Path(f"/proc/{pid}/comm").read_text() for pid in children_of(up.process.pid))


def children_of(pid: int) -> list[int]:
    """All descendants."""
    found = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in map(int, task.read_text().split()):
            found += [child, *children_of(child)]
    return found


def test_killed_with_sigkill_it_leaves_no_process(new_up):
    new_up.start()
    new_up.login()
    new_up.ok("job", "apply", "-f", "-", stdin=SLEEPERS)
    new_up.ok("job", "run", "sleeper")
    wait_until(lambda: count_sleepers(new_up) >= 3, what="the command's processes")
    family = children_of(new_up.process.pid)
    assert len(family) >= 10
    new_up.process.kill()
    new_up.process.wait()
    alive = lambda: [pid for pid in family if Path(f"/proc/{pid}/cmdline").exists() and cmdline(pid)]  # noqa: E731
    wait_until(lambda: not alive(), what="the end of all processes")
    # At once, and with what there was.
    new_up.start()
    assert "sleeper" in new_up.ok("job", "list")


def cmdline(pid: int) -> bytes:
    """Empty for a zombie."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def test_a_child_that_dies_is_started_again(up):
    master = next(pid for pid in children_of(up.process.pid) if cmdline(pid).endswith(b"\0master\0"))
    os.kill(master, signal.SIGKILL)
    wait_until(lambda: "master was ended by SIGKILL" in up.said(), what="the news of its death")
    wait_until(lambda: up.yuanya("job", "list").returncode == 0, what="the return of the master")
    assert up.process.poll() is None


def test_settings_that_are_refused_end_it_with_the_reason(new_up):
    new_up.start(wait=False, YUANYA_TIMEZONE="Mars/Base")
    assert new_up.process.wait(30) == 1
    assert "YUANYA_TIMEZONE: unknown time zone" in new_up.said()
    assert "Traceback" not in new_up.said()
    assert new_up.processes() == []


def test_a_crash_loop_ends_it_with_the_last_lines(new_up):
    # The worker's directory is a file: it can never start.
    new_up.data.mkdir()
    (new_up.data / "worker").write_text("in the way")
    new_up.start(wait=False)
    assert new_up.process.wait(60) == 1
    said = new_up.said()
    assert "5 times within a minute" in said
    assert "The end of" in said
    assert new_up.processes() == []


@pytest.fixture
def on_a_small_disk(new_up):
    """Its data directory has 20 MB, less than etcd lays out when it starts."""
    if os.geteuid() != 0 or not shutil.which("mount"):
        pytest.skip("mounting a small tmpfs needs root")
    new_up.data.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=20m", "tmpfs", new_up.data]
    mounted = subprocess.run(mount, capture_output=True)
    if mounted.returncode:
        pytest.skip(f"mounting a small tmpfs is not allowed here: {mounted.stderr.decode().strip()}")
    yield new_up
    new_up.end()
    subprocess.run(["umount", "-l", new_up.data], check=True)


def test_a_full_disk_is_named_though_etcd_shows_a_stack_trace(on_a_small_disk):
    on_a_small_disk.start(wait=False)
    assert on_a_small_disk.process.wait(60) == 1
    said = on_a_small_disk.said()
    assert "etcd ended with exit code" in said
    assert "starting it again" in said
    last = said.splitlines()[-1]
    assert f"The disk of {on_a_small_disk.data} has only" in last
    assert "--data-dir" in last


@pytest.mark.parametrize("option", ["--port", "--etcd-port", "--metrics-port"])
def test_a_taken_port_is_one_line_with_the_way_out(new_up, option):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", new_up.ports[option]))
        taken.listen()
        done = new_up.second()
    assert done.returncode == 1
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert f"Port {new_up.ports[option]}" in line
    assert f"{option} {new_up.ports[option] + 1}" in line
    assert new_up.processes() == []


def test_a_data_directory_in_use_is_one_line(up):
    done = up.second(**{option: free_port() for option in up.ports})
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert str(up.data) in line
    assert f"process {up.process.pid}" in line
    assert "--data-dir" in line


@pytest.mark.parametrize("place", ["/proc/nowhere", "a file"])
def test_an_impossible_data_directory_is_one_line(new_up, tmp_path, place):
    if place == "a file":
        place = tmp_path / "file"
        place.touch()
    done = new_up.second(**{"--data-dir": place})
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"Cannot use the data directory {place}")


def test_an_address_of_another_machine_is_one_line(new_up):
    done = new_up.second(**{"--host": "192.0.2.1"})
    assert done.returncode == 1
    assert done.stderr.splitlines() == ["--host 192.0.2.1: not an address of this machine"]


def test_the_lock_waits_for_the_children_of_a_dead_owner(tmp_path):
    file = (tmp_path / "lock").open("a+")
    file.write("999999999")
    file.flush()
    fcntl.flock(file, fcntl.LOCK_EX)
    signal.signal(signal.SIGALRM, lambda *_: file.close())
    signal.setitimer(signal.ITIMER_REAL, 0.5)
    try:
        with data_dir.lock(tmp_path) as mine:
            assert file.closed
            assert (tmp_path / "lock").read_text() == str(os.getpid())
            assert not mine.closed
    finally:
        signal.signal(signal.SIGALRM, signal.SIG_DFL)


def test_logs_are_bounded(tmp_path):
    child = Child("x", [sys.executable, "-c", "import time; time.sleep(60)"], tmp_path / "x.log", 1)
    child.log.write_bytes(b"a" * (LOG_LIMIT + 1))
    child.start()
    try:
        assert b"aaa" not in child.log.read_bytes()
        assert (tmp_path / "x.log.1").stat().st_size == LOG_LIMIT + 1
    finally:
        child.stop()


def test_a_child_that_ignores_sigterm_is_killed(tmp_path):
    program = (
        "import signal, time; signal.signal(15, signal.SIG_IGN); print('deaf', flush=True); time.sleep(60)"
    )
    child = Child("x", [sys.executable, "-c", program], tmp_path / "x.log", 0.3)
    child.start()
    wait_until(lambda: "deaf" in child.last_lines(), what="its start")
    pid = child.pid
    child.stop()
    assert not Path(f"/proc/{pid}").exists()


class TestEtcdBinary:
    def test_the_packaged_one_serves_where_the_path_has_none(self, tmp_path, monkeypatch):
        monkeypatch.setenv("PATH", str(Path(sys.executable).parent))
        binary = etcd.find_binary()
        assert binary.path.parent.name == "etcdbin"
        assert binary.version == (3, 5, 1)
        assert "13766" in binary.warning
        port = free_port()
        child = Child("etcd", etcd.arguments(binary, tmp_path / "etcd", port), tmp_path / "etcd.log", 5)
        child.start()
        try:
            wait_until(lambda: etcd.healthy(port), what=f"its start: {child.last_lines()}")
            assert etcd.value(port, "/nothing") is None
        finally:
            child.stop()

    def test_the_one_on_the_path_comes_first(self):
        installed = shutil.which("etcd", path="/usr/bin:/usr/local/bin")
        if installed is None:
            pytest.skip("etcd is not installed")
        binary = etcd.find_binary()
        assert binary.path == Path(installed)
        assert binary.warning == ""
