"""What `store` does with a row, whatever is there already."""

import multiprocessing
import threading

import pytest

from app.common.errors import StoreError, StoreUnavailable
from app.common.logstore import RunQuery, StoreResult, open_store
from app.common.models import Status
from tests.integration.logstore.rows import MINUTE, T0, a_run, every_run, full_run

RESULTS = [Status.SUCCEEDED, Status.FAILED, Status.TIMEOUT, Status.KILLED]


def stored(store, **filters):
    return every_run(store, RunQuery, **filters)


def test_a_row_comes_back_as_it_was_stored(store):
    run = full_run()
    assert store.store([run]) == StoreResult(stored=1, known=0)
    assert store.run(run.id) == run


def test_a_row_with_nothing_but_the_required_fields_comes_back(store):
    run = a_run(status=Status.SKIPPED, worker="")
    store.store([run])
    assert store.run(run.id) == run


def test_an_unknown_row_is_none(store):
    assert store.run("1900000000000-1-0000000000000000") is None


def test_an_empty_batch_is_nothing(store):
    assert store.store([]) == StoreResult(stored=0, known=0)


def test_a_batch_stored_again_is_known_and_changes_nothing(store):
    runs = [a_run(plan=T0 + i * MINUTE) for i in range(30)]
    assert store.store(runs) == StoreResult(stored=30, known=0)
    before, states = stored(store), store.job_states()
    assert store.store(runs) == StoreResult(stored=0, known=30)
    assert stored(store) == before
    assert store.job_states() == states


def test_new_rows_of_a_batch_are_stored_beside_known_ones(store):
    first, second, third = (a_run(plan=T0 + i * MINUTE) for i in range(3))
    store.store([first])
    assert store.store([second, first, third]) == StoreResult(stored=2, known=1)
    assert len(stored(store)) == 3


@pytest.mark.parametrize("status", RESULTS)
def test_lost_never_replaces_a_result(store, status):
    run = a_run(status=status)
    store.store([run])
    assert store.store([a_run(status=Status.LOST, worker="w2")]) == StoreResult(stored=0, known=1)
    assert store.run(run.id) == run


@pytest.mark.parametrize("status", RESULTS)
def test_a_late_result_replaces_lost_whole(store, status):
    store.store([a_run(status=Status.LOST, worker="w2", reason="worker w1 is gone", output="half")])
    late = a_run(status=status, command="true", output="whole")
    assert store.store([late]) == StoreResult(stored=1, known=0)
    assert store.run(late.id) == late
    assert store.count_by_status(T0, T0 + 1) == {status: 1}
    assert store.store([late]) == StoreResult(stored=0, known=1)


@pytest.mark.parametrize("status", [Status.SKIPPED, Status.MISSED])
def test_a_range_only_grows(store, status):
    def told(count):
        return a_run(status=status, count=count, last_plan_time=T0 + (count - 1) * MINUTE)

    store.store([told(2)])
    assert store.store([told(5)]) == StoreResult(stored=1, known=0)
    assert store.store([told(3)]) == StoreResult(stored=0, known=1)
    assert store.store([told(5)]) == StoreResult(stored=0, known=1)
    assert stored(store) == [told(5)]
    assert store.count_by_status(T0, T0 + 1) == {status: 5}


def test_the_same_range_told_by_another_worker_is_known(store):
    """Recovery tells what the dead worker may have told already; nothing has run, so nothing is doubled."""
    store.store([a_run(status=Status.MISSED, count=4, worker="w1")])
    again = a_run(status=Status.MISSED, count=4, worker="w2")
    assert store.store([again]) == StoreResult(stored=0, known=1)


@pytest.mark.parametrize(
    "other",
    [
        a_run(worker="w2"),
        a_run(start_time=T0 + 7),
        a_run(status=Status.SKIPPED, worker="w2"),
    ],
    ids=["another worker", "another start", "another kind"],
)
def test_a_second_result_is_kept_beside_the_first_as_evidence(store, other):
    first = a_run()
    store.store([first])
    states = store.job_states()
    assert store.store([other]) == StoreResult(stored=0, known=0, conflicts=(first.id,))
    assert store.run(first.id) == first
    rows = list(store.ledger_rows(None, T0, T0 + 1))
    assert [(row.id == first.id, row.duplicate) for row in rows] == [(True, False), (False, True)]
    assert store.job_states() == states
    assert store.store([other]) == StoreResult(stored=0, known=1)
    assert len(stored(store)) == 2


def test_a_third_result_is_kept_too(store):
    store.store([a_run()])
    store.store([a_run(worker="w2")])
    third = a_run(worker="w2", start_time=T0 + 9)
    assert store.store([third]) == StoreResult(stored=0, known=0, conflicts=(third.id,))
    assert store.store([third]) == StoreResult(stored=0, known=1)
    assert [row.duplicate for row in store.ledger_rows(None, T0, T0 + 1)] == [False, True, True]


def test_rows_of_one_id_in_one_batch_follow_the_same_rules(store):
    skipped = [
        a_run("skips", status=Status.SKIPPED, count=n, last_plan_time=T0 + (n - 1) * MINUTE)
        for n in (1, 3, 2)
    ]
    batch = [
        a_run("lost", status=Status.LOST, worker="w2"),
        a_run("lost", output="real"),
        a_run("lost", output="real"),
        *skipped,
        a_run("doubled"),
        a_run("doubled", worker="w2"),
    ]
    result = store.store(batch)
    assert (result.stored, result.known, len(result.conflicts)) == (3, 4, 1)
    assert store.run(batch[0].id).output == "real"
    assert [row.count for row in stored(store, job="skips")] == [3]
    assert len(stored(store, job="doubled")) == 2
    assert store.store(batch) == StoreResult(stored=0, known=8)


def test_a_batch_of_every_case_is_sorted_out_at_once(store):
    jobs = [f"job-{i}" for i in range(5)]
    lost, same, grows, doubled, new = jobs
    store.store(
        [
            a_run(lost, status=Status.LOST),
            a_run(same),
            a_run(grows, status=Status.MISSED, count=1),
            a_run(doubled),
        ]
    )
    result = store.store(
        [
            a_run(lost),
            a_run(same),
            a_run(grows, status=Status.MISSED, count=9),
            a_run(doubled, worker="w2"),
            a_run(new),
        ]
    )
    assert result == StoreResult(stored=3, known=1, conflicts=(a_run(doubled).id,))
    assert store.count_by_status(T0, T0 + 1) == {Status.SUCCEEDED: 5, Status.MISSED: 9}


def test_threads_that_store_the_same_batches_store_each_row_once(store):
    batches = [[a_run(f"job-{i % 7}", T0 + (10 * n + i) * MINUTE) for i in range(10)] for n in range(8)]
    results = []

    def write(order):
        results.extend(store.store(batch) for batch in order)

    threads = [threading.Thread(target=write, args=(order,)) for order in (batches, batches[::-1], batches)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(result.stored for result in results) == 80
    assert sum(result.known for result in results) == 160
    assert not any(result.conflicts for result in results)
    assert len(stored(store)) == 80


def _store_all(url, batches, results):
    store = open_store(url, 20)
    results.put(sum(store.store(batch).stored for batch in batches))
    store.close()


def test_processes_that_store_the_same_batches_store_each_row_once(store, store_url):
    batches = [
        [a_run(f"job-{i % 5}", T0 + (10 * n + i) * MINUTE, Status.FAILED) for i in range(10)]
        for n in range(8)
    ]
    spawn = multiprocessing.get_context("spawn")
    results = spawn.SimpleQueue()
    writers = [spawn.Process(target=_store_all, args=(store_url, batches, results)) for _ in range(3)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert sum(results.get() for _ in writers) == 80
    assert len(stored(store)) == 80
    assert [state.last_plan_time for state in store.job_states().values()]
    assert {name: state.failures_in_a_row for name, state in store.job_states().items()} == dict.fromkeys(
        (f"job-{i}" for i in range(5)), 16
    )


@pytest.mark.parametrize(
    "output",
    [
        "a\0b\0",
        "</script><b onerror=x>",
        "\x1b[31m\x1b]0;title\x07",
        "🙂 中文 é",
        "'\"; DROP TABLE run; --",
        "\\u0000",
    ],
)
def test_any_text_comes_back_as_it_was(store, output):
    run = a_run(output=output, err=output, command=output, reason=output, by=output)
    store.store([run])
    assert store.run(run.id) == run


def test_text_that_no_database_can_hold_stays_readable(store):
    good, bad = a_run("good"), a_run("bad", output="a\udc80b\ud83d\ude42c", err="\ud800")
    assert store.store([good, bad]).stored == 2
    found = store.run(bad.id)
    assert (found.output, found.err) == ("a\ufffdb🙂c", "\ufffd")


def test_the_largest_output_comes_back_whole(store):
    run = a_run(output="0123456é" * 2**20)  # 8 Mi characters, 9 MiB
    store.store([run])
    assert store.run(run.id).output == run.output


def test_a_batch_larger_than_a_request_is_stored(store):
    runs = [a_run(plan=T0 + i * MINUTE, output=chr(65 + i) * 2**20) for i in range(40)]
    assert store.store(runs) == StoreResult(stored=40, known=0)
    assert {store.run(run.id).output for run in runs} == {run.output for run in runs}


@pytest.mark.parametrize("name", ["$ne", "a.b.c", "$where.x", "__proto__", "任务", "%", "' OR 1=1", "_id"])
def test_a_job_may_be_named_like_an_operator(store, name):
    run = a_run(name, status=Status.FAILED)
    store.store([run, a_run("other")])
    assert stored(store, job=name) == [run]
    assert [row.job_name for row in store.ledger_rows(name, T0, T0 + 1)] == [name]
    assert store.job_states([name])[name].failures_in_a_row == 1
    store.forget_job(name)
    assert list(store.job_states()) == ["other"]


def test_a_value_that_no_database_can_hold_is_an_error_and_not_an_outage(store):
    with pytest.raises(StoreError) as refused:
        store.store([a_run(fence=2**70)])
    assert not isinstance(refused.value, StoreUnavailable)
    assert store.store([a_run()]).stored == 1
