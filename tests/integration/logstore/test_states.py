"""The state of a job follows from its rows, however often and in whatever batches they are stored."""

import itertools

import pytest

from app.common.logstore import JobState
from app.common.models import Status
from tests.integration.logstore.rows import MINUTE, T0, a_run


def state(store, job="backup"):
    return store.job_states([job])[job]


def test_a_success_is_remembered(store):
    store.store([a_run()])
    assert store.job_states() == {
        "backup": JobState(
            job_name="backup",
            last_status=Status.SUCCEEDED,
            last_plan_time=T0,
            last_start=T0 + 5,
            last_end=T0 + 105,
            last_success=T0 + 105,
            failures_in_a_row=0,
            typical_duration_ms=100,
        )
    }


@pytest.mark.parametrize("status", [Status.FAILED, Status.TIMEOUT, Status.KILLED, Status.LOST])
def test_what_is_bad_adds_up_until_a_success(store, status):
    store.store([a_run(plan=T0)])
    store.store([a_run(plan=T0 + MINUTE, status=status), a_run(plan=T0 + 2 * MINUTE, status=status)])
    assert (state(store).failures_in_a_row, state(store).last_status) == (2, status)
    assert state(store).last_success == T0 + 105
    store.store([a_run(plan=T0 + 3 * MINUTE)])
    assert (state(store).failures_in_a_row, state(store).last_status) == (0, Status.SUCCEEDED)


def test_every_order_and_grouping_of_new_rows_counts_each_once(store):
    statuses = [Status.FAILED, Status.SUCCEEDED, Status.FAILED, Status.TIMEOUT]
    for n, order in enumerate(itertools.permutations(range(4))):
        job = f"job-{n}"
        store.store([a_run(job, T0 + i * MINUTE, statuses[i]) for i in order])
        assert state(store, job).failures_in_a_row == 2
        assert state(store, job).last_success == T0 + MINUTE + 105


def test_a_replay_in_other_batches_counts_nothing_twice(store):
    runs = [a_run(plan=T0 + i * MINUTE, status=Status.FAILED) for i in range(6)]
    store.store(runs[:3])
    store.store(runs[1:5])
    store.store(runs)
    store.store(runs[:4])
    assert state(store).failures_in_a_row == 6


def test_an_older_plan_time_changes_nothing(store):
    store.store([a_run(plan=T0 + MINUTE)])
    before = state(store)
    store.store([a_run(plan=T0, status=Status.FAILED)])
    assert state(store) == before


def test_a_second_attempt_of_the_same_fire_counts(store):
    store.store([a_run(status=Status.FAILED)])
    store.store([a_run(attempt=2)])
    assert (state(store).last_status, state(store).failures_in_a_row) == (Status.SUCCEEDED, 0)
    store.store([a_run(attempt=10, status=Status.FAILED)])
    assert (state(store).last_status, state(store).failures_in_a_row) == (Status.FAILED, 1)


def test_a_long_run_counts_although_skips_were_stored_before_it(store):
    store.store([a_run(plan=T0 + MINUTE, status=Status.SKIPPED, count=5, last_plan_time=T0 + 5 * MINUTE)])
    store.store([a_run(plan=T0, status=Status.FAILED)])
    found = state(store)
    assert (found.last_status, found.last_plan_time) == (Status.SKIPPED, T0 + 5 * MINUTE)
    assert (found.failures_in_a_row, found.last_start) == (1, T0 + 5)


def test_a_growing_range_moves_the_last_plan_time(store):
    for count in (1, 4):
        last = T0 + (count - 1) * MINUTE
        store.store([a_run(status=Status.MISSED, count=count, last_plan_time=last)])
    assert (state(store).last_status, state(store).last_plan_time) == (Status.MISSED, T0 + 3 * MINUTE)


@pytest.mark.parametrize(("late", "failures"), [(Status.SUCCEEDED, 0), (Status.FAILED, 2)])
def test_a_late_result_takes_the_place_of_lost(store, late, failures):
    store.store([a_run(status=Status.FAILED)])
    store.store([a_run(plan=T0 + MINUTE, status=Status.LOST)])
    for _ in range(2):
        store.store([a_run(plan=T0 + MINUTE, status=late)])
        found = state(store)
        assert (found.last_status, found.failures_in_a_row) == (late, failures)
    store.store([a_run(plan=T0 + MINUTE, status=Status.LOST)])
    assert state(store) == found


def test_the_typical_duration_follows_slowly(store):
    for i, duration in enumerate([1000, 1000, 2000]):
        plan = T0 + i * MINUTE
        store.store([a_run(plan=plan, start_time=plan, end_time=plan + duration)])
    assert state(store).typical_duration_ms == pytest.approx(1200)


def test_states_are_found_by_name(store):
    store.store([a_run(f"job-{i}") for i in range(300)])
    assert set(store.job_states(["job-1", "job-299", "nobody"])) == {"job-1", "job-299"}
    assert len(store.job_states()) == 300
    assert store.job_states([]) == {}


def test_a_forgotten_job_starts_anew(store):
    store.store([a_run(status=Status.FAILED)])
    store.forget_job("backup")
    store.forget_job("backup")
    assert store.job_states() == {}
    store.store([a_run(plan=T0 + MINUTE, status=Status.FAILED)])
    assert state(store).failures_in_a_row == 1


@pytest.mark.parametrize("retold", [Status.FAILED, Status.LOST], ids=["replay", "recovery"])
def test_mongo_mends_a_state_lost_between_its_two_writes(opened, mongo_url, retold):
    """A state that was never written is like one that was removed: the row alone is there."""
    store = opened(mongo_url)
    store.store([a_run(status=Status.FAILED)])
    before = state(store)
    store.forget_job("backup")
    store.store([a_run(status=retold)])
    assert state(store) == before
