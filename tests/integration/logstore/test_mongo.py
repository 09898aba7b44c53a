"""What only a server over a network does: go away, come back, refuse."""

import contextlib
import multiprocessing
import os
import signal
import threading
import time

import pymongo
import pytest

from app.common.errors import StoreError, StoreUnavailable
from app.common.logstore import RunQuery, open_store
from app.common.logstore.mongo import MongoLogStore
from app.common.models import Status
from tests.harness.poll import free_port, wait_until
from tests.integration.logstore.rows import MINUTE, T0, a_run, every_run


def store_until_it_is_stored(store, batch, deadline=60):
    """What the log writer does: the same batch again, until the store has acknowledged it."""
    failed = 0
    end = time.monotonic() + deadline
    while True:
        try:
            store.store(batch)
        except StoreUnavailable:
            failed += 1
            assert time.monotonic() < end, "the store never came back"
        else:
            return failed


def test_a_server_killed_again_and_again_costs_no_row_and_doubles_none(opened, mongo):
    store = opened(mongo.url, timeout_seconds=1)
    batches = [
        [a_run(f"job-{i % 10}", T0 + (n * 40 + i) * MINUTE, Status.FAILED) for i in range(40)]
        for n in range(60)
    ]
    done = threading.Event()
    failures = []

    def write():
        with contextlib.suppress(AssertionError):
            failures.extend(store_until_it_is_stored(store, batch) for batch in batches)
        done.set()

    writer = threading.Thread(target=write)
    writer.start()
    kills = 0
    while not done.wait(0.05) and kills < 5:
        mongo.kill()
        mongo.start()
        kills += 1
    writer.join()
    assert kills
    assert len(failures) == 60
    assert sum(failures) > 0
    rows = every_run(store, RunQuery, limit=1000)
    assert len(rows) == 2400
    assert {run.id for run in rows} == {run.id for batch in batches for run in batch}
    assert not any(row.duplicate for row in store.ledger_rows(None, T0, T0 + 10**9))
    assert {state.failures_in_a_row for state in store.job_states().values()} == {240}


def test_a_server_that_is_gone_is_unavailable_within_the_deadline_and_comes_back(opened, mongo):
    store = opened(mongo.url, timeout_seconds=0.5)
    store.store([a_run()])
    mongo.kill()
    for ask in (store.ping, lambda: store.store([a_run()]), lambda: store.runs(RunQuery()), store.job_states):
        started = time.monotonic()
        with pytest.raises(StoreUnavailable):
            ask()
        assert time.monotonic() - started < 5
    mongo.start()
    assert store.store([a_run()]).known == 1


def test_a_server_that_is_silent_is_unavailable_within_the_deadline(opened, mongo):
    store = opened(mongo.url, timeout_seconds=0.5)
    mongo.signal(signal.SIGSTOP)
    started = time.monotonic()
    with pytest.raises(StoreUnavailable):
        store.store([a_run()])
    assert time.monotonic() - started < 5
    mongo.signal(signal.SIGCONT)
    assert wait_until(lambda: store_until_it_is_stored(store, [a_run()]) >= 0)
    assert len(store.runs(RunQuery()).runs) == 1


def _store_and_tell(url, told):
    store = open_store(url, 20)
    for n in range(10**6):
        store.store([a_run(f"job-{i}", T0 + n * MINUTE, Status.FAILED) for i in range(20)])
        told.send(n)


def test_a_writer_killed_between_rows_and_states_is_mended_by_the_replay(opened, mongo_url):
    store = opened(mongo_url)
    for _ in range(5):
        mine, theirs = multiprocessing.get_context("spawn").Pipe(duplex=False)
        writer = multiprocessing.get_context("spawn").Process(
            target=_store_and_tell, args=(mongo_url, theirs)
        )
        writer.start()
        theirs.close()
        acknowledged = mine.recv()
        while mine.poll(0) or acknowledged < 3:
            acknowledged = mine.recv()
        os.kill(writer.pid, signal.SIGKILL)
        writer.join()
        mine.close()
        for n in range(acknowledged, acknowledged + 3):
            store.store([a_run(f"job-{i}", T0 + n * MINUTE, Status.FAILED) for i in range(20)])
        rows = len(every_run(store, RunQuery, limit=1000))
        assert {state.failures_in_a_row for state in store.job_states().values()} == {rows // 20}


def test_nobody_there_is_unavailable(opened):
    store = open_store(f"mongodb://alice:hunter2@127.0.0.1:{free_port()}/cron", 0.3)
    with pytest.raises(StoreUnavailable) as refused:
        store.prepare()
    assert "hunter2" not in str(refused.value)
    store.close()


@pytest.mark.parametrize(
    "url", ["mongodb://alice:hunt@er2@host/cron", "mongodb://host:hunter2/cron", "mongodb://"]
)
def test_a_broken_url_is_refused_without_quoting_it(url):
    with pytest.raises(StoreError, match="not a valid") as refused:
        open_store(url, 1)
    assert "er2" not in str(refused.value)
    assert not isinstance(refused.value, StoreUnavailable)


def test_the_database_is_the_one_of_the_url_or_cron():
    for url, name in [("mongodb://127.0.0.1/", "cron"), ("mongodb://127.0.0.1/runs", "runs")]:
        with contextlib.closing(MongoLogStore(url, 1)) as store:
            assert store._log.database.name == name


@pytest.mark.parametrize(
    ("options", "concern"),
    [
        ("", {"w": "majority", "j": True, "wtimeout": 2000}),
        ("?w=1", {"w": 1}),
        ("?journal=false", {"j": False}),
    ],
)
def test_writes_are_confirmed_by_a_majority_unless_the_url_says_otherwise(options, concern):
    with contextlib.closing(MongoLogStore(f"mongodb://127.0.0.1/cron{options}", 2)) as store:
        assert store._log.write_concern.document == concern


def test_rows_are_plain_documents_with_dates_and_the_server_expires_them(opened, mongo_url):
    store = opened(mongo_url)
    store.prepare()
    store.store([a_run(expire_at=T0 + MINUTE, by="alice")])
    with pymongo.MongoClient(mongo_url, tz_aware=True) as client:
        log = client.get_default_database()["log"]
        (row,) = log.find()
        assert (row["jobName"], row["by"], row["status"]) == ("backup", "alice", "succeeded")
        assert row["planTime"].isoformat() == "2030-03-17T17:46:40+00:00"
        assert row["endTime"].isoformat() == "2030-03-17T17:46:40.105000+00:00"
        assert "signal" not in row
        expiring = [index for index in log.index_information().values() if "expireAfterSeconds" in index]
        assert [index["expireAfterSeconds"] for index in expiring] == [0]


def test_rows_of_the_version_before_are_left_out_of_the_workload(opened, mongo_url):
    store = opened(mongo_url)
    store.store([a_run("old"), a_run("new", worker="w2")])
    with pymongo.MongoClient(mongo_url) as client:
        client.get_default_database()["log"].update_one(
            {"jobName": "old"}, {"$unset": {"workerMinute": True}}
        )
    assert [(worker, n) for worker, _, _, n in store.workload(T0, T0 + MINUTE, MINUTE)] == [("w2", 1)]
