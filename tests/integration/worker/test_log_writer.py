"""The log writer between real queues and real stores, with the store in every kind of trouble."""

import signal
import sqlite3
import tempfile
import threading
import time
from pathlib import Path

import pymongo
import pytest
from prometheus_client import REGISTRY

from app.common.logstore import LiveOutput, RunQuery, open_store
from app.common.models import Run, Status
from app.worker import log_writer
from app.worker import messages as m
from app.worker.log_writer import UNSTORABLE, LogWriter
from app.worker.queues import Inbox, Outbox
from app.worker.spool import Spool


def row(number, status=Status.SUCCEEDED, **fields):
    start = None if status in (Status.LOST, Status.SKIPPED, Status.MISSED) else number
    known = {"id": f"r{number:06d}", "job_name": "j", "plan_time": number, "status": status, "worker": "w0"}
    return Run(**(known | {"start_time": start, "end_time": number + 5} | fields))


def dropped(where):
    return REGISTRY.get_sample_value("cron_dropped_records_total", {"where": where}) or 0


class Desk:
    """A log writer, and the two ends that a worker has around it."""

    def __init__(self, sockets, url, spool_bytes=64 * 1024 * 1024, timeout=0.1):
        self.sockets, self.url = sockets, url
        self.scheduler = Inbox(sockets, "scheduler")
        self.spool_bytes, self.timeout = spool_bytes, timeout
        self.acknowledged = []
        self.store = open_store(url, 5)
        self.start()

    def start(self):
        spool = Spool(self.sockets / "spool", self.spool_bytes)
        self.writer = LogWriter(
            open_store(self.url, self.timeout),
            spool,
            Inbox(self.sockets, "log-writer"),
            Outbox(self.sockets, "scheduler"),
        )
        self.spool = spool
        self.sender = Outbox(self.sockets, "log-writer")

    def crash(self):
        """Its process is killed: nothing in memory survives."""
        self.sender.close()
        self.writer._inbox.close()
        self.writer._to_scheduler.close()
        self.writer._spool.close()
        self.writer._store.close()

    def send(self, *messages):
        self.sender.send(*messages)

    def turn(self):
        going_on = self.writer.turn()
        for message in self.scheduler.receive(0):
            self.acknowledged += message.rows
        return going_on

    def until(self, condition, timeout=20):
        deadline = time.monotonic() + timeout
        while not condition():
            assert time.monotonic() < deadline, "the condition did not come true in time"
            self.sender.flush()
            self.turn()

    def acked(self):
        return [a.row_id for a in self.acknowledged]

    def stored(self):
        self.store.prepare()
        found, cursor = [], None
        while True:
            page = self.store.runs(RunQuery(limit=1000, cursor=cursor))
            found += page.runs
            cursor = page.next_cursor
            if cursor is None:
                return sorted(run.id for run in found)

    def close(self):
        self.sender.close()
        self.writer.close()
        self.scheduler.close()
        self.store.close()


@pytest.fixture
def sockets():
    with tempfile.TemporaryDirectory(prefix="writer-") as path:
        yield Path(path)


@pytest.fixture
def database(tmp_path):
    return tmp_path / "runs.db"


@pytest.fixture
def open_desk(sockets, monkeypatch):
    # The tests have no time.
    shorter = {"MAX_BACKOFF": 0.5, "BATCH_SECONDS": 0.05, "GATHER_SECONDS": 0.005, "FULL_SECONDS": 0.5}
    for name, seconds in shorter.items():
        monkeypatch.setattr(log_writer, name, seconds)
    desks = []

    def open_one(url, **options):
        desks.append(Desk(sockets, url, **options))
        return desks[-1]

    yield open_one
    for desk in desks:
        desk.close()


@pytest.fixture
def desk(open_desk, database):
    return open_desk(f"sqlite:///{database}")


class Locked:
    """A SQLite file that another process holds."""

    def __init__(self, path):
        self.connection = sqlite3.connect(path, isolation_level=None)

    def __enter__(self):
        self.connection.execute("BEGIN EXCLUSIVE")

    def __exit__(self, *_):
        self.connection.execute("COMMIT")
        self.connection.close()


def ids(rows):
    return [r.id for r in rows]


def test_rows_are_stored_and_then_acknowledged(desk):
    rows = [row(i) for i in range(50)]
    desk.send(rows[:20])
    desk.send(rows[20:])
    desk.until(lambda: len(desk.acked()) == 50)
    assert desk.acked() == desk.stored() == ids(rows)
    assert desk.acknowledged[0] == m.StoredRow("r000000", 1, False)
    assert not desk.spool


def test_a_single_row_does_not_wait_for_a_full_batch(desk):
    desk.send([row(1)])
    start = time.monotonic()
    desk.until(lambda: desk.acked())
    assert time.monotonic() - start < 2


def test_many_rows_are_stored_in_large_batches(desk):
    def batches():
        return REGISTRY.get_sample_value("cron_log_batches_total", {"result": "stored"}) or 0

    before = batches()
    for start in range(0, 5_000, 50):
        desk.send([row(i) for i in range(start, start + 50)])
    desk.until(lambda: len(desk.acked()) == 5_000)
    assert len(desk.stored()) == 5_000
    assert batches() - before <= 12


def test_rows_that_come_one_by_one_are_looked_for_now_and_then(desk, monkeypatch):
    """A wake-up for each of them would cost more than to store it."""
    monkeypatch.setattr(log_writer, "BATCH_SECONDS", 0.25)
    monkeypatch.setattr(log_writer, "GATHER_SECONDS", 0.05)

    def trickle():
        for i in range(200):
            desk.send([row(i)])
            time.sleep(0.001)

    looks = []
    sender = threading.Thread(target=trickle)
    sender.start()
    desk.until(lambda: looks.append(1) or len(desk.acked()) == 200)
    sender.join()
    assert len(looks) < 100


class TestStoreAway:
    def test_rows_are_kept_on_disk_acknowledged_and_stored_later_once(self, desk, database):
        desk.send([row(0)])
        desk.until(lambda: desk.acked())
        rows = [row(i, output="x" * 100) for i in range(1, 300)]
        with Locked(database):
            for start in range(0, 299, 10):
                desk.send(rows[start : start + 10])
            desk.until(lambda: len(desk.acked()) == 300)
            assert desk.spool
        desk.until(lambda: not desk.spool)
        assert desk.stored() == ["r000000", *ids(rows)]
        assert len(desk.acked()) == len(set(desk.acked()))
        assert desk.store.run("r000007").output == "x" * 100

    def test_the_store_need_not_be_there_at_the_start(self, open_desk, tmp_path):
        directory = tmp_path / "not yet"
        directory.write_text("in the way")
        desk = open_desk(f"sqlite:///{directory / 'runs.db'}")
        desk.send([row(1)])
        desk.until(lambda: desk.acked())
        assert desk.spool
        directory.unlink()
        desk.until(lambda: not desk.spool)
        assert desk.stored() == ["r000001"]

    def test_rows_on_disk_survive_a_crash_and_go_out_at_the_next_start(self, desk, database):
        desk.send([row(0)])
        desk.until(lambda: desk.acked())
        with Locked(database):
            desk.send([row(i) for i in range(1, 20)])
            desk.until(lambda: len(desk.acked()) == 20)
            desk.crash()
            desk.start()
            desk.turn()
            assert desk.spool
        desk.until(lambda: not desk.spool)
        assert desk.stored() == [f"r{i:06d}" for i in range(20)]

    def test_a_crash_in_the_middle_of_a_replay_doubles_nothing(self, desk, database, monkeypatch):
        monkeypatch.setattr(log_writer, "BATCH", 10)
        desk.send([row(1_000)])
        desk.until(lambda: desk.acked())
        with Locked(database):
            desk.send([row(i) for i in range(100)])
            desk.until(lambda: len(desk.acked()) == 101)
        desk.until(lambda: len(desk.stored()) > 30)
        assert desk.spool
        desk.crash()
        desk.start()
        desk.until(lambda: not desk.spool)
        assert len(desk.stored()) == 101
        assert desk.store.runs(RunQuery(statuses=(Status.SUCCEEDED,), limit=200)).next_cursor is None

    def test_it_is_not_asked_all_the_time(self, desk, database, monkeypatch):
        monkeypatch.setattr(log_writer, "MAX_BACKOFF", 5)

        def failed():
            return REGISTRY.get_sample_value("cron_log_batches_total", {"result": "failed"}) or 0

        desk.send([row(0)])
        desk.until(lambda: desk.acked())
        before = failed()
        with Locked(database):
            end = time.monotonic() + 2
            i = 1
            while time.monotonic() < end:
                desk.send([row(i)])
                desk.turn()
                i += 1
        assert 2 <= failed() - before <= 4

    @pytest.mark.parametrize("trouble", ["newer schema", "no table", "not a database"])
    def test_a_store_that_is_not_as_it_should_be_costs_no_row(self, desk, database, trouble):
        """None of these is the fault of a row."""
        desk.send([row(0)])
        desk.until(lambda: desk.acked())
        before = dropped("refused by the store")
        desk.crash()
        whole = database.with_name("whole.db")
        with sqlite3.connect(database) as connection:
            connection.execute(f"VACUUM INTO '{whole}'")
        connection.close()
        if trouble == "not a database":
            for path in database.parent.glob("runs.db*"):
                path.unlink()
            database.write_bytes(b"something else" * 1_000)
        else:
            with sqlite3.connect(database) as connection:
                connection.execute(
                    "PRAGMA user_version = 99" if trouble == "newer schema" else "ALTER TABLE run RENAME TO x"
                )
            connection.close()
        desk.start()
        desk.send([row(i, output="precious") for i in range(1, 10)])
        desk.until(lambda: len(desk.acked()) == 10)
        assert desk.spool
        assert dropped("refused by the store") == before
        for path in database.parent.glob("runs.db*"):
            path.unlink()
        whole.rename(database)
        desk.until(lambda: not desk.spool)
        assert desk.stored() == [f"r{i:06d}" for i in range(10)]
        assert desk.store.run("r000005").output == "precious"

    def test_with_disk_and_store_gone_rows_wait_in_memory_and_none_is_acknowledged(self, open_desk, database):
        desk = open_desk(f"sqlite:///{database}", spool_bytes=2_000)
        desk.send([row(0)])
        desk.until(lambda: desk.acked())
        with Locked(database):
            desk.send([row(i, output="x" * 5_000) for i in range(1, 20)])
            deadline = time.monotonic() + 1.5
            while time.monotonic() < deadline:
                desk.turn()
            assert desk.acked() == ["r000000"]
        desk.until(lambda: len(desk.acked()) == 20)
        assert len(desk.stored()) == 20

    def test_what_it_can_put_nowhere_it_does_not_try_to_put_all_the_time(
        self, open_desk, database, monkeypatch
    ):
        monkeypatch.setattr(log_writer, "BATCH", 5)
        desk = open_desk(f"sqlite:///{database}", spool_bytes=2_000)
        desk.send([row(0)])
        desk.until(lambda: desk.acked())
        tries = []
        append = desk.spool.append
        monkeypatch.setattr(desk.spool, "append", lambda rows: tries.append(1) or append(rows))
        with Locked(database):
            end = time.monotonic() + 1.5
            for i in range(1, 100):
                desk.send([row(i, output="x" * 5_000)])
                desk.turn()
            while time.monotonic() < end:
                desk.turn()
        assert 1 <= len(tries) <= 5
        desk.until(lambda: len(desk.acked()) == 100)

    def test_rows_beyond_the_bound_of_the_memory_are_counted_and_not_acknowledged(
        self, open_desk, database, monkeypatch
    ):
        monkeypatch.setattr(log_writer, "MAX_BUFFER_BYTES", 50_000)
        desk = open_desk(f"sqlite:///{database}", spool_bytes=2_000)
        desk.send([row(0)])
        desk.until(lambda: desk.acked())
        before = dropped("log buffer")
        with Locked(database):
            desk.send([row(i, output="x" * 9_500) for i in range(1, 21)])
            desk.until(lambda: dropped("log buffer") - before == 15)
        desk.until(lambda: len(desk.acked()) == 6)
        assert len(desk.stored()) == 6
        desk.send([row(50, output="x" * 9_500)])  # there is room again
        desk.until(lambda: len(desk.acked()) == 7)


class TestLostRows:
    def test_only_the_store_acknowledges_them(self, desk, database):
        desk.send([row(0)])
        desk.until(lambda: desk.acked())
        with Locked(database):
            desk.send([row(1, Status.LOST), row(2)])
            desk.until(lambda: "r000002" in desk.acked())
            for _ in range(5):
                desk.turn()
            assert "r000001" not in desk.acked()
        desk.until(lambda: "r000001" in desk.acked())
        assert desk.acknowledged[-1] == m.StoredRow("r000001", 1, True)
        assert desk.store.run("r000001").status is Status.LOST

    def test_one_whose_real_result_is_there_does_not_stand(self, desk):
        desk.send([row(1, Status.FAILED, worker="w9")])
        desk.until(lambda: desk.acked())
        desk.send([row(1, Status.LOST)])
        desk.until(lambda: len(desk.acked()) == 2)
        assert desk.acknowledged[-1] == m.StoredRow("r000001", 1, False)
        assert desk.store.run("r000001").status is Status.FAILED

    def test_one_whose_real_result_waits_beside_it_does_not_stand(self, desk):
        desk.send([row(1, Status.SUCCEEDED)], [row(1, Status.LOST)])
        desk.until(lambda: len(desk.acked()) == 2)
        assert [a.lost for a in desk.acknowledged] == [False, False]
        assert desk.store.run("r000001").status is Status.SUCCEEDED

    def test_nor_does_one_whose_real_result_is_on_disk(self, desk, database):
        """As after a kill of the worker: the row was spooled, and its open record still there."""
        desk.send([row(0)])
        desk.until(lambda: desk.acked())
        with Locked(database):
            desk.send([row(1, Status.SUCCEEDED)])
            desk.until(lambda: len(desk.acked()) == 2)
            desk.crash()
        desk.start()
        desk.send([row(1, Status.LOST)])
        desk.until(lambda: len(desk.acked()) == 3)
        assert desk.acknowledged[-1] == m.StoredRow("r000001", 1, False)
        assert desk.store.run("r000001").status is Status.SUCCEEDED

    def test_a_late_real_result_replaces_it_even_from_the_disk(self, desk, database):
        desk.send([row(1, Status.LOST)])
        desk.until(lambda: desk.acked())
        with Locked(database):
            desk.send([row(1, Status.SUCCEEDED)])
            desk.until(lambda: len(desk.acked()) == 2)
        desk.until(lambda: not desk.spool)
        assert desk.store.run("r000001").status is Status.SUCCEEDED
        assert desk.stored() == ["r000001"]

    def test_many_are_acknowledged_each(self, desk):
        desk.send([row(i, Status.LOST) for i in range(2_500)])
        desk.until(lambda: len(desk.acked()) == 2_500)
        assert all(a.lost for a in desk.acknowledged)


class TestRefusedRows:
    def test_a_row_that_the_store_can_never_hold_does_not_hold_up_the_others(self, desk):
        before = dropped("refused by the store")
        rows = [row(i) for i in range(200)]
        rows[77].fence = 2**80
        desk.send(rows)
        desk.until(lambda: len(desk.acked()) == 200)
        assert desk.stored() == [r.id for r in rows if r is not rows[77] and r.id != "r000077"]
        assert dropped("refused by the store") - before == 1

    def test_not_even_from_the_disk(self, desk, database):
        desk.send([row(0)])
        desk.until(lambda: desk.acked())
        with Locked(database):
            desk.send([row(1), row(2, fence=2**80), row(3)])
            desk.until(lambda: len(desk.acked()) == 4)
        desk.until(lambda: not desk.spool)
        assert desk.stored() == ["r000000", "r000001", "r000003"]

    def test_nor_does_it_hold_up_lost_ones(self, desk):
        desk.send([row(1, Status.LOST), row(2, Status.LOST, fence=2**80), row(3, Status.LOST)])
        desk.until(lambda: len(desk.acked()) == 3)
        assert [a.lost for a in desk.acknowledged] == [True, False, True]


def test_a_growing_range_is_one_row_however_it_arrives(desk, database):
    def grown(count):
        return row(1, Status.SKIPPED, count=count, last_plan_time=count)

    desk.send([grown(1), grown(2)])
    desk.until(lambda: len(desk.acked()) == 2)
    with Locked(database):
        desk.send([grown(3)])
        desk.until(lambda: len(desk.acked()) == 3)
    desk.send([grown(4)])
    desk.until(lambda: len(desk.acked()) == 4 and not desk.spool)
    assert [a.fires for a in desk.acknowledged] == [1, 2, 3, 4]
    assert desk.store.run("r000001").count == 4
    assert desk.stored() == ["r000001"]


class TestLiveOutput:
    def test_it_can_be_read_until_the_row_is_stored(self, desk):
        desk.send(LiveOutput("r000001", 0, b"hello "), LiveOutput("r000001", 6, b"world"))
        desk.until(lambda: seen(desk, "r000001") == b"hello world")
        desk.send([row(1)])
        desk.until(lambda: desk.acked())
        assert seen(desk, "r000001") is None

    def test_it_delays_no_row_while_the_store_is_away(self, desk, database):
        desk.send([row(0)])
        desk.until(lambda: desk.acked())
        with Locked(database):
            desk.send(*(LiveOutput("r000009", i, b"x") for i in range(50)), [row(1)])
            start = time.monotonic()
            desk.until(lambda: len(desk.acked()) == 2)
            assert time.monotonic() - start < 3


def seen(desk, run_id):
    desk.store.prepare()
    found = desk.store.read_live(run_id, 0)
    return found.data if found else None


class TestStop:
    def test_what_is_in_the_buffer_is_stored_first(self, desk):
        desk.send([row(1)], m.StopOrdered(0))
        desk.sender.flush()
        while desk.turn():
            pass
        assert desk.stored() == ["r000001"]
        assert desk.acked() == ["r000001"]

    def test_or_put_on_disk(self, desk, database):
        desk.send([row(0)])
        desk.until(lambda: desk.acked())
        with Locked(database):
            desk.send([row(1)], m.StopOrdered(0))
            while desk.turn():
                pass
            assert desk.spool
            assert desk.acked() == ["r000000", "r000001"]


def test_a_row_whose_output_is_refused_is_stored_without_it(open_desk, mongo):
    """MongoDB takes no document beyond 16 MB, its stand-in no message beyond 48 MB."""
    desk = open_desk(mongo.url, timeout=3)
    rows = [row(i, output=f"output {i}") for i in range(9)]
    with pymongo.MongoClient(mongo.url) as client:
        rows[4].output = "x" * client.admin.command("hello")["maxMessageSizeBytes"]
    desk.send(rows)
    desk.until(lambda: len(desk.acked()) == 9)
    assert desk.stored() == ids(rows)
    assert desk.store.run("r000004").output == UNSTORABLE
    assert desk.store.run("r000005").output == "output 5"


@pytest.mark.parametrize("trouble", ["paused", "killed"])
def test_a_server_that_hangs_or_dies_loses_no_row(open_desk, mongo, trouble):
    desk = open_desk(mongo.url, timeout=0.5)
    desk.send([row(i) for i in range(10)])
    desk.until(lambda: len(desk.acked()) == 10)
    if trouble == "paused":
        mongo.signal(signal.SIGSTOP)
    else:
        mongo.kill()
    desk.send([row(i) for i in range(10, 30)], [row(99, Status.LOST)])
    desk.until(lambda: len(desk.acked()) == 30)
    assert desk.spool
    if trouble == "paused":
        mongo.signal(signal.SIGCONT)
    else:
        mongo.start()
    desk.send([row(i) for i in range(30, 40)])
    desk.until(lambda: len(desk.acked()) == 41 and not desk.spool, 30)
    assert desk.stored() == [f"r{i:06d}" for i in (*range(40), 99)]
    assert len(desk.acked()) == len(set(desk.acked()))
