"""Whose clock is believed when a job is made or changed."""

import logging

import pytest
from prometheus_client import REGISTRY

from app.master.services.cluster_clock import ClusterClock
from app.master.services.workers import WorkersTime

NOW = 1_900_000_000_000
HOUR = 3_600_000


def clock(own: int, workers: int | None, late: int = 0, monotonic=lambda: 0.0) -> ClusterClock:
    return ClusterClock(
        lambda: own, lambda: None if workers is None else WorkersTime(workers, late), monotonic
    )


def shown() -> float:
    return REGISTRY.get_sample_value("cron_clock_offset_seconds")


@pytest.mark.parametrize("off", [-2_000, -1, 0, 1, 2_000])
def test_its_own_while_it_is_about_right(off):
    assert clock(NOW + off, NOW)() == NOW + off
    assert shown() == off / 1000


@pytest.mark.parametrize("off", [-HOUR, -2_001, 2_001, HOUR])
def test_the_workers_when_it_is_off(off):
    assert clock(NOW + off, NOW)() == NOW
    assert shown() == off / 1000


def test_its_own_with_no_live_worker():
    assert clock(NOW, None)() == NOW
    assert shown() == 0


def test_old_news_of_a_worker_do_not_make_it_wrong_but_an_hour_does():
    assert clock(NOW, NOW - 15_000, late=15_000)() == NOW
    assert clock(NOW + HOUR, NOW, late=15_000)() == NOW
    assert clock(NOW - HOUR, NOW, late=15_000)() == NOW


def test_it_is_said_once_a_minute(caplog):
    at = 0.0
    off = clock(NOW + HOUR, NOW, monotonic=lambda: at)
    with caplog.at_level(logging.WARNING):
        for at in (0.0, 1.0, 59.0, 60.0, 61.0):  # noqa: B007
            off()
    assert [record.offset for record in caplog.records] == [HOUR, HOUR]
