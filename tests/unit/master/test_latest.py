"""Figures that are made in the background."""

import threading
import time
from collections.abc import Callable, Iterator

import pytest

from app.master.problems import Problem
from app.master.services import latest
from app.master.services.latest import Latest
from tests.harness.poll import wait_until


class Maker:
    """Makes 1, 2, 3, ...; each only once it may. Fails while there is an error."""

    def __init__(self) -> None:
        self.may = threading.Semaphore(0)
        self.made = 0
        self.error: Exception | None = None

    def __call__(self) -> int:
        while not self.error and not self.may.acquire(timeout=0.01):
            pass
        if self.error:
            raise self.error
        self.made += 1
        return self.made


def at_least(least: int) -> Callable[[int], bool]:
    return lambda value: value >= least


@pytest.fixture
def maker() -> Maker:
    return Maker()


@pytest.fixture
def figures(maker, monkeypatch) -> Iterator[Latest[int]]:
    monkeypatch.setattr(latest, "REST", 0)
    monkeypatch.setattr(latest, "RETRY_SECONDS", 0)
    figures = Latest("figures", maker, lambda value, asked: value is None or asked)
    figures.start()
    yield figures
    maker.may.release(100)
    figures.stop()
    assert not figures._thread.is_alive()


def test_the_first_ones_are_made_unasked_and_waited_for(figures, maker):
    maker.may.release()
    assert figures.get(fresh=at_least(1), usable=at_least(1)) == 1


def test_old_ones_that_will_do_are_given_while_newer_are_made(figures, maker):
    maker.may.release()
    figures.get(fresh=at_least(1), usable=at_least(1))
    assert figures.get(fresh=at_least(2), usable=at_least(1)) == 1
    maker.may.release()
    assert figures.get(fresh=at_least(2), usable=at_least(2)) == 2


def test_newer_ones_that_are_quick_are_waited_for(figures, maker, monkeypatch):
    monkeypatch.setattr(latest, "PATIENCE_SECONDS", 10)
    maker.may.release(2)
    figures.get(fresh=at_least(1), usable=at_least(1))
    assert figures.get(fresh=at_least(2), usable=at_least(1)) == 2


def test_what_went_wrong_is_told_to_who_asked_and_tried_again(figures, maker):
    maker.error = Problem(503, "no etcd")
    with pytest.raises(Problem, match="no etcd"):
        figures.get(fresh=at_least(1), usable=at_least(1))
    maker.error = None
    maker.may.release()
    wait_until(lambda: not figures._resting)
    assert figures.get(fresh=at_least(1), usable=at_least(1)) == 1


def test_old_ones_that_will_do_are_given_when_newer_cannot_be_made(figures, maker, monkeypatch):
    monkeypatch.setattr(latest, "PATIENCE_SECONDS", 10)
    maker.may.release()
    figures.get(fresh=at_least(1), usable=at_least(1))
    maker.error = Problem(503, "no etcd")
    assert figures.get(fresh=at_least(2), usable=at_least(1)) == 1
    with pytest.raises(Problem, match="no etcd"):
        figures.get(fresh=at_least(2), usable=at_least(2))
    maker.error = None
    maker.may.release()
    wait_until(lambda: not figures._resting)
    assert figures.get(fresh=at_least(2), usable=at_least(2)) == 2


def test_nobody_waits_for_the_next_try_after_one_that_failed(figures, maker, monkeypatch):
    monkeypatch.setattr(latest, "RETRY_SECONDS", 60)
    maker.error = Problem(503, "no etcd")
    for _ in range(10):
        began = time.monotonic()
        with pytest.raises(Problem, match="no etcd"):
            figures.get(fresh=at_least(1), usable=at_least(1))
    assert time.monotonic() - began < 1


def test_what_takes_too_long_is_a_503(figures, monkeypatch):
    monkeypatch.setattr(latest, "COLD_SECONDS", 0.01)
    with pytest.raises(Problem) as refused:
        figures.get(fresh=at_least(1), usable=at_least(1))
    assert refused.value.status == 503


def test_many_who_ask_at_once_share_the_work(figures, maker):
    maker.may.release()
    figures.get(fresh=at_least(1), usable=at_least(1))
    found: list[int] = []
    threads = [
        threading.Thread(target=lambda: found.append(figures.get(fresh=at_least(2), usable=at_least(2))))
        for _ in range(10)
    ]
    for thread in threads:
        thread.start()
    maker.may.release()
    for thread in threads:
        thread.join()
    assert found == [2] * 10
