"""Lists, charts and the ledger, held to plain Python over the same rows."""

import random
from collections import Counter
from operator import attrgetter

import pytest

from app.common.errors import FieldError
from app.common.logstore import RecentRun, RunQuery
from app.common.models import Status, Trigger
from tests.integration.logstore.rows import DAY, MINUTE, T0, a_run, every_run, full_run, listed

STATUSES = [status for status in Status if status is not Status.RUNNING]


def some_runs(count, seed):
    """Rows in which every filter finds some, many of them with one plan time."""
    dice = random.Random(seed)
    runs = []
    for i in range(count):
        plan = T0 + dice.choice([0, dice.randrange(30 * MINUTE), dice.randrange(30) * MINUTE])
        status = dice.choice(STATUSES)
        reach = dice.randrange(10) * MINUTE if status in (Status.SKIPPED, Status.MISSED) else None
        runs.append(
            a_run(
                f"job-{dice.randrange(4)}",
                plan,
                status,
                salt=str(i),
                attempt=dice.choice([1, 1, 1, 2]),
                worker=f"w{dice.randrange(3)}",
                trigger=dice.choice(list(Trigger)),
                count=1 if reach is None else 1 + reach // MINUTE,
                last_plan_time=None if reach is None else plan + reach,
            )
        )
    return runs


def matches(run, query):
    return (
        (query.job is None or run.job_name == query.job)
        and (not query.statuses or run.status in query.statuses)
        and (query.worker is None or run.worker == query.worker)
        and (not query.triggers or run.trigger in query.triggers)
        and (query.since is None or run.plan_time >= query.since)
        and (query.until is None or run.plan_time < query.until)
    )


def a_query(dice):
    def maybe(value):
        return value if dice.random() < 0.4 else None

    return {
        "job": maybe(f"job-{dice.randrange(5)}"),
        "worker": maybe(f"w{dice.randrange(4)}"),
        "statuses": tuple(dice.sample(STATUSES, dice.choice([0, 0, 1, 3]))),
        "triggers": tuple(dice.sample(list(Trigger), dice.choice([0, 0, 1, 2]))),
        "since": maybe(T0 + dice.randrange(30 * MINUTE)),
        "until": maybe(T0 + dice.randrange(30 * MINUTE)),
    }


def test_every_filter_and_page_size_gives_what_plain_python_gives(store):
    runs = some_runs(300, seed=1)
    store.store(runs)
    newest_first = sorted(runs, key=attrgetter("plan_time", "id"), reverse=True)
    dice = random.Random(2)
    found = 0
    for _ in range(60):
        filters = a_query(dice)
        expected = [run for run in newest_first if matches(run, RunQuery(**filters))]
        assert (
            every_run(store, RunQuery, **filters, limit=dice.choice([1, 7, 50]) + len(expected) // 20)
            == expected
        )
        found += len(expected)
    assert found > 500


def test_pages_of_one_plan_time_neither_repeat_nor_miss_a_row(store):
    runs = [a_run(f"job-{i}") for i in range(45)]
    store.store(runs)
    rows = every_run(store, RunQuery, limit=10)
    assert len(rows) == 45
    assert {row.id for row in rows} == {run.id for run in runs}


def test_a_page_that_is_exactly_full_is_the_last(store):
    store.store([a_run(plan=T0 + i) for i in range(10)])
    assert store.runs(RunQuery(limit=10)).next_cursor is None
    assert store.runs(RunQuery(limit=9)).next_cursor is not None


def test_rows_stored_meanwhile_do_not_disturb_the_next_page(store):
    store.store([a_run(plan=T0 + i) for i in range(10)])
    page = store.runs(RunQuery(limit=5))
    store.store([a_run(plan=T0 + i) for i in range(10, 20)])
    following = store.runs(RunQuery(limit=5, cursor=page.next_cursor))
    assert [run.plan_time - T0 for run in following.runs] == [4, 3, 2, 1, 0]


def test_lists_leave_output_and_command_out(store):
    store.store([full_run()])
    assert store.runs(RunQuery()).runs == [listed(full_run())]


def test_a_page_has_bounds(store):
    store.store([a_run(plan=T0 + i) for i in range(1100)])
    assert len(store.runs(RunQuery(limit=10**9)).runs) == 1000
    assert len(store.runs(RunQuery(limit=-1)).runs) == 1


@pytest.mark.parametrize(
    "cursor",
    [
        "x",
        "!!",
        "bnVsbA",
        "W10",
        "WzEsMl0",
        "WyJhIiwiYiJd",
        "WzEsICJhIiwgMV0",
        "é",
        "\udc80",
        "W3RydWUsImEiXQ",
        "Wy0xLCJhIl0",
    ],
)
def test_a_malformed_cursor_is_the_fault_of_that_field(store, cursor):
    with pytest.raises(FieldError) as refused:
        store.runs(RunQuery(cursor=cursor))
    assert refused.value.field == "cursor"


def test_a_search_for_what_no_text_can_be_finds_nothing(store):
    store.store([a_run()])
    assert store.runs(RunQuery(job="\ud800", worker="\ud800")).runs == []
    assert store.run("\ud800") is None
    assert store.job_states(["\ud800"]) == {}


@pytest.mark.parametrize("window", [(0, 2**62), (0, 10**15), (-(10**15), 10**15)])
def test_a_window_may_be_absurdly_wide(store, window):
    since, until = window
    store.store([a_run()])
    assert len(store.runs(RunQuery(since=since, until=until)).runs) == 1
    assert len(list(store.ledger_rows(None, since, until))) == 1
    assert store.count_by_status(since, until) == {Status.SUCCEEDED: 1}
    assert store.history(since, until, MINUTE) == [(T0 // MINUTE * MINUTE, Status.SUCCEEDED, 1)]


@pytest.mark.parametrize("bucket", [MINUTE, 5 * MINUTE, 7 * MINUTE, DAY, 1000, 90_000])
@pytest.mark.parametrize("shift", [0, 1, 59_999])
def test_history_sums_up_what_plain_python_sums_up(store, bucket, shift):
    runs = some_runs(200, seed=3)
    store.store(runs)
    for since, until in [
        (T0 + shift, T0 + 20 * MINUTE),
        (T0, T0 + 10 * MINUTE + shift),
        (T0 + shift, T0 + shift),
        (T0 + shift, T0 + MINUTE - 1),
        (T0 + 3 * MINUTE + shift, T0 + 4 * MINUTE + shift),
    ]:
        sums = Counter()
        for run in runs:
            if since <= run.plan_time < until:
                sums[run.plan_time // bucket * bucket, run.status] += run.count
        assert store.history(since, until, bucket) == sorted((s, st, n) for (s, st), n in sums.items())
        by_status = Counter()
        for (_, status), n in sums.items():
            by_status[status] += n
        assert store.count_by_status(since, until) == by_status


@pytest.mark.parametrize("bucket", [MINUTE, 7 * MINUTE, DAY])
@pytest.mark.parametrize("shift", [0, 1, 59_999])
def test_workload_sums_up_by_worker_what_plain_python_sums_up(store, bucket, shift):
    runs = some_runs(200, seed=5)
    store.store(runs)
    for since, until in [
        (T0 + shift, T0 + 20 * MINUTE),
        (T0, T0 + 10 * MINUTE + shift),
        (T0 + shift, T0 + shift),
        (0, 2**62),
    ]:
        sums = Counter()
        for run in runs:
            if since <= run.plan_time < until:
                sums[run.worker, run.plan_time // bucket * bucket, run.status] += run.count
        assert store.workload(since, until, bucket) == sorted((*key, n) for key, n in sums.items())


def test_workload_of_an_empty_store_is_empty(store):
    assert store.workload(0, T0 + DAY, MINUTE) == []


def test_recent_runs_are_the_first_rows_of_each_job_s_list(store):
    store.store(some_runs(200, seed=6))
    names = [f"job-{n}" for n in range(5)]
    for limit in (1, 20, 1000):
        listed_first = {name: store.runs(RunQuery(job=name, limit=limit)).runs for name in names}
        assert store.recent_runs(names, limit) == {
            name: [RecentRun(r.id, r.status, r.plan_time, r.start_time, r.end_time) for r in runs]
            for name, runs in listed_first.items()
            if runs
        }
    assert store.recent_runs([], 20) == {}
    assert set(store.recent_runs(["job-1", "\ud800", "'; --"], 1)) == {"job-1"}


def test_last_rows_say_what_the_states_say(store):
    assert store.last_rows() == []
    store.store(some_runs(200, seed=7))
    store.store([a_run("never ran", status=Status.MISSED)])
    states = store.job_states().values()
    assert sorted(store.last_rows()) == sorted((s.job_name, s.last_status, s.last_start) for s in states)
    assert ("never ran", "missed", None) in store.last_rows()


def test_failing_jobs_are_those_whose_last_row_is_bad(store):
    assert store.failing_jobs() == []
    store.store([a_run(f"job-{status}", status=status) for status in STATUSES])
    assert sorted(store.failing_jobs()) == ["job-failed", "job-killed", "job-lost", "job-timeout"]
    store.store([a_run("job-failed", T0 + MINUTE)])
    assert sorted(store.failing_jobs()) == ["job-killed", "job-lost", "job-timeout"]


def test_the_ledger_has_the_fires_that_touch_the_window_by_job_and_time(store):
    runs = some_runs(300, seed=4)
    store.store(runs)
    windows = [
        (T0 + 5 * MINUTE, T0 + 10 * MINUTE),
        (T0 + 1, T0 + 2),
        (T0, T0 + DAY),
        (T0 + 35 * MINUTE, T0 + DAY),
    ]
    for job in (None, "job-1", "nobody"):
        for since, until in windows:
            expected = [
                run
                for run in sorted(runs, key=attrgetter("job_name", "plan_time", "id"))
                if run.counts_as_fire
                and run.plan_time < until
                and (run.last_plan_time or run.plan_time) >= since
                and job in (None, run.job_name)
            ]
            rows = list(store.ledger_rows(job, since, until))
            assert [(row.id, row.job_name, row.plan_time) for row in rows] == [
                (run.id, run.job_name, run.plan_time) for run in expected
            ]
            assert [(row.last_plan_time, row.count, row.status) for row in rows] == [
                (run.last_plan_time, run.count, run.status) for run in expected
            ]
            assert not any(row.duplicate for row in rows)


def test_a_reader_of_the_ledger_may_stop_early_and_write_meanwhile(store):
    store.store([a_run(plan=T0 + i) for i in range(5000)])
    rows = store.ledger_rows(None, T0, T0 + DAY)
    next(rows)
    assert store.store([a_run(plan=T0 + DAY)]).stored == 1
    rows.close()
    assert len(list(store.ledger_rows(None, T0, T0 + DAY))) == 5000


def test_expired_rows_go_and_charts_follow(store):
    keep = a_run(expire_at=T0 + DAY)
    forever = a_run("forever")
    store.store([a_run("old", T0 + i, expire_at=T0 + i, output="x") for i in range(4500)] + [keep, forever])
    assert store.prune(T0 + 4499) == 4500
    assert {run.id for run in every_run(store, RunQuery)} == {keep.id, forever.id}
    assert store.count_by_status(T0, T0 + DAY) == {Status.SUCCEEDED: 2}
    assert store.prune(T0 + 4499) == 0
