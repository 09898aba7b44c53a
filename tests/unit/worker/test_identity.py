import os
import socket
import subprocess

import pytest

from app.common.models import WorkerInfo
from app.worker.identity import instance_of, is_alive_here, is_dead_predecessor, is_same_process


def info(**fields):
    known = {"id": "w", "host": socket.gethostname(), "pid": os.getpid(), "started": 1, "capacity": 1}
    return WorkerInfo(**(known | fields))


@pytest.fixture
def ended():
    """(pid, instance) of a process that was alive and has ended."""
    with subprocess.Popen(["sleep", "60"]) as process:
        instance = instance_of(process.pid)
        process.kill()
        process.wait()
    return process.pid, instance


def test_an_instance_is_the_same_as_long_as_the_process_lives():
    assert instance_of(os.getpid()) == instance_of(os.getpid()) != ""
    assert instance_of(os.getppid()) != instance_of(os.getpid())


def test_there_is_no_instance_of_a_process_that_ended(ended):
    pid, instance = ended
    assert instance
    assert instance_of(pid) == ""


def test_a_name_with_blanks_and_parentheses_does_not_confuse(tmp_path):
    program = tmp_path / "a) b (c) 1 2 3"
    program.symlink_to("/bin/sleep")
    with subprocess.Popen([str(program), "60"]) as process:
        boot, pid, started = instance_of(process.pid).rsplit(":", 2)
        process.kill()
    assert pid == str(process.pid)
    own = instance_of(os.getpid()).rsplit(":", 2)
    assert boot == own[0]
    assert int(started) > int(own[2])


def test_a_registration_of_this_process_is_its_own():
    own = info(instance=instance_of(os.getpid()))
    assert is_same_process(own, os.getpid())
    assert not is_dead_predecessor(own)


def test_a_registration_of_an_ended_process_of_this_host_is_a_dead_predecessors(ended):
    pid, instance = ended
    assert is_dead_predecessor(info(pid=pid, instance=instance))
    assert not is_same_process(info(pid=pid, instance=instance), os.getpid())


def test_a_pid_that_was_used_again_is_not_taken_for_the_process_that_had_it():
    before = info(instance=f"{instance_of(os.getpid())}0")
    assert is_dead_predecessor(before)
    assert not is_same_process(before, os.getpid())


@pytest.mark.parametrize("part", [0, 1], ids=["boot", "pid namespace"])
def test_of_another_host_nothing_is_known_whatever_its_name(ended, part):
    pid, instance = ended
    parts = instance.split(":")
    parts[part] += "0"
    elsewhere = ":".join(parts)
    assert not is_dead_predecessor(info(pid=pid, instance=elsewhere))
    assert not is_alive_here(info(pid=os.getpid(), instance=elsewhere))
    assert is_alive_here(info(pid=os.getpid(), instance=instance_of(os.getpid())))
