"""What only the SQLite store has: a file, its permissions, and other processes that hold it."""

import contextlib
import multiprocessing
import os
import resource
import signal
import sqlite3
import stat
import time
from pathlib import Path

import pytest

from app.common.errors import StoreError, StoreUnavailable
from app.common.logstore import RunQuery, open_store
from app.common.models import Status
from tests.harness.poll import wait_until
from tests.integration.logstore.rows import MINUTE, T0, a_run, every_run

SPAWN = multiprocessing.get_context("spawn")


def file_of(url):
    return Path(url.removeprefix("sqlite:///"))


def test_the_file_and_its_directory_are_for_their_owner_only(sqlite, sqlite_url):
    sqlite.store([a_run()])
    path = file_of(sqlite_url)
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}
    assert modes == dict.fromkeys(["runs.db", "runs.db-wal", "runs.db-shm"], 0o600)


def test_a_directory_that_exists_keeps_its_permissions(opened, tmp_path):
    (tmp_path / "shared").mkdir(mode=0o750)
    opened(f"sqlite:///{tmp_path}/shared/a%20b?#.db").store([a_run()])
    assert stat.S_IMODE((tmp_path / "shared").stat().st_mode) == 0o750
    assert (tmp_path / "shared" / "a%20b?#.db").exists()


def _prepare(url, results):
    store = open_store(url, 20)
    store.prepare()
    store.close()
    results.put(True)


def test_processes_may_prepare_the_store_at_once(opened, sqlite_url):
    results = SPAWN.SimpleQueue()
    processes = [SPAWN.Process(target=_prepare, args=(sqlite_url, results)) for _ in range(4)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0, 0, 0, 0]
    assert opened(sqlite_url).store([a_run()]).stored == 1


def _store_and_tell(url, told):
    store = open_store(url, 20)
    for n in range(10**6):
        batch = [a_run(f"job-{i}", T0 + n * MINUTE, Status.FAILED, output="x" * 500) for i in range(50)]
        store.store(batch)
        told.send(n)


def test_an_acknowledged_batch_survives_kill_9_and_a_half_one_leaves_nothing(sqlite, sqlite_url):
    acknowledged = 0
    for _ in range(3):
        mine, theirs = SPAWN.Pipe(duplex=False)
        writer = SPAWN.Process(target=_store_and_tell, args=(sqlite_url, theirs))
        writer.start()
        theirs.close()
        while mine.recv() < acknowledged + 20:
            pass
        os.kill(writer.pid, signal.SIGKILL)
        writer.join()
        with contextlib.suppress(EOFError):
            while True:
                acknowledged = mine.recv()
        mine.close()
        rows = len(every_run(sqlite, RunQuery, limit=1000))
        assert rows % 50 == 0
        batches = rows // 50
        assert batches > acknowledged
        states = sqlite.job_states()
        assert {state.failures_in_a_row for state in states.values()} == {batches}


def test_a_store_held_by_another_is_unavailable_within_the_deadline(sqlite, opened, sqlite_url):
    impatient = opened(sqlite_url, timeout_seconds=0.3)
    with contextlib.closing(sqlite3.connect(file_of(sqlite_url), isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        started = time.monotonic()
        with pytest.raises(StoreUnavailable, match="locked"):
            impatient.store([a_run()])
        assert 0.2 < time.monotonic() - started < 3
        assert impatient.runs(RunQuery()).runs == []
        other.execute("ROLLBACK")
    assert impatient.store([a_run()]).stored == 1


def test_a_query_ends_at_the_deadline(sqlite, opened, sqlite_url):
    sqlite.store([a_run(plan=T0 + i) for i in range(3000)])
    impatient = opened(sqlite_url, timeout_seconds=0)
    with pytest.raises(StoreUnavailable, match="deadline"):
        list(impatient.ledger_rows(None, T0, T0 + MINUTE))


def test_a_missing_file_is_unavailable_and_is_not_made_anew(opened, tmp_path):
    store = open_store(f"sqlite:///{tmp_path}/runs.db", 1)
    for ask in (store.ping, lambda: store.store([a_run()])):
        with pytest.raises(StoreUnavailable, match=r"runs\.db.*exists"):
            ask()
    assert list(tmp_path.iterdir()) == []


def test_a_file_of_a_newer_version_is_left_alone(sqlite, sqlite_url):
    with contextlib.closing(sqlite3.connect(file_of(sqlite_url))) as other:
        other.execute("PRAGMA user_version = 99")
    with pytest.raises(StoreError, match="newer version"):
        sqlite.prepare()


def test_a_file_that_is_something_else_says_so(tmp_path):
    (tmp_path / "runs.db").write_bytes(b"not a database" * 1000)
    store = open_store(f"sqlite:///{tmp_path}/runs.db", 1)
    with pytest.raises(StoreUnavailable, match="not a SQLite database"):
        store.prepare()


def test_a_damaged_file_says_so(sqlite, sqlite_url, opened):
    sqlite.store([a_run(plan=T0 + i, output="x" * 100) for i in range(1000)])
    sqlite.close()
    path = file_of(sqlite_url)
    with path.open("r+b") as file:
        for page in range(1, path.stat().st_size // 4096):
            file.seek(page * 4096)
            file.write(os.urandom(64))
    with pytest.raises(StoreUnavailable, match="damaged"):
        sqlite.runs(RunQuery())


def _store_on_a_small_disk(url, told):
    resource.setrlimit(resource.RLIMIT_FSIZE, (2**20, 2**20))
    store = open_store(url, 5)
    try:
        store.store([a_run(plan=T0 + i, output="x" * 2**16) for i in range(64)])
    except StoreUnavailable as error:
        told.put(str(error))
    store.close()


def test_a_full_disk_is_unavailable_and_leaves_nothing_half_done(sqlite, sqlite_url):
    sqlite.store([a_run("before")])
    told = SPAWN.SimpleQueue()
    writer = SPAWN.Process(target=_store_on_a_small_disk, args=(sqlite_url, told))
    writer.start()
    writer.join()
    assert "disk" in told.get()
    assert [run.job_name for run in sqlite.runs(RunQuery()).runs] == ["before"]
    assert sqlite.store([a_run("after")]).stored == 1


def test_writers_go_on_while_rows_are_pruned(sqlite, opened, sqlite_url):
    sqlite.store([a_run(plan=T0 + i, expire_at=T0) for i in range(5000)])
    pruner = SPAWN.Process(target=_prune, args=(sqlite_url,))
    pruner.start()
    other = opened(sqlite_url, timeout_seconds=5)
    stored = 0
    while pruner.is_alive():
        stored += other.store([a_run("new", T0 + stored)]).stored
        # As a log writer does between batches. SQLite's lock knows no queue: without a pause others starve.
        time.sleep(0.005)
    pruner.join()
    assert pruner.exitcode == 0
    wait_until(lambda: len(every_run(other, RunQuery, limit=1000)) == stored)


def _prune(url):
    store = open_store(url, 5)
    assert store.prune(T0 + MINUTE) == 5000
    store.close()


VERSION_1 = """
CREATE TRIGGER run_counted AFTER INSERT ON run BEGIN
    INSERT INTO tally VALUES (NEW.status, NEW.plan_time / 60000, NEW.count)
    ON CONFLICT DO UPDATE SET n = n + excluded.n;
END;
CREATE TRIGGER run_uncounted AFTER DELETE ON run BEGIN
    UPDATE tally SET n = n - OLD.count WHERE status = OLD.status AND minute = OLD.plan_time / 60000;
    DELETE FROM tally WHERE status = OLD.status AND minute = OLD.plan_time / 60000 AND n = 0;
END;
PRAGMA user_version = 1;
"""


def counted(url):
    with contextlib.closing(sqlite3.connect(file_of(url))) as other:
        return other.execute("SELECT status, minute - ?, n FROM tally", (T0 // MINUTE,)).fetchall()


def test_a_file_of_the_first_version_is_brought_up_to_date(sqlite, sqlite_url, opened):
    """There, triggers counted each row."""
    sqlite.store([a_run(plan=T0, expire_at=T0), a_run(plan=T0 + MINUTE)])
    with contextlib.closing(sqlite3.connect(file_of(sqlite_url))) as other:
        other.executescript(VERSION_1)
    store = opened(sqlite_url)
    store.store([a_run("other", T0), a_run("other", T0 + MINUTE, Status.FAILED)])
    assert counted(sqlite_url) == [("failed", 1, 1), ("succeeded", 0, 2), ("succeeded", 1, 1)]
    assert store.prune(T0) == 1
    assert counted(sqlite_url) == [("failed", 1, 1), ("succeeded", 0, 1), ("succeeded", 1, 1)]


def test_the_tally_counts_what_is_there_and_nothing_else(sqlite, sqlite_url):
    sqlite.store([a_run(plan=T0 + i, expire_at=T0 + MINUTE) for i in range(5)])
    sqlite.store([a_run("other", status=Status.LOST), a_run(plan=T0), a_run("other", worker="w2")])
    assert counted(sqlite_url) == [("succeeded", 0, 6)]
    sqlite.store(
        [a_run("range", status=Status.MISSED, count=2), a_run("range", status=Status.MISSED, count=9)]
    )
    assert counted(sqlite_url) == [("missed", 0, 9), ("succeeded", 0, 6)]
    sqlite.prune(T0 + MINUTE)
    assert counted(sqlite_url) == [("missed", 0, 9), ("succeeded", 0, 1)]
