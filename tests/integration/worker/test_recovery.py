"""Open records whose worker is gone: each becomes its rows, once, and only when it is dead indeed."""

import os
import subprocess
import threading
import time

import pytest

from app.common import keys
from app.common.errors import EtcdUnavailable
from app.common.etcd import KeyValue
from app.common.logstore import open_store
from app.common.models import Job, MissedRange, OpenRecord, Outcome, Run, RunOrder, Status, Trigger, run_id
from app.worker import rows
from app.worker.orders import HeldOrder
from app.worker.recoverer import RETRY_SECONDS, SWEEP_SECONDS, TURN_SECONDS, Recoverer
from app.worker.recovery import MAX_ATTEMPTS, RERUN_EXPIRES_MS, recover
from app.worker.settler import Settler
from tests.integration.worker.parts import MINUTE, T0, Bench, put_job

DAY = 86_400_000
GAP = MissedRange(first=T0 - 3 * MINUTE, last=T0 - MINUTE, count=3)
JOB = Job(name="j", command="make all", cron_expr="* * * * *")


def a_record(outcome=Outcome.RUN, plan=T0, job="j", **fields):
    return OpenRecord(job=job, plan=plan, outcome=outcome, claimed=plan + 3, job_revision=7, **fields)


def leave(client, record, worker="dead", row_id=None):
    """An open record as a claim leaves it."""
    row_id = row_id or run_id(record.job, record.plan, record.attempt)
    key = keys.running(worker, row_id)
    client.put(key, record.to_json())
    return client.get(key)


def recovered(record, known=(JOB, 7), row_id="the-id"):
    value = record if isinstance(record, bytes) else record.to_json()
    kv = KeyValue(keys.running("dead", row_id), value, 5, 6)
    return recover(kv, "worker dead died", lambda name: known, T0 + 99, DAY)


def summary(found):
    return [(r.id, r.status, r.plan_time, r.count) for r in found.rows]


class TestOneRecord:
    def test_a_run_is_lost(self):
        found = recovered(a_record())
        assert summary(found) == [("the-id", Status.LOST, T0, 1)]
        (row,) = found.rows
        assert (row.worker, row.reason, row.command) == ("dead", "worker dead died", "make all")
        assert (row.end_time, row.expire_at) == (T0 + 99, T0 + 99 + DAY)
        assert (found.key, found.revision, found.rerun) == (keys.running("dead", "the-id"), 6, None)

    def test_a_run_with_a_gap_before_it_is_two_rows(self):
        found = recovered(a_record(missed=GAP))
        assert summary(found) == [
            (rows.missed_id("j", GAP.first), Status.MISSED, GAP.first, 3),
            ("the-id", Status.LOST, T0, 1),
        ]

    def test_a_skipped_range_is_what_its_worker_would_have_stored(self):
        skipped = MissedRange(first=T0 - MINUTE, last=T0, count=2)
        found = recovered(a_record(Outcome.OVERLAP, skipped=skipped, missed=GAP))
        assert summary(found) == [
            (rows.missed_id("j", GAP.first), Status.MISSED, GAP.first, 3),
            (rows.skip_id("j", T0 - MINUTE), Status.SKIPPED, T0 - MINUTE, 2),
        ]

    def test_a_misfire_is_missed_not_lost(self):
        missed = MissedRange(first=T0 - MINUTE, last=T0, count=2)
        found = recovered(a_record(Outcome.MISSED, missed=missed, missed_reason="why"))
        assert summary(found) == [(rows.missed_id("j", T0 - MINUTE), Status.MISSED, T0 - MINUTE, 2)]
        assert found.rows[0].reason == "why"

    @pytest.mark.parametrize("value", [b"", b"garbage", b"[]", b'{"job":"j"}', b'{"job":"j","plan":"x"}'])
    def test_what_cannot_be_read_is_left_for_whoever_can(self, value):
        assert recovered(value) is None

    def test_a_field_of_a_later_version_is_passed_over(self):
        value = a_record().to_json().replace(b"{", b'{"colour":"red",', 1)
        assert [row.status for row in recovered(value).rows] == [Status.LOST]

    def test_the_lock_of_a_run_is_named_so_that_it_can_be_released(self):
        assert recovered(a_record()).lock == keys.lock("j")
        assert recovered(a_record(Outcome.OVERLAP)).lock is None

    @pytest.mark.parametrize("known", [None, (JOB, 8)])
    def test_the_command_is_told_only_if_it_is_that_of_the_claim(self, known):
        assert recovered(a_record(), known).rows[0].command == ""

    @pytest.mark.parametrize("attempt", [1, 2, 3, 9])
    def test_a_job_that_wants_it_is_ordered_again_but_not_for_ever(self, attempt):
        found = recovered(a_record(rerun=True, attempt=attempt, by="alice"))
        if attempt >= MAX_ATTEMPTS:
            assert found.rerun is None
            return
        job, order_id, order = found.rerun
        assert (job, order_id) == ("j", run_id("j", T0, attempt + 1))
        assert (order.plan, order.attempt, order.trigger, order.by) == (
            T0,
            attempt + 1,
            Trigger.RETRY,
            "alice",
        )
        assert order.expires_at == T0 + 99 + RERUN_EXPIRES_MS
        held = HeldOrder(keys.order("j", order_id), "j", order_id, order)
        assert held.run_id == run_id("j", T0, attempt + 1)

    def test_nothing_is_ordered_for_a_job_that_is_gone_or_did_not_ask(self):
        assert recovered(a_record(rerun=True), None).rerun is None
        assert recovered(a_record(rerun=False)).rerun is None
        assert recovered(a_record(Outcome.MISSED, rerun=True)).rerun is None
        assert recovered(a_record(Outcome.OVERLAP, rerun=True)).rerun is None

    def test_another_version_of_the_job_is_ordered_again_too(self):
        assert recovered(a_record(rerun=True), (JOB, 8)).rerun is not None


class Survivor(Bench):
    def __init__(self, client, worker_id="w0", others=(), **more):
        super().__init__(client, worker_id, others, **more)
        client.put(keys.worker(worker_id), b"{}")
        self.recoverer = Recoverer(client, worker_id, self.table, self.cluster, DAY)

    def due(self, at, now=T0):
        return self.recoverer.due(now, at, self.mine.__contains__)

    def keys_due(self, at):
        return [found.key for found in self.due(at)]


@pytest.fixture
def survivor(client):
    return Survivor(client)


class TestDeadWorkers:
    def test_its_records_are_recovered_when_its_registration_is_gone(self, client, survivor):
        put_job(client, "j")
        survivor.look()
        left = [leave(client, a_record(plan=T0 + i)) for i in range(3)]
        leave(client, a_record(job="other"), worker="alive")
        client.put(keys.worker("alive"), b"{}")
        survivor.recoverer.suspect("dead", 100.0)
        assert survivor.keys_due(100.0) == [kv.key for kv in left]
        assert survivor.keys_due(101.0) == []

    def test_one_whose_end_nobody_saw_is_found_by_a_sweep(self, client, survivor):
        assert survivor.keys_due(0.0) == []
        kv = leave(client, a_record())
        assert survivor.keys_due(SWEEP_SECONDS - 1) == []
        assert survivor.keys_due(SWEEP_SECONDS) == [kv.key]

    def test_after_a_snapshot_it_looks_at_once(self, client, survivor):
        survivor.due(0.0)
        kv = leave(client, a_record())
        survivor.recoverer.look_for_abandoned(5.0)
        assert survivor.keys_due(5.0) == [kv.key]

    def test_the_survivors_take_turns(self, client):
        survivors = [Survivor(client, f"w{i}", [f"w{j}" for j in range(3) if j != i]) for i in range(3)]
        for survivor in survivors:
            survivor.due(0.0)
        leave(client, a_record())
        for survivor in survivors:
            survivor.recoverer.suspect("dead", 10.0)
        when = []
        for survivor in survivors:
            at = 10.0
            while not survivor.due(at):
                at += 0.5
            when.append(at - 10.0)
        assert sorted(when) == [0.0, TURN_SECONDS, 2 * TURN_SECONDS]

    def test_a_worker_that_came_back_in_time_is_left_alone(self, client):
        survivor = Survivor(client, "w0", ["dead"])
        leave(client, a_record())
        survivor.recoverer.suspect("dead", 0.0)
        assert survivor.keys_due(SWEEP_SECONDS) == []

    def test_a_worker_that_the_mirror_has_not_heard_of_is_not_dead(self, client, survivor):
        """It started after the last event that came through, and runs what it has claimed."""
        leave(client, a_record(), worker="new")
        client.put(keys.worker("new"), b"{}")
        for at in (0.0, 5.0, SWEEP_SECONDS, 2 * SWEEP_SECONDS):
            assert survivor.keys_due(at) == []
        client.delete(keys.worker("new"))
        assert len(survivor.keys_due(3 * SWEEP_SECONDS)) == 1

    def test_what_it_works_on_already_is_not_recovered_again(self, client, survivor):
        kv = leave(client, a_record())
        survivor.mine.add(kv.key)
        survivor.recoverer.suspect("dead", 0.0)
        assert survivor.keys_due(0.0) == []

    def test_an_unreadable_record_does_not_hold_up_the_others(self, client, survivor):
        client.put(keys.running("dead", "bad"), b"garbage")
        good = leave(client, a_record())
        survivor.recoverer.suspect("dead", 0.0)
        found = {f.key: f for f in survivor.due(0.0)}
        assert found.keys() == {good.key}
        assert len(found[good.key].rows) == 1
        assert client.get(keys.running("dead", "bad")) is not None

    def test_when_etcd_does_not_answer_nothing_is_forgotten(self, client, shared_etcd, monkeypatch):
        survivor = Survivor(shared_etcd.client())
        survivor.recoverer.due(T0, 0.0, lambda key: False)
        leave(client, a_record())
        own = leave(client, a_record(), worker="w0")
        survivor.recoverer.suspect("dead", 1.0)
        survivor.recoverer.add_own(own.key, "its executor died")

        def fail(*args, **more):
            raise EtcdUnavailable("the network")

        with monkeypatch.context() as broken:
            broken.setattr(survivor.client, "get", fail)
            broken.setattr(survivor.client, "scan", fail)
            assert survivor.keys_due(1.0) == []
        assert survivor.keys_due(1.5) == []
        assert len(survivor.keys_due(1.0 + RETRY_SECONDS)) == 2

    def test_a_failure_in_the_middle_keeps_what_was_found_and_finds_the_rest_later(
        self, client, shared_etcd, monkeypatch
    ):
        survivor = Survivor(shared_etcd.client())
        survivor.due(0.0)
        first = leave(client, a_record(), worker="w0")
        leave(client, a_record())
        survivor.recoverer.add_own(first.key, "its executor died")
        survivor.recoverer.suspect("dead", 1.0)

        def fail(*args, **more):
            raise EtcdUnavailable("the network")

        with monkeypatch.context() as broken:
            broken.setattr(survivor.client, "scan", fail)
            assert survivor.keys_due(1.0) == [first.key]
        assert len(survivor.keys_due(1.0 + RETRY_SECONDS)) == 1


class TestOwnRecords:
    def test_a_run_whose_executor_died_is_lost_for_that_reason(self, client, survivor):
        kv = leave(client, a_record(), worker="w0")
        survivor.recoverer.add_own(kv.key, "its executor died")
        (found,) = survivor.due(0.0)
        assert (found.key, found.rows[0].status, found.rows[0].reason) == (
            kv.key,
            Status.LOST,
            "its executor died",
        )
        assert survivor.due(1.0) == []

    def test_a_run_that_was_closed_meanwhile_is_not(self, client, survivor):
        survivor.recoverer.add_own(keys.running("w0", "gone"), "its executor died")
        assert survivor.due(0.0) == []

    def test_what_an_earlier_life_left_is_lost_but_not_what_still_runs(self, client, survivor):
        left = leave(client, a_record(plan=T0), worker="w0")
        held = leave(client, a_record(plan=T0 + 1), worker="w0")
        survivor.mine.add(held.key)
        assert survivor.due(0.0) == []
        survivor.recoverer.look_for_own()
        (found,) = survivor.due(1.0)
        assert found.key == left.key
        assert "restarted" in found.rows[0].reason
        assert survivor.due(2.0) == []

    def test_commands_of_an_earlier_life_are_ended_before_their_runs_are_recorded(self, client, survivor):
        kv = leave(client, a_record(), worker="w0")
        environment = {**os.environ, "CRON_WORKER": "w0", "CRON_RUN_ID": keys.last_part(kv.key)}
        with subprocess.Popen(["sleep", "1000"], env=environment) as command:
            survivor.recoverer.look_for_own()
            assert len(survivor.due(0.0)) == 1
            # its end may have been collected together with the processes that were found
            command.returncode = command.poll() or -9
        assert not os.path.exists(f"/proc/{command.pid}")  # noqa: PTH110

    def test_a_record_that_nobody_here_knows_is_recorded_in_the_end(self, client, survivor):
        """A claim of an earlier life that etcd carried out after that life had been tidied up."""
        survivor.recoverer.look_for_own()
        assert survivor.due(0.0) == []
        kv = leave(client, a_record(), worker="w0")
        known = leave(client, a_record(plan=T0 + 1), worker="w0")
        survivor.mine.add(known.key)
        seen = []
        for at in range(1, 200):
            seen += [(at, f.key) for f in survivor.due(float(at))]
            survivor.mine.update(key for _, key in seen)
        assert [key for _, key in seen] == [kv.key]
        assert SWEEP_SECONDS <= seen[0][0] <= 2 * SWEEP_SECONDS + 2


class TestRerun:
    """The whole way: rows to the store, the order only if the run stands as lost."""

    @pytest.fixture
    def store(self, tmp_path):
        store = open_store(f"sqlite:///{tmp_path / 'runs.db'}", 5)
        store.prepare()
        yield store
        store.close()

    def close(self, found, store, client):
        """As log writer and scheduler do."""
        store.store(found.rows)
        stands = store.run(found.rows[-1].id).status is Status.LOST
        settler = Settler(client)
        if stands and found.rerun:
            settler.close_and_rerun(found.key, found.revision, *found.rerun)
        else:
            settler.close_record(found.key, found.revision)
        settler.flush(T0)

    def test_two_survivors_order_it_once_and_it_runs_once(self, client, store):
        put_job(client, "j", "0 0 1 1 *", onWorkerLoss="rerun", overlap="allow")
        survivors = [Survivor(client, f"w{i}", [f"w{1 - i}"]) for i in range(2)]
        leave(client, a_record(rerun=True))
        for survivor in survivors:
            survivor.look()
            survivor.recoverer.suspect("dead", 0.0)
        both = [survivor.due(2 * TURN_SECONDS) for survivor in survivors]
        assert [len(found) for found in both] == [1, 1]
        for (found,) in both:
            self.close(found, store, client)
            for survivor in survivors:
                survivor.look(T0)
                survivor.run(until=T0 + 1_000)
        (won,) = [w for survivor in survivors for w in survivor.won]
        assert (won.record.attempt, won.record.trigger, won.record.rerun) == (2, Trigger.RETRY, True)
        assert won.run_id == run_id("j", T0, 2)
        assert client.scan(keys.ORDERS).items == []
        assert store.run(run_id("j", T0)).status is Status.LOST

    def test_one_that_ended_well_is_not_run_again(self, client, store):
        put_job(client, "j", onWorkerLoss="rerun")
        survivor = Survivor(client)
        survivor.look()
        leave(client, a_record(rerun=True))
        real = Run(
            id=run_id("j", T0),
            job_name="j",
            plan_time=T0,
            status=Status.SUCCEEDED,
            worker="dead",
            start_time=T0,
        )
        store.store([real])
        survivor.recoverer.suspect("dead", 0.0)
        (found,) = survivor.due(0.0)
        self.close(found, store, client)
        assert client.scan(keys.ORDERS).items == []
        assert client.scan(keys.RUNNING).items == []
        assert store.run(real.id).status is Status.SUCCEEDED

    def test_a_job_that_kills_each_worker_is_tried_no_more_than_allowed(self, client, store):
        put_job(client, "j", "0 0 1 1 *", onWorkerLoss="rerun", overlap="allow")
        leave(client, a_record(rerun=True))
        for life in range(10):
            survivor = Survivor(client, "dead" if life % 2 else "next")
            client.delete(keys.worker("next" if life % 2 else "dead"))
            survivor.look()
            for found in survivor.due(0.0):
                self.close(found, store, client)
            survivor.look(T0)
            survivor.run(until=T0 + 1_000)
        attempts = [store.run(run_id("j", T0, attempt)) for attempt in range(1, MAX_ATTEMPTS + 2)]
        assert [a.status for a in attempts[:-1]] == [Status.LOST] * MAX_ATTEMPTS
        assert attempts[-1] is None


def test_survivors_that_recover_at_the_same_moment_store_each_row_once(client, shared_etcd, tmp_path):
    for i in range(50):
        leave(client, a_record(plan=T0 + i, rerun=True))
    put_job(client, "j", "0 0 1 1 *")
    url = f"sqlite:///{tmp_path / 'runs.db'}"

    def recover_all(number):
        survivor = Survivor(shared_etcd.client(), f"w{number}")
        survivor.look()
        store = open_store(url, 10)
        store.prepare()
        settler = Settler(survivor.client)
        for found in survivor.due(0.0):
            store.store(found.rows)
            settler.close_and_rerun(found.key, found.revision, *found.rerun)
        settler.flush(int(time.time() * 1000))
        store.close()

    threads = [threading.Thread(target=recover_all, args=(i,)) for i in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    store = open_store(url, 5)
    assert store.count_by_status(0, T0 * 2) == {Status.LOST: 50}
    store.close()
    orders = client.scan(keys.ORDERS).items
    assert len(orders) == 50
    assert {RunOrder.model_validate_json(kv.value).attempt for kv in orders} == {2}
    assert client.scan(keys.RUNNING).items == []
