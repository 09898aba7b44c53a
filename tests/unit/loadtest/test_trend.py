"""What grows is told apart from what only goes up and down."""

import random

import pytest

from loadtest.trend import trend


def test_a_steady_rise_is_measured_in_full() -> None:
    found = trend([(t, 100 + 2 * t) for t in range(0, 61, 5)])
    assert found.rise == pytest.approx(120)
    assert found.growth == pytest.approx(120)
    assert found.an_hour == pytest.approx(7200)
    assert found.mean == pytest.approx(160)


def test_a_constant_does_not_grow() -> None:
    found = trend([(t, 7.0) for t in range(10)])
    assert found.rise == found.error == found.growth == 0


def test_a_fall_is_no_growth() -> None:
    found = trend([(t, -t) for t in range(10)])
    assert found.rise < 0
    assert found.growth == 0


@pytest.mark.parametrize("count", [10, 100, 1000])
def test_noise_is_not_taken_for_growth_in_short_and_in_long_runs(count: int) -> None:
    chance = random.Random(7)
    found = [trend([(t, chance.gauss(50, 10)) for t in range(count)]).growth for _ in range(100)]
    assert sum(growth > 0 for growth in found) <= 2


def test_a_slow_leak_shows_through_noise_once_the_run_is_long() -> None:
    chance = random.Random(7)
    leak = [(t, 50 + 0.05 * t + chance.gauss(0, 10)) for t in range(2000)]
    assert trend(leak[:30]).growth == 0
    assert trend(leak).growth > 80
