"""A scheduler in the process of the test, with the ends of its queues in the test's hands."""

import json
import tempfile
import time
from pathlib import Path

import pytest

from app.common import keys
from app.common.etcd import EtcdClient, Event
from app.common.models import MissedRange, OpenRecord, Outcome, Run, Status, run_id
from app.common.settings import WorkerSettings
from app.worker import messages as m
from app.worker.queues import Inbox, Outbox
from app.worker.scheduler import Scheduler
from tests.harness.services import Etcd
from tests.integration.worker.parts import put_job

HOUR = 3_600_000


def now():
    return int(time.time() * 1000)


class Desk:
    def __init__(self, endpoint, client, directory, executors=1):
        self.client, self.sockets = client, directory
        settings = WorkerSettings(
            etcd_endpoints=(endpoint,),
            worker_id="w0",
            executors=executors,
            data_dir=directory / "data",
            etcd_timeout_seconds=1,
        )
        self.inboxes = {
            name: Inbox(directory, name)
            for name in ("watcher", "main", "log-writer", *(f"executor-{i}" for i in range(executors)))
        }
        self.etcd = EtcdClient.from_settings(settings)
        self.scheduler = Scheduler(settings, self.etcd, directory)
        self.to = Outbox(directory, "scheduler")
        self.rows, self.launched, self.turns = [], [], 0

    def go(self, executor=True, trusted=True):
        """What a watcher and an executor say at the start."""
        found = self.client.scan(keys.JOBS)
        valid = time.monotonic() + 60
        self.to.send(
            m.SessionRenewed(self.client.grant(60), valid),
            m.ClockChecked(0, trusted, time.monotonic()),
            m.KeysReplaced(found.items, True, True),
        )
        if executor:
            self.to.send(m.ExecutorReady(0, 77, []))

    def saw(self, name):
        self.to.send(m.KeysChanged([Event(False, self.client.get(keys.job(name)))]))

    def turn(self):
        self.turns += 1
        self.scheduler.turn()
        for message in self.received("log-writer"):
            self.rows += message
        self.launched += [f for f in self.received("executor-0") if isinstance(f, m.FireClaimed)]

    def received(self, name):
        return self.inboxes[name].receive(0) if name in self.inboxes else []

    def until(self, condition, timeout=10):
        deadline = time.monotonic() + timeout
        while not condition():
            assert time.monotonic() < deadline, "the condition did not come true in time"
            self.turn()

    def pass_seconds(self, seconds):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.turn()

    def die(self, name):
        """The consumer of a queue is killed."""
        self.inboxes.pop(name).close()

    def back(self, name):
        self.inboxes[name] = Inbox(self.sockets, name)

    def close(self):
        self.to.close()
        for inbox in self.inboxes.values():
            inbox.close()
        self.scheduler.close()
        self.etcd.close()


@pytest.fixture
def desk(shared_etcd, client):
    with tempfile.TemporaryDirectory(prefix="scheduler-") as path:
        desk = Desk(shared_etcd.endpoint, client, Path(path))
        yield desk
        desk.close()


def test_only_the_executor_that_keeps_a_row_hears_that_it_is_settled(shared_etcd, client):
    with tempfile.TemporaryDirectory(prefix="scheduler-") as path:
        desk = Desk(shared_etcd.endpoint, client, Path(path), executors=2)
        told = {"executor-0": [], "executor-1": []}

        def listen():
            for name, messages in told.items():
                messages += desk.received(name)
            return all(
                any(isinstance(each, m.FireClaimed) for each in messages) for messages in told.values()
            )

        def settled(name):
            return [each.row_ids for each in told[name] if isinstance(each, m.RowsSettled)]

        try:
            for number in range(2):
                put_job(client, f"j{number}", "* * * * *", cursor=now() - 60_000)
            desk.go()
            desk.to.send(m.ExecutorReady(1, 78, []))
            desk.turn = lambda: desk.scheduler.turn()  # the desk leaves the messages of executors to the test
            desk.until(listen)
            first, second = (
                next(each.run.id for each in messages if isinstance(each, m.FireClaimed))
                for messages in told.values()
            )
            rows = [m.StoredRow(row_id, 1, False) for row_id in (first, second, "unknown")]
            desk.to.send(m.RowsStored(rows))
            desk.until(lambda: listen() and settled("executor-0") and settled("executor-1"))
            assert settled("executor-0") == [[first, "unknown"]]
            assert settled("executor-1") == [[second, "unknown"]]
        finally:
            desk.close()


def ended(run):
    done = Run(**{f: getattr(run, f) for f in Run.__slots__})
    done.status = Status.SUCCEEDED
    return m.RunsEnded(0, [m.EndedRun(run.id, Status.SUCCEEDED)], 0.0)


def test_rows_that_died_with_the_log_writer_are_sent_to_the_next(desk):
    half_past = (time.gmtime().tm_min + 30) % 60  # the last fire is too old to run
    put_job(desk.client, "j", f"{half_past} * * * *", cursor=now() - 10 * HOUR)
    desk.go()
    desk.until(lambda: desk.rows)
    assert [r.count for r in desk.rows] == [10]
    desk.die("log-writer")
    desk.rows.clear()
    desk.turn()
    desk.back("log-writer")
    desk.until(lambda: desk.rows)
    assert [r.count for r in desk.rows] == [10]
    desk.to.send(m.RowsStored([m.StoredRow(desk.rows[0].id, 10, False)]))
    desk.until(lambda: not desk.client.scan(keys.RUNNING).items)


def test_it_does_not_spin_while_etcd_is_away(tmp_path):
    own = Etcd(tmp_path / "etcd")
    own.start()
    with tempfile.TemporaryDirectory(prefix="scheduler-") as path:
        desk = Desk(own.endpoint, own.client(), Path(path))
        put_job(desk.client, "j", cursor=now() // 1000 * 1000)
        desk.go()
        desk.until(lambda: desk.launched)
        own.kill()
        desk.turns = 0
        desk.pass_seconds(3)
        assert desk.turns < 300
        desk.close()
    own.stop()


def test_a_worker_without_executors_claims_nothing(desk):
    put_job(desk.client, "j", "*/2 * * * * *", cursor=now() - 10_000)
    desk.go(executor=False)
    desk.pass_seconds(2.5)
    assert desk.client.scan(keys.RUNNING).items == []
    desk.to.send(m.ExecutorReady(0, 77, []))
    desk.until(lambda: desk.launched)


def test_fires_are_not_given_to_an_executor_that_has_died(desk):
    put_job(desk.client, "j", overlap="allow", cursor=now() // 1000 * 1000)
    desk.go()
    desk.until(lambda: desk.launched)
    desk.die("executor-0")
    desk.turn()
    before = {kv.key for kv in desk.client.scan(keys.RUNNING).items}
    desk.pass_seconds(2)
    assert {kv.key for kv in desk.client.scan(keys.RUNNING).items} == before


def test_what_a_dead_executor_had_not_been_told_is_not_told_to_the_next(desk):
    """Its run is recorded as lost by then, and its lock is free."""
    put_job(desk.client, "j", cursor=now() // 1000 * 1000)
    desk.go()
    desk.until(lambda: desk.launched)
    desk.die("executor-0")
    outbox = desk.scheduler._to_executors[0]
    outbox.send(desk.launched[0])
    desk.to.send(m.ExecutorDied(0, 77))
    desk.until(lambda: [r for r in desk.rows if r.status is Status.LOST])
    desk.launched.clear()
    desk.back("executor-0")
    desk.pass_seconds(0.5)
    assert desk.launched == []


def test_a_worker_whose_clock_is_not_trusted_adopts_no_job(desk):
    desk.client.put(
        keys.job("raw"), json.dumps({"name": "raw", "command": "x", "cronExpr": "* * * * *"}).encode()
    )
    desk.go(trusted=False)
    desk.turns = 0
    desk.pass_seconds(1.5)
    assert desk.client.get(keys.fired("raw")) is None
    assert desk.turns < 60
    desk.to.send(m.ClockChecked(0, True, time.monotonic()))
    desk.until(lambda: desk.client.get(keys.fired("raw")))


def test_a_lock_is_released_before_the_next_fire_is_claimed(desk):
    put_job(desk.client, "j", "* * * * * *", cursor=now() // 1000 * 1000)
    desk.go()
    for _ in range(3):
        desk.launched.clear()
        desk.until(lambda: desk.launched)
        run = desk.launched[0].run
        # it ends at the very moment at which the next fire is due
        while now() < run.plan_time + 1000:
            time.sleep(0.001)
        desk.to.send(ended(run))
    desk.turn()
    assert [r for r in desk.rows if r.status is Status.SKIPPED] == []


def test_a_run_whose_row_died_with_its_executor_is_lost_in_the_end(desk):
    put_job(desk.client, "j", "*/2 * * * * *", cursor=now() // 1000 * 1000)
    desk.go()
    desk.until(lambda: desk.launched)
    run = desk.launched[0].run
    desk.to.send(ended(run))
    desk.pass_seconds(0.2)
    desk.die("executor-0")
    desk.to.send(m.ExecutorDied(0, 77))
    desk.until(lambda: [r.id for r in desk.rows if r.status is Status.LOST] == [run.id])
    desk.to.send(m.RowsStored([m.StoredRow(run.id, 1, True)]))
    desk.until(lambda: not desk.client.scan(keys.RUNNING).items)


def test_missed_fires_before_a_run_survive_a_scheduler_that_died_with_their_row(desk):
    """The executor has the run; the row of the gap was in the memory of the dead scheduler."""
    plan = now() // 1000 * 1000
    gap = MissedRange(first=plan - 3_000, last=plan - 1_000, count=3)
    record = OpenRecord(job="j", plan=plan, outcome=Outcome.RUN, claimed=plan, missed=gap)
    key = keys.running("w0", run_id("j", plan))
    desk.client.put(key, record.to_json())
    fence = desk.client.get(key).mod_revision
    desk.go(executor=False)
    held = m.HeldRun(run_id("j", plan), "j", fence, None, False)
    desk.to.send(m.ExecutorReady(0, 77, [held]))
    desk.until(lambda: desk.rows)
    assert [(r.status, r.count) for r in desk.rows] == [(Status.MISSED, 3)]
    desk.to.send(m.RowsStored([m.StoredRow(run_id("j", plan), 1, False)]))
    desk.pass_seconds(0.3)
    assert desk.client.get(key)
    desk.to.send(m.RowsStored([m.StoredRow(desk.rows[0].id, 3, False)]))
    desk.until(lambda: desk.client.get(key) is None)


def test_a_snapshot_in_parts_counts_once_it_is_complete(desk):
    for name in ("a", "b", "gone"):
        put_job(desk.client, name, cursor=now() // 1000 * 1000)
    desk.go()
    desk.until(lambda: {f.run.job_name for f in desk.launched} == {"a", "b", "gone"})
    desk.client.delete(keys.job("gone"))
    put_job(desk.client, "new", cursor=now() // 1000 * 1000)
    a, b, new = desk.client.scan(keys.JOBS).items
    desk.to.send(m.KeysReplaced([a, new], first=True, last=False))
    desk.until(lambda: desk.scheduler._table.get("new"))
    assert desk.scheduler._table.names() == {"a", "b", "gone", "new"}
    desk.to.send(m.KeysReplaced([b], first=False, last=True))
    desk.until(lambda: desk.scheduler._table.names() == {"a", "b", "new"})
    desk.until(lambda: "new" in {f.run.job_name for f in desk.launched})


def test_a_first_snapshot_plans_nothing_before_its_last_part(desk):
    put_job(desk.client, "j", cursor=now() // 1000 * 1000)
    found = desk.client.scan(keys.JOBS).items
    desk.to.send(
        m.SessionRenewed(desk.client.grant(60), time.monotonic() + 60),
        m.ClockChecked(0, True, time.monotonic()),
        m.ExecutorReady(0, 77, []),
        m.KeysReplaced(found, first=True, last=False),
    )
    desk.pass_seconds(1.5)
    assert desk.launched == []
    desk.to.send(m.KeysReplaced([], first=False, last=True))
    desk.until(lambda: desk.launched)


def test_the_end_of_a_snapshot_whose_beginning_went_elsewhere_is_left_alone(desk):
    put_job(desk.client, "j")
    desk.go()
    desk.until(lambda: desk.scheduler._table.get("j"))
    desk.to.send(m.KeysReplaced([], first=False, last=True))
    desk.pass_seconds(0.2)
    assert desk.scheduler._table.get("j")
