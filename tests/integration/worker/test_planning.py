"""Cursors read and jobs adopted: what was put by hand counts from when it was first seen, what the API wrote
from the cursor that it wrote."""

import json
import threading

import pytest

from app.common import keys
from app.common.errors import EtcdError
from app.common.etcd import txn
from app.worker.backoff import MAX_BACKOFF_MS
from app.worker.planning import MAX_ADOPTIONS_A_TURN
from tests.integration.worker.parts import MINUTE, SECOND, T0, Bench, Flaky, cursor_of, fires, put_job


def put_by_hand(client, name, cron="*/10 * * * * *", **fields):
    body = json.dumps({"name": name, "command": "true", "cronExpr": cron} | fields).encode()
    client.put(keys.job(name), body)


def adoptions(client):
    return [json.loads(kv.value) for kv in client.scan(keys.AUDIT).items]


@pytest.fixture
def worker(client):
    return Bench(client)


class TestJobsByHand:
    def test_a_new_one_counts_from_now_with_an_audit_entry(self, client, worker):
        put_by_hand(client, "j", description="说明")
        worker.look(T0 + 3_000)
        assert cursor_of(client, "j") == T0
        assert fires(worker.run(since=T0 + 3_000, until=T0 + 12_000)) == [("j", T0 + 10_000, "run")]
        (entry,) = adoptions(client)
        assert (entry["action"], entry["target"], entry["actor"]) == ("job.adopted", "j", "worker:w0")
        assert entry["after"]["description"] == "说明"
        assert entry["detail"]["countsFrom"] == T0 + 3_000

    def test_one_that_has_no_fire_behind_it_counts_from_now_too(self, client, worker):
        put_by_hand(client, "j", startsAt="2035-01-01T00:00:00Z")
        worker.look(T0 + 3_456)
        assert cursor_of(client, "j") == T0 + 3_456
        assert worker.planner.next_due() == worker.table.get("j").schedule.next(T0 + 3_456)

    def test_an_edited_schedule_counts_from_now(self, client, worker):
        put_job(client, "j", "0 * * * *", cursor=T0 - 47 * MINUTE)
        worker.look()
        put_by_hand(client, "j", "* * * * * *")
        worker.look(T0 + 30_000)
        won = worker.run(since=T0 + 30_000, until=T0 + 31_000)
        assert fires(won) == [("j", T0 + 31_000, "run")]
        assert won[0].record.missed is None
        assert len(adoptions(client)) == 1

    def test_one_that_was_put_anew_counts_from_now_and_not_from_its_earlier_life(self, client, worker):
        put_job(client, "j", "* * * * *")
        worker.look()
        client.delete(keys.job("j"))  # by hand: its cursor stays
        worker.look(T0 + MINUTE)
        put_by_hand(client, "j", "* * * * *")
        worker.look(T0 + 600 * MINUTE + 30_000)
        won = worker.run(since=T0 + 600 * MINUTE + 30_000, until=T0 + 601 * MINUTE)
        assert fires(won) == [("j", T0 + 601 * MINUTE, "run")]
        assert won[0].record.missed is None

    def test_also_for_a_worker_that_starts_later(self, client):
        put_job(client, "j", "* * * * *")
        client.delete(keys.job("j"))
        put_by_hand(client, "j", "* * * * *")
        late = Bench(client, "late")
        late.look(T0 + 600 * MINUTE + 30_000)
        assert late.attempt(T0 + 600 * MINUTE + 30_000) == []
        assert cursor_of(client, "j") == T0 + 600 * MINUTE

    def test_one_that_was_invalid_for_a_while_missed_nothing(self, client, worker):
        put_job(client, "j", "* * * * *")
        worker.look()
        client.put(keys.job("j"), b"oops")
        worker.look(T0 + 30_000)
        put_by_hand(client, "j", "* * * * *")
        worker.look(T0 + 90 * MINUTE + 5_000)
        won = worker.run(since=T0 + 90 * MINUTE + 5_000, until=T0 + 91 * MINUTE)
        assert fires(won) == [("j", T0 + 91 * MINUTE, "run")]
        assert won[0].record.missed is None

    def test_one_that_was_paused_for_a_while_missed_nothing(self, client, worker):
        put_job(client, "j", "* * * * *")
        worker.look()
        put_by_hand(client, "j", "* * * * *", enabled=False)
        worker.look(T0 + 30_000)
        assert worker.run(since=T0 + 30_000, until=T0 + 5 * MINUTE, step=1_000) == []
        put_by_hand(client, "j", "* * * * *")
        worker.look(T0 + 5 * MINUTE + 5_000)
        won = worker.run(since=T0 + 5 * MINUTE + 5_000, until=T0 + 6 * MINUTE)
        assert fires(won) == [("j", T0 + 6 * MINUTE, "run")]
        assert won[0].record.missed is None

    def test_a_changed_command_alone_moves_nothing(self, client, worker):
        put_job(client, "j")
        worker.look()
        put_by_hand(client, "j", "* * * * * *", command="false")
        worker.look(T0 + 30_000)
        assert cursor_of(client, "j") == T0
        assert adoptions(client) == []

    def test_one_that_has_changed_again_is_adopted_as_it_is_then(self, client, worker):
        put_by_hand(client, "j")
        worker.saw(client.get(keys.job("j")))
        put_by_hand(client, "j", command="false")
        worker.cursors.plan_waiting(T0)
        assert adoptions(client) == []
        assert worker.cursors.waiting
        worker.look(T0 + 20)
        assert [entry["after"]["command"] for entry in adoptions(client)] == ["false"]

    def test_the_cursor_is_not_moved_back_by_a_clock_that_is_behind(self, client, worker):
        """A fire that a worker with a faster clock has claimed is not claimed again."""
        put_job(client, "j", "* * * * * *", overlap="allow")
        worker.look()
        worker.run(until=T0 + 10 * SECOND)
        slow = Bench(client, "slow")
        slow.look(T0 + 8 * SECOND)
        put_by_hand(client, "j", "* * * * * *", overlap="allow", timezone="Asia/Shanghai")
        slow.look(T0 + 8 * SECOND)
        assert len(adoptions(client)) == 1
        won = slow.run(since=T0 + 8 * SECOND, until=T0 + 12 * SECOND)
        assert [w.record.plan for w in won] == [T0 + 11 * SECOND, T0 + 12 * SECOND]


class TestJobsOfTheApi:
    """Their cursor is written with them: nothing is adopted."""

    def test_a_new_one_starts_at_its_cursor(self, client, worker):
        put_job(client, "j", "* * * * * *", cursor=T0)
        worker.look(T0 + 5_500)
        (won,) = worker.attempt(T0 + 5_500)
        assert (won.record.plan, won.record.missed.count) == (T0 + 5_000, 4)
        assert adoptions(client) == []

    def test_an_edited_one_goes_on_from_the_cursor_of_the_edit(self, client, worker):
        put_job(client, "j", "0 * * * *", cursor=T0 - 47 * MINUTE)
        worker.look()
        put_job(client, "j", "* * * * * *", cursor=T0 + 30_000)
        worker.look(T0 + 32_500)
        (won,) = worker.attempt(T0 + 32_500)
        assert (won.record.plan, won.record.missed.count) == (T0 + 32_000, 1)
        assert adoptions(client) == []

    def test_an_edit_of_the_command_right_behind_one_of_the_schedule_is_no_edit_by_hand(self, client, worker):
        put_job(client, "j", "0 * * * *", cursor=T0 - 47 * MINUTE)
        worker.look()
        put_job(client, "j", "* * * * * *", cursor=T0 + 30_000)
        worker.saw(client.get(keys.job("j")))
        put_by_hand(client, "j", "* * * * * *", command="false")  # the API leaves the cursor alone here
        worker.saw(client.get(keys.job("j")))
        worker.cursors.plan_waiting(T0 + 32_500)
        (won,) = worker.attempt(T0 + 32_500)
        assert (won.record.plan, won.record.missed.count) == (T0 + 32_000, 1)
        assert adoptions(client) == []

    def test_another_worker_has_claimed_a_fire_of_the_new_version_already(self, client, worker):
        put_job(client, "j", "* * * * *")
        worker.look()
        put_job(client, "j", "* * * * * *")
        client.put(keys.fired("j"), keys.cursor(T0 + 2_000))
        worker.look(T0 + 2_500)
        assert worker.attempt(T0 + 2_500) == []
        assert adoptions(client) == []

    def test_one_deleted_with_its_cursor_and_made_again_starts_at_the_new_one(self, client, worker):
        put_job(client, "j", "* * * * *")
        worker.look()
        client.txn(success=[txn.delete(keys.job("j")), txn.delete(keys.fired("j"))])
        put_job(client, "j", "* * * * *", cursor=T0 + 60 * MINUTE)
        worker.look(T0 + 60 * MINUTE)
        assert worker.attempt(T0 + 60 * MINUTE) == []
        assert cursor_of(client, "j") == T0 + 60 * MINUTE
        assert adoptions(client) == []


def test_three_workers_adopt_each_job_once(client, shared_etcd):
    for i in range(60):
        put_by_hand(client, f"j{i}")
    workers = [Bench(shared_etcd.client(), f"w{i}", [f"w{j}" for j in range(3) if j != i]) for i in range(3)]
    for worker in workers:
        for kv in client.scan(keys.JOBS).items:
            worker.saw(kv)

    def plan(worker, now):
        while worker.cursors.waiting:
            worker.cursors.plan_waiting(now)
            now += 20

    threads = [threading.Thread(target=plan, args=(w, T0 + i * 700)) for i, w in enumerate(workers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(entry["target"] for entry in adoptions(client)) == sorted(f"j{i}" for i in range(60))
    for worker in workers:
        assert worker.planner.planned == 60
        assert {held.cursor for held in worker.table} == {T0}


def test_thousands_are_adopted_a_few_at_a_time(client, worker):
    count = MAX_ADOPTIONS_A_TURN * 2 + 50
    for start in range(0, count, 50):
        client.txn(
            success=[
                txn.put(
                    keys.job(f"j{i}"),
                    b'{"name":"j%d","command":"true","cronExpr":"*/10 * * * * *"}' % i,
                )
                for i in range(start, start + 50)
            ]
        )
    worker.cursors.plan_all()
    worker.look(T0)
    assert len(adoptions(client)) == MAX_ADOPTIONS_A_TURN
    assert worker.cursors.waiting
    for _ in range(3):
        worker.cursors.plan_waiting(T0)
    assert len(adoptions(client)) == count
    assert not worker.cursors.waiting
    assert len(worker.run(since=T0 + 10_000, until=T0 + 10_050)) >= 60


def test_a_snapshot_plans_everything_from_the_cursors(client, worker):
    for i in range(150):
        put_job(client, f"j{i}", "*/10 * * * * *", cursor=T0 - (i % 3) * 10_000)
    worker.look(T0)
    worker.cursors.plan_all()
    worker.cursors.plan_waiting(T0)
    due = worker.planner.collect(T0)
    assert len(due.claim) == 100
    assert {worker.planner.gap(worker.table.get(f.name), f) is None for f in due.claim} == {True, False}


def test_jobs_that_are_gone_or_paused_wait_for_nothing(client, worker):
    put_job(client, "gone")
    put_job(client, "paused", enabled=False)
    for kv in client.scan(keys.JOBS).items:
        worker.saw(kv)
    worker.table.delete("gone")
    worker.cursors.plan_waiting(T0)
    assert not worker.cursors.waiting
    assert worker.planner.planned == 0


def test_a_cursor_that_is_garbage_is_replaced(client, worker):
    put_job(client, "j")
    client.put(keys.fired("j"), b"?")
    worker.look(T0 + 500)
    assert cursor_of(client, "j") == T0
    assert worker.planner.next_due() == T0 + SECOND


@pytest.mark.parametrize("lost", ["lose", "swallow", EtcdError("refused")])
def test_without_an_answer_planning_waits_and_adopts_once(client, lost):
    flaky = Flaky(client)
    worker = Bench(flaky)
    put_by_hand(client, "j")
    worker.saw(client.get(keys.job("j")))
    flaky.script = [None, lost, lost]
    for now in range(T0, T0 + 2_000, 20):
        worker.cursors.plan_waiting(now)
    assert not worker.cursors.waiting
    assert len(adoptions(client)) == 1
    assert worker.planner.next_due() == T0 + 10_000


def test_a_clock_set_back_an_hour_does_not_make_it_wait_an_hour(client):
    flaky = Flaky(client)
    worker = Bench(flaky)
    put_job(client, "j")
    worker.saw(client.get(keys.job("j")))
    flaky.script = ["lose"] * 6
    for now in range(T0, T0 + 1_500, 20):
        worker.cursors.plan_waiting(now)
    assert worker.cursors.waiting
    earlier = T0 - 3_600_000
    for now in range(earlier, earlier + MAX_BACKOFF_MS, 20):
        worker.cursors.plan_waiting(now)
    assert not worker.cursors.waiting
