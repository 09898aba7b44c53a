"""The ledger against rows, open records, cursors and the history of the jobs."""

import itertools
import time

import pytest

from app.common import keys
from app.common.logstore import AuditEntry
from app.common.models import MissedRange, Outcome, Run, Status, Trigger, run_id
from tests.harness.poll import wait_until
from tests.integration.master.conftest import Master
from tests.integration.master.test_orders import put_open_run

DAY = 86_400_000
names = (f"ledger-{n}" for n in itertools.count())


@pytest.fixture
def now() -> int:
    """Old enough for nothing to be pending: the window of each test ends two hours ago."""
    return int(time.time() * 1000)


@pytest.fixture
def base(now) -> int:
    """The start of an hour in the past."""
    return (now // 3_600_000 - 5) * 3_600_000


def put_by_hand(client, name: str, expression: str, cursor: int) -> None:
    raw = f'{{"name":"{name}","command":"true","cronExpr":"{expression}"}}'
    client.put(keys.job(name), raw.encode())
    client.put(keys.fired(name), keys.cursor(cursor))


def row(name: str, plan: int, status: Status = Status.SUCCEEDED, **more) -> Run:
    fields = {"worker": "w", "start_time": plan, "end_time": plan + 1, **more}
    return Run(
        id=run_id(name, plan, fields.get("attempt", 1)),
        job_name=name,
        plan_time=plan,
        status=status,
        **fields,
    )


def figures(api, name: str, since: int, until: int) -> dict:
    answer = api.get(f"/ledger?job={name}&from={since}&to={until}")
    assert answer.status_code == 200, answer.text
    found = {key: value for key, value in answer.json().items() if isinstance(value, int) and value}
    parts = ("ran", "skipped", "missed", "lost", "running", "pending", "unclaimed", "unaccounted")
    assert found.get("planned", 0) == sum(found.get(part, 0) for part in parts)
    found.pop("jobsSeen", None)
    return found


def test_every_fire_has_its_row_and_each_kind_is_counted(api, store, etcd_client, base):
    name, minute = next(names), 60_000
    put_by_hand(etcd_client, name, "* * * * *", base + 9 * minute)
    statuses = [Status.SUCCEEDED, Status.FAILED, Status.TIMEOUT, Status.KILLED, Status.LOST]
    store.store([row(name, base + n * minute, status) for n, status in enumerate(statuses)])
    last = base + 8 * minute
    store.store([row(name, base + 5 * minute, Status.SKIPPED, count=4, last_plan_time=last)])
    put_open_run(etcd_client, name, base + 9 * minute)
    # None of these answers for a planned fire.
    store.store([row(name, base + 30_000, trigger=Trigger.MANUAL), row(name, base, attempt=2)])
    assert figures(api, name, base, base + 10 * minute) == {
        "planned": 10,
        "ran": 4,
        "succeeded": 1,
        "failed": 1,
        "timeout": 1,
        "killed": 1,
        "skipped": 4,
        "lost": 1,
        "running": 1,
    }


def test_ranges_are_clipped_to_the_window(api, store, etcd_client, base):
    name = next(names)
    put_by_hand(etcd_client, name, "* * * * * *", base + 7_200_000)
    missed = row(name, base, Status.MISSED, count=3600, last_plan_time=base + 3_599_000)
    store.store([missed, row(name, base + 3_600_000)])
    assert figures(api, name, base + 1_800_000, base + 3_601_000) == {
        "planned": 1801,
        "missed": 1800,
        "ran": 1,
        "succeeded": 1,
    }


def test_a_fire_behind_the_cursor_without_a_trace_is_unaccounted(api, store, etcd_client, base):
    name, minute = next(names), 60_000
    put_by_hand(etcd_client, name, "* * * * *", base + 4 * minute)
    store.store([row(name, base + n * minute) for n in (0, 1, 4)])
    found = figures(api, name, base, base + 5 * minute)
    assert found == {"planned": 5, "ran": 3, "succeeded": 3, "unaccounted": 2}


def test_a_fire_that_nobody_claimed_yet_is_told_apart(api, store, etcd_client, base):
    name, minute = next(names), 60_000
    put_by_hand(etcd_client, name, "* * * * *", base + minute)
    store.store([row(name, base), row(name, base + minute)])
    found = figures(api, name, base, base + 5 * minute)
    assert found == {"planned": 5, "ran": 2, "succeeded": 2, "unclaimed": 3}


def test_a_fire_of_the_last_moments_is_pending(api, store, etcd_client, now):
    name = next(names)
    start = now // 1000 * 1000 - 10_000
    put_by_hand(etcd_client, name, "* * * * * *", now + 1000)
    store.store([row(name, start)])
    found = figures(api, name, start, start + 5_000)
    assert found == {"planned": 5, "ran": 1, "succeeded": 1, "pending": 4}


def test_open_records_answer_for_their_ranges(api, store, etcd_client, base):
    name = next(names)
    put_by_hand(etcd_client, name, "* * * * * *", base + 99_000)
    store.store([row(name, base)])
    gap = MissedRange(first=base + 1000, last=base + 89_000, count=89)
    put_open_run(etcd_client, name, base + 90_000, missed=gap)
    skipped = MissedRange(first=base + 91_000, last=base + 99_000, count=9)
    put_open_run(etcd_client, name, base + 91_000, outcome=Outcome.OVERLAP, skipped=skipped)
    found = figures(api, name, base, base + 100_000)
    assert found == {"planned": 100, "ran": 1, "succeeded": 1, "running": 1, "pending": 98}


def test_a_doubled_run_is_counted(api, store, etcd_client, base):
    name, minute = next(names), 60_000
    put_by_hand(etcd_client, name, "* * * * *", base + minute)
    store.store([row(name, base), row(name, base + minute)])
    assert store.store([row(name, base, worker="other", start_time=base + 5)]).conflicts
    found = figures(api, name, base, base + 2 * minute)
    assert found == {"planned": 2, "ran": 2, "succeeded": 2, "duplicated": 1}


def test_overlapping_ranges_are_duplicates(api, store, etcd_client, base):
    name = next(names)
    put_by_hand(etcd_client, name, "* * * * * *", base + 9_000)
    store.store([row(name, base, Status.MISSED, count=6, last_plan_time=base + 5_000)])
    store.store([row(name, base + 4_000, Status.SKIPPED, count=6, last_plan_time=base + 9_000)])
    found = figures(api, name, base, base + 10_000)
    assert found == {"planned": 10, "missed": 6, "skipped": 4, "duplicated": 2}


def test_a_job_put_by_hand_counts_from_its_first_trace_unless_it_was_there_before(
    api, store, etcd_client, base
):
    new, old, minute = next(names), next(names), 60_000
    for name in (new, old):
        put_by_hand(etcd_client, name, "* * * * *", base + 4 * minute)
        store.store([row(name, base + n * minute) for n in (3, 4)])
    store.store([row(old, base - minute)])
    window = (base, base + 5 * minute)
    assert figures(api, new, *window) == {"planned": 2, "ran": 2, "succeeded": 2}
    assert figures(api, old, *window) == {"planned": 5, "ran": 2, "succeeded": 2, "unaccounted": 3}


def test_each_version_of_a_job_counts_for_its_own_time(etcd, tmp_path, sign_in):
    """Created, edited, paused, resumed and deleted through the API; the rows are of the fires in between."""
    start = 1_900_000_000_000
    clock = {"now": start}
    master = Master(etcd, f"sqlite:///{tmp_path / 'runs.db'}", now=lambda: clock["now"]).start()
    api, client = sign_in(master), etcd.client()

    def write(method: str, path: str, body=None) -> None:
        assert api(method, path, body).is_success

    def claim(period: int, fires: int) -> None:
        """What workers do."""
        for _ in range(fires):
            cursor = int(client.get(keys.fired("versions")).value) + period
            assert cursor <= clock["now"]
            client.put(keys.fired("versions"), keys.cursor(cursor))
            master.store.store([row("versions", cursor)])

    write("POST", "/jobs", {"name": "versions", "command": "true", "cronExpr": "*/10 * * * * *"})
    clock["now"] += 25_000
    claim(10_000, 2)
    clock["now"] += (
        8_000  # a third fire comes and is not claimed before the schedule changes: it never counts
    )
    write("PATCH", "/jobs/versions", {"cronExpr": "* * * * * *", "command": "false"})
    clock["now"] += 5_000
    claim(1_000, 5)
    write("PATCH", "/jobs/versions", {"command": "true"})
    clock["now"] += 3_000
    claim(1_000, 3)
    write("POST", "/jobs/versions/pause")
    clock["now"] += 3_600_000
    write("POST", "/jobs/versions/resume")
    clock["now"] += 2_000
    claim(1_000, 2)
    clock["now"] += 60_000
    write("DELETE", "/jobs/versions")
    clock["now"] += 3_600_000
    for since, planned in (
        (start, 12),
        (start + 33_000, 10),
        (start + 36_000, 8),
        (clock["now"] - 60_000, 0),
    ):
        answer = api.get(f"/ledger?job=versions&from={since}").json()
        found = {k: v for k, v in answer.items() if isinstance(v, int) and v and k != "jobsSeen"}
        expected = {"planned": planned, "ran": planned, "succeeded": planned} if planned else {}
        assert found == expected, since
    master.stop()


def test_a_job_that_a_worker_adopted_counts_from_then(api, store, etcd_client, base):
    name, minute = next(names), 60_000
    put_by_hand(etcd_client, name, "* * * * *", base + 4 * minute)
    at = base + 2 * minute + 30_000
    definition = {"name": name, "command": "true", "cronExpr": "* * * * *"}
    entry = AuditEntry(f"{at:013d}-x", at, "worker:w1", "job.adopted", "job", name, after=definition)
    store.write_audit([entry])
    store.store([row(name, base + 3 * minute)])
    found = figures(api, name, base, base + 5 * minute)
    assert found == {"planned": 2, "ran": 1, "succeeded": 1, "unaccounted": 1}


def test_rows_that_nothing_planned_make_a_job_inexact(api, store, etcd_client, base):
    name = next(names)
    store.store([row(name, base + 12_345)])
    answer = api.get(f"/ledger?job={name}&from={base}&to={base + DAY // 24}&details=true").json()
    assert (answer["planned"], answer["ran"], answer["inexactJobs"]) == (1, 1, 1)
    assert [(j["name"], j["exact"]) for j in answer["jobs"]] == [(name, False)]


def test_all_jobs_together_with_the_faulty_ones_first(api, store, etcd_client, base):
    fine, faulty, minute = f"a-{next(names)}", f"z-{next(names)}", 60_000
    for name, rows in ((fine, (0, 1)), (faulty, (0,))):
        put_by_hand(etcd_client, name, "* * * * *", base + minute)
        store.store([row(name, base + n * minute) for n in rows])

    def ledger():
        answer = api.get(f"/ledger?from={base}&to={base + 2 * minute}&details=true").json()
        return answer, {job["name"]: job for job in answer["jobs"]}

    # The master hears of what was put by hand a moment later.
    wait_until(lambda: ledger()[1][faulty]["unaccounted"] == 1, what="the faulty job with its schedule")
    answer, jobs = ledger()
    assert (jobs[fine]["unaccounted"], jobs[faulty]["unaccounted"]) == (0, 1)
    order = [job["unaccounted"] + job["duplicated"] > 0 for job in answer["jobs"]]
    assert order == sorted(order, reverse=True)
    assert answer["planned"] == sum(job["planned"] for job in answer["jobs"])
