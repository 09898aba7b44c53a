"""Claiming as a worker does it: batches, gaps, overlaps, orders, and what can go wrong on the way to etcd."""

import itertools
import subprocess

import pytest

from app.common import keys
from app.common.errors import EtcdError, LeaseNotFound
from app.common.etcd import txn
from app.common.models import Outcome, Status, Trigger, run_id
from app.worker import rows
from app.worker.backoff import MAX_BACKOFF_MS
from app.worker.claims import BATCH
from tests.harness.services import Etcd, needs
from tests.integration.worker.parts import (
    MINUTE,
    SECOND,
    T0,
    Bench,
    Flaky,
    cursor_of,
    fires,
    put_job,
    put_order,
    records,
)

LATE = 200  # ms, for claims that are tried again


@pytest.fixture
def flaky(client):
    return Flaky(client)


@pytest.fixture
def worker(flaky):
    return Bench(flaky)


def final_rows(won):
    """Rows that are final with the claim: (status, first, last, count)."""
    found = [row for w in won for row in rows.settled_rows(w.record, w.run_id, "w0", 0)]
    return [(row.status, row.plan_time, row.last_plan_time, row.count) for row in found]


def test_each_due_fire_is_claimed_at_its_time(client, worker):
    put_job(client, "second")
    put_job(client, "five", "*/5 * * * * *")
    put_job(client, "paused", enabled=False)
    worker.look()
    for now in range(T0, T0 + 10 * SECOND + 1, 100):
        for won in worker.attempt(now):
            assert (won.record.plan, won.record.claimed) == (now, now)
            assert won.record.outcome is Outcome.RUN
            worker.release(won)
    plans = sorted((w.record.job, w.record.plan) for w in worker.won)
    assert plans == [("five", T0 + 5_000), ("five", T0 + 10_000)] + [
        ("second", T0 + i * SECOND) for i in range(1, 11)
    ]


def test_what_is_due_at_once_is_claimed_in_few_transactions(client, flaky, worker):
    for i in range(300):
        put_job(client, f"j{i}", "*/30 * * * * *", overlap="allow" if i % 2 else "skip")
    worker.look()
    before = flaky.sent
    turns = [worker.attempt(T0 + 30 * SECOND) for _ in range(4)]
    won = list(itertools.chain(*turns))
    assert sorted(fires(won)) == sorted((f"j{i}", T0 + 30 * SECOND, "run") for i in range(300))
    assert [len(turn) for turn in turns] == [30, 120, 120, 30]  # what was won starts before more is claimed
    assert flaky.sent - before == 4
    assert {w.key for w in won} == set(records(client))


def test_a_late_worker_claims_the_latest_fire_and_records_the_others_in_the_same_go(client, worker):
    put_job(client, "j", "* * * * *")
    worker.look()
    (won,) = worker.attempt(T0 + 10 * MINUTE + 30_000)
    assert fires([won]) == [("j", T0 + 10 * MINUTE, "run")]
    assert final_rows([won]) == [(Status.MISSED, T0 + MINUTE, T0 + 9 * MINUTE, 9)]


def test_fires_that_nobody_claimed_are_found_by_the_next_claim(client, worker):
    put_job(client, "j", "* * * * *")
    worker.look()
    client.put(keys.fired("j"), keys.cursor(T0 - 5 * MINUTE))  # it believed T0
    (won,) = worker.attempt(T0 + MINUTE)
    assert fires([won]) == [("j", T0 + MINUTE, "run")]
    assert final_rows([won]) == [(Status.MISSED, T0 - 4 * MINUTE, T0, 5)]
    assert worker.claimer.next_due() == T0 + 2 * MINUTE


@pytest.mark.parametrize(
    ("fields", "late", "expected"),
    [
        ({}, 60_000, ("run", Trigger.CRON)),
        ({}, 60_001, ("missed", Trigger.CRON)),
        ({"misfire": "latest", "misfireWindowSeconds": 600}, 600_000, ("run", Trigger.MISFIRE)),
        ({"misfire": "latest", "misfireWindowSeconds": 600}, 600_001, ("missed", Trigger.CRON)),
    ],
)
def test_a_fire_claimed_late_runs_as_its_policy_says(client, worker, fields, late, expected):
    put_job(client, "j", "17 * * * *", cursor=T0 - 2 * 60 * MINUTE, **fields)
    last = T0 - 30 * MINUTE  # 17:17
    now = last + late
    worker.look(now)
    (won,) = worker.attempt(now)
    assert (won.record.outcome.value, won.record.trigger) == expected
    assert won.record.plan == last
    missed = [(Status.MISSED, last - 60 * MINUTE, last - 60 * MINUTE, 1)]
    if expected[0] == "missed":
        missed = [(Status.MISSED, last - 60 * MINUTE, last, 2)]
    assert final_rows([won]) == missed
    assert cursor_of(client, "j") == last


def first_of(worker, name):
    """The first fire of a job that this worker is the first to claim."""
    held = worker.table.get(name)
    fires = held.schedule.between(T0, T0 + 60 * MINUTE, 100)
    return next(plan for plan in fires if worker.cluster.place({}, held.seed, plan) == 0)


class TestOverlap:
    def test_skipped_fires_grow_into_one_row_until_the_lock_is_free(self, client, worker):
        put_job(client, "j")
        worker.look()
        (first,) = worker.attempt(T0 + SECOND)
        skipped = worker.run(since=T0 + 2 * SECOND, until=T0 + 8 * SECOND)[1:]
        assert [w.record.outcome for w in skipped] == [Outcome.OVERLAP] * 7
        assert len({w.key for w in skipped}) == 1
        assert final_rows(skipped) == [
            (Status.SKIPPED, T0 + 2 * SECOND, T0 + (2 + i) * SECOND, i + 1) for i in range(7)
        ]
        assert [r.skipped.count for r in records(client).values() if r.skipped] == [7]
        worker.release(first)
        (second,) = worker.attempt(T0 + 9 * SECOND)
        assert second.record.outcome is Outcome.RUN
        (skip,) = worker.attempt(T0 + 10 * SECOND)
        assert final_rows([skip]) == [(Status.SKIPPED, T0 + 10 * SECOND, T0 + 10 * SECOND, 1)]

    def test_a_range_ends_where_another_worker_recorded_a_fire(self, client):
        a, b = Bench(client, "a", ["b"]), Bench(client, "b", ["a"])
        put_job(client, "j", "*/10 * * * * *")
        client.put(keys.lock("j"), b"c/run")
        a.look()
        b.look()
        for i in range(1, 7):
            worker = b if i in (3, 4) else a
            assert len(worker.pass_second(T0 + i * 10_000)) == 1
        ranges = sorted(
            (r.skipped.first - T0, r.skipped.last - T0, r.skipped.count) for r in records(client).values()
        )
        assert ranges == [(10_000, 20_000, 2), (30_000, 40_000, 2), (50_000, 60_000, 2)]

    def test_a_gap_before_a_skipped_fire_is_not_written_over(self, client, worker):
        put_job(client, "j", "*/10 * * * * *")
        client.put(keys.lock("j"), b"w7/run")
        worker.look()
        client.put(keys.fired("j"), keys.cursor(T0 - 30_000))
        won = [w for i in (1, 2, 3) for w in worker.pass_second(T0 + i * 10_000)]
        assert final_rows(won) == [
            (Status.MISSED, T0 - 20_000, T0, 3),
            (Status.SKIPPED, T0 + 10_000, T0 + 10_000, 1),
            (Status.SKIPPED, T0 + 20_000, T0 + 20_000, 1),
            (Status.SKIPPED, T0 + 20_000, T0 + 30_000, 2),
        ]
        first, *grown = won
        assert first.key not in {w.key for w in grown}
        assert records(client)[first.key].missed.count == 3

    def test_an_edited_job_begins_a_new_range(self, client, worker):
        put_job(client, "j", "*/10 * * * * *")
        client.put(keys.lock("j"), b"w7/run")
        worker.look()
        worker.pass_second(T0 + 10_000)
        worker.claimer.forget("j")
        (won,) = worker.pass_second(T0 + 20_000)
        assert final_rows([won]) == [(Status.SKIPPED, T0 + 20_000, T0 + 20_000, 1)]

    def test_others_learn_who_runs_a_blocked_job_and_leave_its_fires_to_it(self, client):
        a, b = Bench(client, "a", ["b"]), Bench(client, "b", ["a"])
        put_job(client, "j", "*/10 * * * * *")
        a.look()
        b.look()
        client.put(keys.fired("j"), keys.cursor(first_of(a, "j") - 10_000))
        for worker in (a, b):
            worker.cursors.plan_all()
            worker.cursors.plan_waiting(first_of(a, "j") - 10_000)
        (ran,) = a.pass_second(first_of(a, "j"))
        assert b.pass_second(ran.record.plan) == []
        a.table.get("j").blocked_by = "a"  # as the scheduler notes for a run of its own
        for i in range(1, 9):
            assert len(a.pass_second(ran.record.plan + i * 10_000)) == 1
            assert b.pass_second(ran.record.plan + i * 10_000) == []
            assert b.table.get("j").blocked_by == "a"
        assert len(records(client)) == 2

    def test_a_job_that_is_no_longer_blocked_is_claimed_in_time_again(self, client):
        """A worker that once met the lock of another must not stay behind, however long the runs are."""
        a, b = Bench(client, "a", ["b"]), Bench(client, "b", ["a"])
        put_job(client, "j", "*/10 * * * * *")
        client.put(keys.lock("j"), b"a/an-earlier-run")
        a.look()
        b.look()
        a.table.get("j").blocked_by = "a"
        assert len(b.pass_second(T0 + 10_000)) == 1
        assert b.table.get("j").blocked_by == "a"
        client.delete(keys.lock("j"))
        a.table.get("j").blocked_by = ""
        (ran,) = a.pass_second(T0 + 20_000)
        assert b.pass_second(T0 + 20_000) == []
        assert b.table.get("j").blocked_by == ""  # this fire runs: it was not skipped
        assert client.get(keys.lock("j")).value == f"a/{ran.run_id}".encode()

    def test_a_job_of_each_second_whose_worker_died_is_taken_over(self, client):
        survivor = Bench(client, "b", ["a"])
        put_job(client, "j")
        client.put(keys.lock("j"), b"a/run")
        survivor.look()
        survivor.table.get("j").blocked_by = "a"
        survivor.run(until=T0 + 5 * SECOND)
        assert {w.record.outcome for w in survivor.won} == {Outcome.OVERLAP}
        seen = len(survivor.won)
        client.delete(keys.lock("j"))  # its lease has ended
        survivor.run(since=T0 + 5 * SECOND, until=T0 + 7 * SECOND)
        assert survivor.won[seen].record.outcome is Outcome.RUN


class TestChangedJobs:
    def test_a_fire_is_claimed_under_the_new_revision_once_it_is_known(self, client, worker):
        put_job(client, "j", "*/10 * * * * *")
        worker.look()
        body = client.get(keys.job("j")).value.replace(b'"true"', b'"false"')
        client.put(keys.job("j"), body)
        assert worker.attempt(T0 + 10_000) == []
        worker.saw(client.get(keys.job("j")))
        (won,) = worker.attempt(T0 + 10_000 + LATE)
        assert won.record.plan == T0 + 10_000
        assert won.held.job.command == "false"
        assert won.record.job_revision == client.get(keys.job("j")).mod_revision

    @pytest.mark.parametrize("change", ["paused", "deleted", "rescheduled"])
    def test_no_fire_of_the_old_version_is_claimed(self, client, worker, change):
        put_job(client, "j", "*/10 * * * * *")
        worker.look()
        if change == "deleted":
            client.txn(success=[txn.delete(keys.job("j")), txn.delete(keys.fired("j"))])
        else:
            fields = {"enabled": False} if change == "paused" else {"cron": "*/15 * * * * *"}
            put_job(client, "j", **({"cron": "*/10 * * * * *"} | fields))
        assert worker.attempt(T0 + 10_000) == []
        worker.look(T0 + 10_100)
        worker.run(since=T0 + 10_100, until=T0 + 16_000)
        expected = [T0 + 15_000] if change == "rescheduled" else []
        assert [w.record.plan for w in worker.won] == expected


class TestCursorsByHand:
    @pytest.mark.parametrize("value", [None, b"", b"garbage", b"1900000020000\n"])
    def test_a_job_without_a_cursor_is_adopted_and_others_are_not_held_up(self, client, flaky, worker, value):
        put_job(client, "j")
        put_job(client, "other")
        worker.look()
        worker.run(until=T0 + 2 * SECOND)
        if value is None:
            client.delete(keys.fired("j"))
        else:
            client.put(keys.fired("j"), value)
        worker.run(since=T0 + 3 * SECOND, until=T0 + 6 * SECOND, step=100)
        for name in ("j", "other"):
            plans = [w.record.plan for w in worker.won if w.record.job == name]
            assert len(plans) == len(set(plans))
            assert plans[-1] == T0 + 6 * SECOND
        # what was due when the cursor was gone is not run: nobody can tell whether it was claimed
        plans = [w.record.plan for w in worker.won if w.record.job == "j"]
        assert T0 + 3 * SECOND not in plans
        assert cursor_of(client, "j") == T0 + 6 * SECOND
        assert flaky.sent < 60

    @pytest.mark.parametrize("value", [None, b"garbage"])
    def test_a_fire_is_not_run_twice_when_its_cursor_is_taken_away(self, client, value):
        a, b = Bench(client, "a", ["b"]), Bench(client, "b", ["a"])
        put_job(client, "j", "*/10 * * * * *", overlap="allow")
        a.look()
        b.look()
        for i in range(1, 10):
            plan = T0 + i * 10_000
            won = a.attempt(plan) + b.attempt(plan)
            if value is None:
                client.delete(keys.fired("j"))
            else:
                client.put(keys.fired("j"), value)
            for late in range(0, 9_000, 100):
                for worker in (a, b):
                    worker.cursors.plan_waiting(plan + late)
                    won += worker.attempt(plan + late)
            assert len([w for w in won if w.record.plan == plan]) <= 1
        ran = [w.record.plan for w in a.won + b.won]
        assert len(ran) == len(set(ran)) >= 9


class TestLostMessages:
    """A request of which nobody knows whether etcd has carried it out."""

    @pytest.mark.parametrize("lost", ["lose", "swallow"])
    def test_a_claim_is_asked_again_and_runs_exactly_once(self, client, flaky, worker, lost):
        put_job(client, "j", "*/10 * * * * *")
        worker.look()
        flaky.script = [lost]
        assert worker.attempt(T0 + 10_000) == []
        assert worker.claimer.next_due() == T0 + 10_100
        assert worker.attempt(T0 + 10_050) == []
        won = worker.attempt(T0 + 10_100)
        assert fires(won) == [("j", T0 + 10_000, "run")]
        assert records(client) == {won[0].key: won[0].record}
        assert worker.run(since=T0 + 10_150, until=T0 + 19_950) == won
        assert worker.claimer.next_due() == T0 + 20_000

    @pytest.mark.parametrize("lost", ["lose", "swallow"])
    @pytest.mark.parametrize("overlap", ["allow", "skip"])
    def test_also_when_a_later_fire_has_taken_its_place(self, client, flaky, worker, lost, overlap):
        put_job(client, "j", overlap=overlap)
        worker.look()
        flaky.script = [lost, "lose", "lose", "lose", "lose"]
        won = worker.run(until=T0 + 10 * SECOND)
        seen = [w.record.plan for w in won]
        assert seen[0] == T0 + SECOND
        assert len(seen) == len(set(seen))
        answered = sorted(seen + [p for w in won for p in missed_plans(w)])
        assert answered == [T0 + i * SECOND for i in range(1, 11)]

    @pytest.mark.parametrize("lost", ["lose", "swallow"])
    def test_also_when_the_job_is_planned_anew_meanwhile(self, client, flaky, worker, lost):
        """As after every outage: the mirror is rebuilt, and all cursors are read again."""
        put_job(client, "j", "*/10 * * * * *", overlap="allow")
        worker.look()
        flaky.script = [lost]
        assert worker.attempt(T0 + 10_000) == []
        worker.cursors.plan_all()
        worker.cursors.plan_waiting(T0 + 10_050)
        won = worker.run(since=T0 + 10_100, until=T0 + 19_000)
        assert fires(won) == [("j", T0 + 10_000, "run")]

    def test_also_when_its_run_has_ended_before_the_second_claim(self, client, flaky, worker):
        """The row is stored and the record about to go when the fire, planned anew, comes up again."""
        put_job(client, "j", "*/10 * * * * *", overlap="allow")
        worker.look()
        flaky.script = ["lose"]
        assert worker.attempt(T0 + 10_000) == []
        worker.cursors.plan_all()
        worker.cursors.plan_waiting(T0 + 10_050)
        (won,) = worker.attempt(T0 + 10_100, free=1)  # the second claim finds no room and waits
        assert worker.planner.pending == 1
        assert client.get(won.key)
        assert worker.attempt(T0 + 10_100 + LATE) == []
        assert worker.planner.pending == 0

    def test_a_lost_reply_to_an_overlap(self, client, flaky, worker):
        put_job(client, "blocked", "*/10 * * * * *")
        client.put(keys.lock("blocked"), b"w7/run")
        worker.look()
        flaky.script = ["swallow"]
        assert worker.attempt(T0 + 10_000) == []
        won = worker.run(since=T0 + 10_100, until=T0 + 11_000)
        assert fires(won) == [("blocked", T0 + 10_000, "overlap")]
        assert set(records(client)) == {won[0].key}

    def test_a_lost_reply_to_a_misfire(self, client, flaky, worker):
        put_job(client, "late", "0 * * * *", cursor=T0 - 5 * 60 * MINUTE)
        worker.look()
        flaky.script = ["swallow"]
        assert worker.attempt(T0) == []
        (won,) = worker.run(since=T0 + 100, until=T0 + 1_000)
        assert won.record.outcome is Outcome.MISSED
        assert set(records(client)) == {won.key}

    def test_one_lost_reply_of_several_batches_leaves_the_others_claimable(self, client, flaky, worker):
        for i in range(200):
            put_job(client, f"j{i}", "0 0 1 1 *")
            put_order(client, f"j{i}", at=T0 + 30_000)
        worker.look(T0 + 30_000)
        flaky.script = [None, "swallow"]
        won = worker.attempt(T0 + 30_000)
        assert len(won) == BATCH
        won += worker.run(since=T0 + 30_050, until=T0 + 31_000)[BATCH:]
        assert sorted(fires(won)) == sorted((f"j{i}", T0 + 30_000, "run") for i in range(200))
        assert {w.key for w in won} == set(records(client))

    def test_what_was_won_is_handed_out_although_the_next_request_fails(self, client, flaky):
        worker = Bench(flaky, "w0", ["w1", "w2", "w3"])
        for i in range(40):
            put_job(client, f"j{i}", "*/30 * * * * *")
        worker.look()
        flaky.script = ["swallow"]
        assert worker.attempt(T0 + 30_000) == []
        mine = len(records(client))
        assert mine
        # the doubts are resolved (refused, and why), their locks seen to, and the look at the others fails
        flaky.script = [None, None, None, "lose"]
        won = worker.pass_second(T0 + 30_100)
        assert flaky.script == []
        assert len(won) >= mine
        rest = worker.run(since=T0 + 31_000, until=T0 + 33_000)
        assert sorted(fires(rest)) == sorted((f"j{i}", T0 + 30_000, "run") for i in range(40))

    def test_a_failed_look_at_the_others_fires_does_not_lose_its_own(self, client, flaky):
        worker = Bench(flaky, "w0", ["w1"])
        for i in range(20):
            put_job(client, f"j{i}", "*/30 * * * * *")
        worker.look()
        worker.attempt(T0 + 30_000, free=0)
        flaky.script = ["lose"]
        # by now some are to claim and some to look after
        assert worker.attempt(T0 + 30_950) == []
        assert flaky.script == []
        worker.run(since=T0 + 31_000, until=T0 + 33_000)
        assert sorted(fires(worker.won)) == sorted((f"j{i}", T0 + 30_000, "run") for i in range(20))

    def test_a_run_that_was_won_unseen_is_not_won_when_a_survivor_has_recorded_it(
        self, client, flaky, worker
    ):
        put_job(client, "j", "*/10 * * * * *")
        worker.look()
        flaky.script = ["swallow"]
        worker.attempt(T0 + 10_000)
        (key,) = records(client)
        client.delete(key)  # recovered as lost by another worker
        assert worker.run(since=T0 + 10_100, until=T0 + 12_000) == []

    @pytest.mark.parametrize("lost", ["lose", "swallow"])
    def test_after_a_long_outage_a_fire_in_doubt_runs_only_if_it_was_won_in_time(
        self, client, flaky, worker, lost
    ):
        put_job(client, "j", "0 * * * *")
        worker.look()
        plan = T0 + 13 * MINUTE
        flaky.script = [lost]
        worker.attempt(plan)
        won = worker.run(since=plan + 30 * MINUTE, until=plan + 31 * MINUTE, step=500)
        assert len(won) == 1
        if lost == "swallow":
            assert fires(won) == [("j", plan, "run")]
        else:
            assert final_rows(won) == [(Status.MISSED, plan, plan, 1)]
        assert records(client) == {won[0].key: won[0].record}

    @pytest.mark.parametrize("lost", ["lose", "swallow"])
    def test_a_reply_to_the_late_record_can_be_lost_as_well(self, client, flaky, worker, lost):
        put_job(client, "j", "0 * * * *")
        worker.look()
        plan = T0 + 13 * MINUTE
        flaky.script = ["lose", lost]
        worker.attempt(plan)
        won = worker.run(since=plan + 30 * MINUTE, until=plan + 31 * MINUTE, step=500)
        assert final_rows(won) == [(Status.MISSED, plan, plan, 1)]
        assert len(records(client)) == 1

    def test_a_run_found_under_a_new_lease_has_its_lock_again(self, client, flaky, worker):
        put_job(client, "j", "*/10 * * * * *")
        worker.look()
        flaky.script = ["swallow"]
        worker.attempt(T0 + 10_000)
        client.revoke(worker.lease)
        worker.lease = client.grant(60)
        (won,) = worker.attempt(T0 + 10_100)
        lock = client.get(keys.lock("j"))
        assert (lock.value, lock.lease) == (f"w0/{won.run_id}".encode(), worker.lease)
        (skip,) = worker.attempt(T0 + 20_000)
        assert skip.record.outcome is Outcome.OVERLAP

    def test_a_clock_set_back_an_hour_does_not_make_it_wait_an_hour(self, client, flaky, worker):
        put_job(client, "j", "*/10 * * * * *")
        worker.look()
        flaky.script = ["lose", "lose", "lose"]
        for now in range(T0 + 10_000, T0 + 11_000, 50):
            worker.attempt(now)
        earlier = T0 + 11_000 - 3_600_000
        worker.run(since=earlier, until=earlier + 2_100)
        assert fires(worker.won) == [("j", T0 + 10_000, "run")]


def missed_plans(won):
    gap = won.record.missed
    return list(range(gap.first, gap.last + 1, SECOND)) if gap else []


def fill(client):
    """Write until etcd refuses even the smallest key."""
    for size in (100_000, 1_000, 1):
        for i in itertools.count():
            try:
                client.put(f"/fill/{size}/{i}", b"x" * size)
            except EtcdError:
                break


class TestRefusals:
    def test_an_ended_lease_is_told_and_nothing_is_lost(self, client, worker):
        put_job(client, "j", "*/10 * * * * *")
        put_job(client, "free", "*/10 * * * * *", overlap="allow")
        worker.look()
        client.revoke(worker.lease)
        with pytest.raises(LeaseNotFound):
            worker.attempt(T0 + 10_000)
        assert records(client) == {}
        worker.lease = client.grant(60)
        worker.run(since=T0 + 10_050, until=T0 + 11_000)
        assert sorted(fires(worker.won)) == [("free", T0 + 10_000, "run"), ("j", T0 + 10_000, "run")]

    def test_what_was_won_before_the_lease_ended_is_handed_out(self, client, worker):
        """The first batch needs no lock, so it passes; the next tells that the lease is gone."""
        for i in range(BATCH):
            put_job(client, f"a{i}", overlap="allow")
        put_job(client, "b", "0 0 1 1 *")
        put_job(client, "earlier", "*/20 * * * * *", cursor=T0 - 20 * SECOND)
        worker.look(T0 + 950)
        assert len(worker.attempt(T0 + 950)) == 1  # the time is not quiet: what follows is a whole batch
        put_order(client, "b", at=T0 + SECOND)
        worker.look(T0 + SECOND)
        client.revoke(worker.lease)
        won = worker.attempt(T0 + SECOND)
        assert len(won) == BATCH
        assert {w.key for w in worker.won} == set(records(client))
        for now in range(T0 + SECOND + LATE, T0 + 2 * SECOND - 1, LATE):
            with pytest.raises(LeaseNotFound):
                worker.attempt(now)
        worker.lease = client.grant(60)
        worker.run(since=T0 + 2 * SECOND, until=T0 + 2 * SECOND + 50)
        assert {w.key for w in worker.won} == set(records(client))
        ran = [f for f in fires(worker.won) if f[2] == "run"]
        assert len(ran) == len(set(ran)) == 2 * BATCH + 2

    def test_what_was_won_is_handed_out_although_the_reason_of_a_refusal_was_lost(
        self, client, flaky, worker
    ):
        for name in ("won", "behind"):
            put_job(client, name, "*/10 * * * * *")
        worker.look()
        client.put(keys.fired("behind"), keys.cursor(T0 - 30_000))
        flaky.script = [None, "lose"]
        assert fires(worker.attempt(T0 + 10_000)) == [("won", T0 + 10_000, "run")]
        assert set(records(client)) == {worker.won[0].key}
        worker.run(since=T0 + 10_050, until=T0 + 11_000)
        assert [f[:2] for f in fires(worker.won)] == [("won", T0 + 10_000), ("behind", T0 + 10_000)]
        assert worker.won[1].record.missed.count == 3

    def test_a_win_in_doubt_is_found_although_its_search_was_lost_too(self, client, flaky, worker):
        put_job(client, "j", "*/10 * * * * *")
        worker.look()
        flaky.script = ["swallow", None, "lose"]
        won = worker.run(since=T0 + 10_000, until=T0 + 11_000)
        assert flaky.script == []
        assert fires(won) == [("j", T0 + 10_000, "run")]
        assert set(records(client)) == {won[0].key}

    def test_a_refused_claim_does_not_hold_up_the_others(self, client, worker):
        for i in range(30):
            put_job(client, f"j{i}", "*/10 * * * * *")
        put_order(client, "j7", at=T0 + 10_000, by="x" * 900_000)  # too large with all that a claim holds
        worker.look(T0 + 9_000)
        worker.run(since=T0 + 10_000, until=T0 + 13_000)
        cron = [w for w in worker.won if w.order is None]
        assert sorted(fires(cron)) == sorted((f"j{i}", T0 + 10_000, "run") for i in range(30))

    def test_several_orders_and_a_fire_of_one_job_are_claimed_at_once(self, client, worker):
        put_job(client, "locked", "*/10 * * * * *")
        put_job(client, "free", "*/10 * * * * *", overlap="allow")
        for i in range(5):
            put_order(client, "locked", f"o{i}", at=T0 + 9_000 + i)
            put_order(client, "free", f"o{i}", at=T0 + 9_000 + i)
        worker.look(T0 + 10_000)
        won = worker.attempt(T0 + 10_000)
        outcomes = {name: [f[2] for f in fires(won) if f[0] == name] for name in ("locked", "free")}
        assert outcomes["free"] == ["run"] * 6
        assert sorted(outcomes["locked"]) == ["overlap"] * 5 + ["run"]
        assert client.scan(keys.ORDERS).items == []
        assert len(records(client)) == 12

    @pytest.mark.parametrize("in_doubt", [False, True])
    def test_a_refusal_of_everything_is_waited_out(self, client, flaky, worker, in_doubt):
        for i in range(3):
            put_job(client, f"j{i}", "*/10 * * * * *")
        worker.look()
        if in_doubt:
            flaky.script = ["swallow"]
            worker.attempt(T0 + 10_000)
        flaky.script = [EtcdError("mvcc: database space exceeded")] * 12
        worker.run(since=T0 + 10_100, until=T0 + 10_100 + 3 * MAX_BACKOFF_MS)
        flaky.script = []
        worker.run(since=T0 + 16_150, until=T0 + 19_000)
        assert sorted(fires(worker.won)) == [(f"j{i}", T0 + 10_000, "run") for i in range(3)]

    def test_an_etcd_without_space_loses_no_fire_and_doubles_none(self, tmp_path):
        """Nested transactions, unlike plain writes, pass the quota of etcd 3.4."""
        full = Etcd(tmp_path, "--quota-backend-bytes=2000000")
        full.start()
        try:
            client = full.client()
            put_job(client, "j", "*/10 * * * * *")
            worker = Bench(client)
            worker.look()
            fill(client)
            with pytest.raises(EtcdError, match="space"):
                client.put("/fill/last", b"x")
            worker.pass_second(T0 + 10_000)
            client.txn(success=[txn.delete_prefix("/fill/")])
            client.compact(client.scan(keys.JOBS).revision)
            for order in ("defrag", "alarm disarm"):
                command = [needs("etcdctl"), f"--endpoints={full.endpoint}", *order.split()]
                subprocess.run(command, env={"ETCDCTL_API": "3"}, check=True, capture_output=True)
            client.put("/fill/last", b"x")
            worker.run(since=T0 + 11_000, until=T0 + 14_000)
            assert fires(worker.won) == [("j", T0 + 10_000, "run")]
            assert set(records(client)) == {won.key for won in worker.won}
        finally:
            full.stop()

    def test_etcd_that_does_not_answer_is_not_asked_without_end(self, client, flaky, worker):
        put_job(client, "j")
        worker.look()
        flaky.script = ["lose"] * 1_000
        before = flaky.sent
        worker.run(until=T0 + 20 * SECOND, step=20)
        assert flaky.sent - before < 25

    def test_a_failing_check_of_a_refusing_etcd_does_not_raise(self, client, flaky):
        worker = Bench(flaky, "w0", ["w1", "w2"])
        for i in range(9):
            put_job(client, f"j{i}", "*/10 * * * * *")
        worker.look()
        worker.attempt(T0 + 10_000, free=0)
        flaky.script = [EtcdError("permission denied")] * 3
        assert worker.attempt(T0 + 10_950) == []
        assert len(flaky.script) == 2
        flaky.script = []
        worker.run(since=T0 + 11_000, until=T0 + 14_000)
        assert len(worker.won) == 9


class TestCapacity:
    def test_no_more_runs_are_claimed_than_fit(self, client, worker):
        for i in range(5):
            put_job(client, f"j{i}", "*/30 * * * * *")
        put_order(client, "j0", at=T0 + 30_000)
        worker.look(T0 + 30_000)
        assert len(worker.attempt(T0 + 30_000, free=2)) == 2
        assert worker.attempt(T0 + 30_000 + LATE, free=0) == []
        assert len(worker.attempt(T0 + 30_000 + 2 * LATE, free=3)) == 3
        assert len(worker.attempt(T0 + 30_000 + 3 * LATE, free=3)) == 1

    def test_a_fire_without_room_for_too_long_is_recorded(self, client, worker):
        put_job(client, "j", "0 * * * *")
        worker.look()
        plan = T0 + 13 * MINUTE
        for now in range(plan, plan + 2 * MINUTE, SECOND):
            worker.attempt(now, free=0)
        assert final_rows(worker.won) == [(Status.MISSED, plan, plan, 1)]

    def test_fires_that_do_not_run_need_no_room(self, client, worker):
        put_job(client, "j", "0 * * * *", cursor=T0 - 5 * 60 * MINUTE)
        worker.look(T0)
        (won,) = worker.attempt(T0, free=0)
        assert won.record.outcome is Outcome.MISSED

    def test_fires_of_others_are_not_looked_at_before_there_is_room(self, client, flaky):
        first, second = Bench(client, "first", ["second"]), Bench(flaky, "second", ["first"])
        for i in range(20):
            put_job(client, f"j{i}", "*/30 * * * * *")
        first.look()
        second.look()
        before = flaky.sent
        for now in range(T0 + 30_000, T0 + 32_000, 50):
            second.attempt(now, free=0)
        assert flaky.sent == before
        own = {fire.record.job for fire in first.attempt(T0 + 30_000)}
        assert 0 < len(own) < 20
        second.attempt(T0 + 32_000)  # a look at those, a claim of the others
        assert flaky.sent - before == 2
        assert {fire.record.job for fire in second.won} == {f"j{i}" for i in range(20)} - own

    def test_a_worker_with_room_takes_what_another_has_none_for(self, client):
        a, b = Bench(client, "a", ["b"]), Bench(client, "b", ["a"])
        for i in range(20):
            put_job(client, f"j{i}", "*/30 * * * * *")
        a.look()
        b.look()
        for now in range(T0 + 30_000, T0 + 31_000, 50):
            a.attempt(now, free=0)
            b.attempt(now)
        assert len(b.won) == 20


class TestOrders:
    def test_an_order_runs_the_job_with_who_and_why(self, client, worker):
        put_job(client, "j", "0 0 1 1 *", onWorkerLoss="rerun")
        put_order(client, "j", "o1", at=T0 + 5, env={"A": "1"})
        worker.look(T0 + 10)
        (won,) = worker.attempt(T0 + 10)
        assert (won.record.by, won.record.trigger, won.record.rerun) == ("alice", Trigger.MANUAL, True)
        assert won.run_id == run_id("j", T0 + 5, salt="o1")
        assert won.order.order.env == {"A": "1"}
        assert len(worker.orders) == 0

    def test_an_expired_order_is_recorded_as_missed_once(self, client):
        workers = [Bench(client, f"w{i}", [f"w{j}" for j in range(3) if j != i]) for i in range(3)]
        put_job(client, "j", "0 0 1 1 *")
        put_order(client, "j", target="dead", at=T0)
        for worker in workers:
            worker.look(T0)
        won = []
        for now in range(T0, T0 + 10 * MINUTE + 2_000, 500):
            for worker in workers:
                won += worker.attempt(now)
        assert [w.record.outcome for w in won] == [Outcome.MISSED]
        assert "expired" in won[0].record.missed_reason
        assert client.scan(keys.ORDERS).items == []

    def test_an_order_of_an_unknown_job_is_recorded_with_the_reason(self, client, worker):
        put_order(client, "nobody")
        worker.look(T0)
        won = worker.run(until=T0 + 8_000, step=500)
        assert [w.record.outcome for w in won] == [Outcome.MISSED]
        assert "does not exist" in won[0].record.missed_reason
        assert won[0].held is None

    def test_an_order_for_a_job_that_changes_meanwhile_runs_the_new_version(self, client, worker):
        put_job(client, "j", "0 0 1 1 *")
        put_order(client, "j")
        worker.look(T0)
        put_job(client, "j", "0 0 1 1 *", command="false")
        assert worker.attempt(T0) == []
        worker.saw(client.get(keys.job("j")))
        (won,) = worker.attempt(T0 + LATE)
        assert won.held.job.command == "false"

    @pytest.mark.parametrize("lost", ["lose", "swallow"])
    def test_an_order_in_doubt_runs_once_though_it_is_heard_of_again(self, client, flaky, worker, lost):
        put_job(client, "j", "0 0 1 1 *", overlap="allow")
        key = put_order(client, "j")
        kv = client.get(key)
        worker.look(T0)
        flaky.script = [lost]
        worker.attempt(T0)
        worker.orders.clear()
        worker.orders.add(kv, T0 + 50)  # from a snapshot that is a little old
        won = worker.run(since=T0 + 100, until=T0 + 2_000)
        assert len(won) == 1


def test_it_says_when_it_has_something_to_do(client, flaky, worker):
    assert worker.claimer.next_due() is None
    put_job(client, "j", "*/10 * * * * *")
    worker.look()
    assert worker.claimer.next_due() == T0 + 10_000
    flaky.script = ["lose"] * 3
    worker.attempt(T0 + 10_000)
    assert worker.claimer.next_due() == T0 + 10_100
    worker.attempt(T0 + 10_100)
    assert worker.claimer.next_due() == T0 + 10_250
    put_job(client, "other", "*/10 * * * * *")
    worker.saw(client.get(keys.job("other")))
    worker.planner.plan(worker.table.get("other"), T0, T0 + 10_200)
    assert worker.claimer.next_due() == T0 + 10_250  # due by now, but etcd has failed a moment ago
    flaky.script = []
    worker.attempt(T0 + 10_250)
    put_order(client, "j", at=T0 + 10_400)
    worker.orders.add(client.scan(keys.ORDERS).items[0], T0 + 10_400)
    assert worker.claimer.next_due() == T0 + 10_400


def test_a_fire_of_a_job_that_was_deleted_here_is_dropped(client, worker):
    put_job(client, "j")
    worker.look()
    worker.table.delete("j")
    assert worker.attempt(T0 + SECOND) == []
    assert worker.planner.pending == 0


def test_own_commands_are_not_started_again(client, flaky):
    worker = Bench(flaky)
    put_job(client, "j", "*/10 * * * * *")
    worker.look()
    flaky.script = ["swallow"]
    worker.attempt(T0 + 10_000)
    worker.mine.update(records(client))
    assert worker.attempt(T0 + 10_100) == []
