"""Waiting in ticks, and figures of many durations."""

import time

import pytest

from loadtest.times import percentile, ticks


def test_ticks_count_up_until_the_time_is_over() -> None:
    began = time.monotonic()
    assert list(ticks(0.3, 0.1, "waiting"))[:3] == [0, 1, 2]
    assert time.monotonic() - began >= 0.3


@pytest.mark.parametrize(("share", "value"), [(0.5, 50), (0.99, 99), (1, 100), (0.001, 1)])
def test_a_percentile_is_the_nearest_rank(share: float, value: int) -> None:
    assert percentile(range(100, 0, -1), share) == value


def test_of_nothing_a_percentile_is_zero() -> None:
    assert percentile([], 0.99) == 0
