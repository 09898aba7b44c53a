"""Which run a process belongs to whose parent is dead, if session, environment and output do not tell."""

import os
import subprocess
from dataclasses import dataclass

import pytest

from app.worker.process_tree import become_subreaper, children_of, living
from app.worker.strays import Strays, ticks_now
from tests.harness.poll import wait_until


@dataclass
class Run:
    run_id: str
    start_ticks: int
    leader_alive: bool
    pid: int = 2**22 + 1
    pipe_inode: int = -1


@pytest.fixture
def strays():
    become_subreaper()
    strays = Strays()
    yield strays
    strays.close()
    become_subreaper(False)


@pytest.fixture
def detached(strays):
    """A stray that shows nothing of its origin, and the time it started."""
    before = set(children_of(os.getpid()))
    started = ticks_now()
    subprocess.run(["setsid", "-f", "env", "-i", "sleep", "50"], stdout=subprocess.DEVNULL, check=True)
    wait_until(lambda: set(children_of(os.getpid())) - before)
    (pid,) = set(children_of(os.getpid())) - before
    yield pid, started
    os.kill(pid, 9)
    os.waitpid(pid, 0)


def refresh(strays, *runs):
    strays.refresh({}, {run.run_id: run for run in runs})
    return {run.run_id: strays.of(run.run_id) for run in runs}


def test_it_is_of_the_only_run_that_had_begun(strays, detached):
    pid, started = detached
    earlier, later = Run("earlier", started, True), Run("later", started + 1000, True)
    assert refresh(strays, earlier, later) == {"earlier": [pid], "later": []}


@pytest.mark.parametrize("first_alive", [True, False])
def test_it_is_nobodys_while_a_run_goes_on_that_it_may_be_of(strays, detached, first_alive):
    pid, started = detached
    one, two = Run("one", started - 1, first_alive), Run("two", started, not first_alive)
    assert refresh(strays, one, two) == {"one": [], "two": []}
    assert living([pid])
    assert refresh(strays, two) == {"two": [pid]}


def test_it_is_of_any_of_them_once_all_are_ending(strays, detached):
    pid, started = detached
    found = refresh(strays, Run("one", started, False), Run("two", started, False))
    assert sorted(found.values()) == [[], [pid]]


def test_it_is_killed_if_all_runs_began_later(strays, detached):
    pid, started = detached
    assert refresh(strays, Run("later", started + 1000, True)) == {"later": []}
    wait_until(lambda: not living([pid]))


def test_the_newest_run_has_the_session_whose_number_was_used_again(strays, detached):
    pid, started = detached
    session = os.getsid(pid)
    old, new = Run("old", started, False, pid=session), Run("new", started, True, pid=session)
    assert refresh(strays, old, new) == {"old": [], "new": [pid]}


def test_children_from_before_are_left_alone(strays):
    child = subprocess.Popen(["sleep", "50"])
    try:
        later = Strays()
        refresh(later)
        later.close()
        assert child.poll() is None
        assert living([child.pid])
    finally:
        child.kill()
        child.wait()
