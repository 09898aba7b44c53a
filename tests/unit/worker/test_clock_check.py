import pytest

from app.worker.clock_check import JUMP_MS, LIMIT_MS, STALE_SECONDS, ClockCheck

NOW = 1_900_000_000_000


def offsets(errors, delays=(0, 0, 0, 0), beat=5.0):
    """What each worker finds, given the error of each clock in ms and how late heartbeats arrive in ms."""
    found = []
    for me, error in enumerate(errors):
        check = ClockCheck()
        for i, delay in enumerate(delays):
            at = i * beat
            wall = NOW + int(at * 1000)
            for other, their_error in enumerate(errors):
                if other != me:
                    check.heard(f"w{other}", wall + their_error, wall + error + delay, at + delay / 1000)
        found.append(check.offset(len(delays) * beat))
    return found


def distrusted(errors, **more):
    return [i for i, offset in enumerate(offsets(errors, **more)) if abs(offset) > LIMIT_MS]


def test_alone_there_is_nothing_to_compare_with():
    assert ClockCheck().offset(0.0) is None


@pytest.mark.parametrize("errors", [(0, 5_000), (5_000, 0), (-5_000, 0)])
def test_of_two_that_disagree_only_the_one_that_would_fire_early_stops(errors):
    assert distrusted(errors) == [errors.index(max(errors))]


@pytest.mark.parametrize(
    ("errors", "off"),
    [
        ((0, 0, 5_000), [2]),
        ((0, -5_000, 0), [1]),
        ((3_600_000, 100, -100), [0]),
        ((0, 0, 0, 0, -3_600_000), [4]),
        ((0, 0, 5_000, 5_000, 5_000), [0, 1]),
        ((0, 0, 5_000, 5_000), [2, 3]),
    ],
)
def test_among_several_those_far_from_the_median_stop(errors, off):
    assert distrusted(errors) == off


@pytest.mark.parametrize("errors", [(0, 1_900), (0, 900, -900), (0, 0, 0)])
def test_small_differences_are_trusted(errors):
    assert distrusted(errors) == []


def test_offsets_are_measured_to_the_millisecond():
    assert offsets((0, 0, 5_000)) == [0, 0, 5_000]
    assert offsets((0, 0, -1_234)) == [0, 0, -1_234]


def test_heartbeats_that_arrive_late_are_no_difference_of_clocks():
    assert distrusted((0, 0, 0), delays=(9_000, 40, 7_000, 5_000)) == []
    assert distrusted((0, 5_000), delays=(9_000, 40, 7_000, 5_000)) == [1]


def test_a_silent_or_gone_worker_does_not_count():
    check = ClockCheck()
    check.heard("a", NOW - 9_000, NOW, 0.0)
    assert check.offset(STALE_SECONDS) == 9_000
    assert check.offset(STALE_SECONDS + 1) is None
    check.heard("a", NOW - 9_000, NOW, 50.0)
    check.gone("a")
    check.gone("never heard")
    assert check.offset(50.0) is None


def test_a_clock_that_was_put_right_is_trusted_after_a_few_heartbeats():
    check = ClockCheck()
    for i in range(4):
        check.heard("a", NOW + i * 5_000 - 5_000, NOW + i * 5_000, i * 5.0)
    assert check.offset(20.0) == 5_000
    assert check.jumped(NOW + 20_000, 20.0) is False
    assert check.jumped(NOW + 20_100 - 5_000, 20.1) is True
    assert check.offset(20.1) is None  # what was measured by the old clock says nothing of the new
    check.heard("a", NOW + 20_000, NOW + 20_000, 25.0)
    assert check.offset(25.0) == 0


@pytest.mark.parametrize("step", [JUMP_MS + 1, -JUMP_MS - 1, 3_600_000, -3_600_000])
def test_a_clock_that_is_set_is_noticed_once(step):
    check = ClockCheck()
    assert check.jumped(NOW, 100.0) is False
    assert check.jumped(NOW + 10_000, 110.0) is False
    assert check.jumped(NOW + 10_500 + step, 110.5) is True
    assert check.jumped(NOW + 11_000 + step, 111.0) is False


def test_drift_and_pauses_are_no_jumps():
    check = ClockCheck()
    assert check.jumped(NOW, 0.0) is False
    assert check.jumped(NOW + 600_000 + 900, 600.0) is False  # paused for ten minutes, both clocks went on
