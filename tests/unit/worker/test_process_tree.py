import os
import signal
import subprocess
from pathlib import Path

import pytest

from app.worker.process_tree import children_of, living, pipes, read_process, send, variable
from app.worker.strays import ticks_now
from tests.harness.poll import wait_until


@pytest.fixture
def tree():
    """A shell with a sleeping child and a sleeping grandchild in another session."""
    shell = subprocess.Popen(
        ["bash", "-c", "sleep 50 & (setsid sleep 51; true) & wait"],
        env={"MARK": "a=b", "CRON": "é", "EMPTY": ""},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    wait_until(lambda: len(living([shell.pid])) == 4 and len({p.sid for p in living([shell.pid])}) == 2)
    yield shell
    for process in living([shell.pid]):
        send(process, signal.SIGKILL)
    shell.wait()
    shell.stdout.close()


def test_a_process_is_read_by_its_number(tree):
    before = ticks_now()
    process = read_process(tree.pid)
    assert (process.pid, process.ppid, process.alive) == (tree.pid, os.getpid(), True)
    assert (process.pgid, process.sid) == (os.getpgid(tree.pid), os.getsid(tree.pid))
    assert before - 500 < process.start <= before
    assert read_process(2**22 + 1) is None


def test_a_process_whose_name_looks_like_fields_is_read_right(tmp_path):
    program = tmp_path / "a) R 1 (b"
    program.symlink_to("/bin/sleep")
    process = subprocess.Popen([program, "50"])
    try:
        wait_until(lambda: "a) R 1" in Path(f"/proc/{process.pid}/comm").read_text())
        assert read_process(process.pid).ppid == os.getpid()
    finally:
        process.kill()
        process.wait()


def test_living_is_the_whole_tree_parents_first(tree):
    found = living([tree.pid])
    assert found[0].pid == tree.pid
    order = [process.pid for process in found]
    assert all(order.index(process.ppid) < order.index(process.pid) for process in found[1:])
    assert set(children_of(tree.pid)) == {process.pid for process in found if process.ppid == tree.pid}
    assert living([tree.pid, tree.pid]) == found


def test_zombies_are_not_living():
    process = subprocess.Popen(["true"])
    wait_until(lambda: read_process(process.pid).alive is False)
    assert living([process.pid]) == []
    process.wait()


def test_a_process_whose_first_thread_has_ended_is_living():
    script = "import threading, time, ctypes; threading.Thread(target=time.sleep, args=(50,)).start(); "
    script += "print(flush=True); ctypes.CDLL(None).pthread_exit(None)"
    process = subprocess.Popen(["python3", "-c", script], stdout=subprocess.PIPE)
    try:
        wait_until(lambda: ") Z " in Path(f"/proc/{process.pid}/stat").read_text())
        assert [found.pid for found in living([process.pid])] == [process.pid]
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def test_variables_are_read_exactly(tree):
    assert variable(tree.pid, "MARK") == "a=b"
    assert variable(tree.pid, "EMPTY") == ""
    assert variable(tree.pid, "CRON") == "é"
    assert variable(tree.pid, "ARK") is None
    assert variable(2**22 + 1, "MARK") is None


def test_pipes_of_the_output_are_known_by_inode(tree):
    assert pipes(tree.pid) == {os.fstat(tree.stdout.fileno()).st_ino}


def test_send_reaches_the_very_process_only(tree):
    process = read_process(tree.pid)
    assert not send(process._replace(start=process.start - 1), signal.SIGKILL)
    assert not send(process._replace(pid=2**22 + 1), signal.SIGKILL)
    assert tree.poll() is None
    child = next(found for found in living([tree.pid]) if found.sid != process.sid)
    assert send(child, signal.SIGKILL)
    wait_until(lambda: child not in living([tree.pid]))
    assert tree.poll() is None
