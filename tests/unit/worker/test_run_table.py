import pytest

from app.common.models import Run, RunOrder, Status
from app.worker.messages import StoredRow
from app.worker.run_table import RunningRun, RunTable
from tests.unit.worker.parts import T0


def stored(table, row_id, fires=1):
    return table.stored(StoredRow(row_id, fires, False))


def run(run_id, job="j", executor=0):
    return RunningRun(run_id, job, executor, 1, None)


def test_a_record_closes_when_all_its_rows_are_stored():
    table = RunTable()
    table.open("key", 5, {"run": 1, "gap": 3})
    assert table.holds("key")
    assert stored(table, "gap", 3) is None
    assert not table.idle
    entry = stored(table, "run")
    assert (entry.key, entry.revision) == ("key", 5)
    assert not table.holds("key")
    assert table.idle


def test_a_row_that_is_not_awaited_closes_nothing():
    table = RunTable()
    table.open("key", 5, {"run": 1})
    assert stored(table, "stranger") is None
    assert stored(table, "run") is not None
    assert stored(table, "run") is None  # told twice


def test_a_grown_range_waits_for_its_own_size():
    table = RunTable()
    table.open("key", 5, {"skip": 1})
    table.open("key", 6, {"skip": 2})
    table.open("key", 7, {"skip": 3})
    assert stored(table, "skip", 1) is None
    assert stored(table, "skip", 2) is None
    assert table.holds("key")
    entry = stored(table, "skip", 3)
    assert entry.revision == 7
    assert table.idle
    assert table.unsettled == 0


def test_a_range_that_grows_after_it_was_closed_is_open_again():
    table = RunTable()
    table.open("key", 5, {"skip": 1})
    assert stored(table, "skip", 1).revision == 5
    table.open("key", 6, {"skip": 2})
    assert stored(table, "skip", 1) is None
    assert stored(table, "skip", 2).revision == 6


def test_an_executor_keeps_the_row_of_a_run_until_it_is_stored():
    table = RunTable()
    assert table.executor_of("run") is None
    table.start(run("run", executor=3))
    assert table.executor_of("run") == 3
    table.end("run")
    assert table.executor_of("run") == 3
    stored(table, "run")
    assert table.executor_of("run") is None


def test_a_later_and_larger_size_closes_too():
    table = RunTable()
    table.open("key", 5, {"skip": 2})
    assert stored(table, "skip", 4).revision == 5


def test_a_record_opened_anew_with_other_rows_no_longer_waits_for_the_old_ones():
    table = RunTable()
    table.open("key", 5, {"run": 1, "gap": 2})
    table.open("key", 5, {"run": 1})
    assert stored(table, "run") is not None
    assert table.idle
    assert stored(table, "gap", 2) is None


def test_an_old_row_of_a_record_opened_anew_does_not_end_the_new_wait():
    table = RunTable()
    table.open("key", 5, {"gap": 2})
    table.open("key", 6, {"run": 1})
    assert stored(table, "gap", 2) is None
    assert table.holds("key")


def test_a_record_that_stands_for_no_rows_is_not_waited_for():
    table = RunTable()
    table.open("key", 5, {})
    assert table.idle
    assert not table.holds("key")


def test_what_is_to_be_ordered_again_comes_with_the_entry():
    table = RunTable()
    order = ("j", "id", RunOrder(at=1, expires_at=2))
    table.open("key", 5, {"run": 1}).rerun = order
    assert stored(table, "run").rerun is order


def test_running_commands_are_found_by_job_and_by_executor():
    table = RunTable()
    for i in range(6):
        table.start(run(f"r{i}", job="ab"[i % 2], executor=i % 3))
    assert len(table) == 6
    assert [r.run_id for r in table.of_job("a")] == ["r0", "r2", "r4"]
    assert [r.run_id for r in table.of_executor(2)] == ["r2", "r5"]
    assert table.end("r2").executor == 2
    assert table.end("r2") is None
    assert table.least_loaded([0, 1, 2]) == 2
    assert not table.idle


def test_the_executor_with_the_fewest_commands_is_next():
    table = RunTable()
    for i in range(30):
        table.start(run(f"r{i}", executor=table.least_loaded([0, 1, 2])))
    assert [len(table.of_executor(i)) for i in range(3)] == [10, 10, 10]
    for i in range(0, 30, 3):
        table.end(f"r{i}")
    assert table.least_loaded([1, 2, 0]) == 0
    assert table.least_loaded([1, 2]) == 1


def a_row(row_id, status=Status.SKIPPED, count=1):
    return Run(id=row_id, job_name="j", plan_time=T0, status=status, count=count)


def test_rows_made_here_are_kept_until_they_are_stored_in_their_last_size():
    table = RunTable()
    table.sent([a_row("a"), a_row("b", count=2)])
    table.sent([a_row("a", count=3)])
    table.stored(StoredRow("a", 1, False))
    assert [(row.id, row.count) for row in table.unstored()] == [("a", 3), ("b", 2)]
    table.stored(StoredRow("a", 3, False))
    table.stored(StoredRow("b", 2, False))
    assert table.unstored() == []


@pytest.mark.parametrize("order", [("missed", "lost"), ("lost", "missed")])
def test_a_record_stands_as_lost_whichever_of_its_rows_is_stored_last(order):
    table = RunTable()
    table.open("k", 7, {"missed": 1, "lost": 1})
    entries = [table.stored(StoredRow(row_id, 1, row_id == "lost")) for row_id in order]
    assert entries[0] is None
    assert entries[1].lost
