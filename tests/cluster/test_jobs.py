"""What the fields of a job do, on real workers."""

import time
from datetime import UTC, datetime
from pathlib import Path

from app.common import keys
from app.common.etcd import txn
from app.common.logstore import RunQuery
from app.common.models import KillOrder, Run, RunOrder, Status, Trigger
from loadtest.times import now_ms
from tests.cluster.test_process_deaths import is_running, rows
from tests.harness.cluster import Cluster
from tests.harness.oracle import Oracle
from tests.harness.poll import wait_until

EVERY_SECOND = "* * * * * * *"
NEVER_SOON = "0 0 1 1 *"


def order(cluster: Cluster, job: str, order_id: str = "order", **fields: object) -> None:
    made = RunOrder.model_validate({"at": now_ms(), "expiresAt": now_ms() + 600_000, **fields})
    cluster.client.put(keys.order(job, order_id), made.to_json())


def finished(cluster: Cluster, job: str) -> list[Run]:
    return [run for run in rows(cluster, job) if run.status.ran]


def test_a_job_put_by_hand_is_scheduled_and_audited(cluster: Cluster) -> None:
    cluster.start("w0", "w1")
    cluster.client.put("/cron/jobs/raw", b'{"name":"raw","command":"date","cronExpr":"* * * * * * *"}')
    wait_until(lambda: finished(cluster, "raw"), what="the first run")
    adopted = [kv for kv in cluster.client.scan(keys.AUDIT).items if b"job.adopted" in kv.value]
    assert len(adopted) == 1


def test_garbage_under_jobs_harms_no_other_job(cluster: Cluster, oracle: Oracle) -> None:
    cluster.start("w0")
    for name, value in {
        "not-json": b"\xff{",
        "list": b"[]",
        "other-name": b'{"name":"x","command":"true","cronExpr":"* * * * *"}',
        "bad-cron": b'{"name":"bad-cron","command":"true","cronExpr":"61 * * * *"}',
        "bad-zone": b'{"name":"bad-zone","command":"true","cronExpr":"* * * * *","timezone":"Mars/X"}',
        "stray/deeper": b"{}",
    }.items():
        cluster.client.put(f"/cron/jobs/{name}", value)
    cluster.put_job(name="good", command=oracle.command(), cronExpr=EVERY_SECOND)
    wait_until(oracle.starts, what="a run of the good job")
    log = cluster.workers["w0"].log
    assert "cronExpr" in log
    assert "Mars/X" in log


def test_edit_pause_and_delete_act_at_once_and_leave_no_missed_fires(
    cluster: Cluster, oracle: Oracle, tmp_path: Path
) -> None:
    cluster.start("w0", "w1")
    other = Oracle(tmp_path / "other")
    cluster.put_job(name="job", command=oracle.command(), cronExpr=EVERY_SECOND)
    wait_until(lambda: len(oracle.starts()) >= 2, what="two runs")
    cluster.put_job(name="job", command=other.command(), cronExpr=EVERY_SECOND)
    edited = now_ms()
    wait_until(lambda: len(other.starts()) >= 2, what="two runs of the new command")
    assert all(start.plan <= edited + 1_000 for start in oracle.starts())
    cluster.put_job(name="job", command=other.command(), cronExpr=EVERY_SECOND, enabled=False)
    paused = now_ms()
    time.sleep(2.5)
    assert all(start.at <= paused + 500 for start in other.starts())
    cluster.put_job(name="job", command=other.command(), cronExpr=EVERY_SECOND)
    count = len(other.starts())
    wait_until(lambda: len(other.starts()) > count, what="a run after the pause")
    cluster.client.txn(success=[txn.delete(keys.job("job")), txn.delete(keys.fired("job"))])
    deleted = now_ms()
    cluster.wait_settled()
    time.sleep(1.5)
    assert all(start.at <= deleted + 500 for start in other.starts())
    assert [run for run in rows(cluster, "job") if run.status is not Status.SUCCEEDED] == []


def test_skipped_fires_become_one_growing_row(cluster: Cluster) -> None:
    cluster.start("w0", "w1")
    cluster.put_job(name="slow", command="sleep 6", cronExpr=EVERY_SECOND)
    wait_until(lambda: finished(cluster, "slow"), what="the end of the first run")
    cluster.client.delete("/cron/jobs/slow")
    skipped = [run for run in rows(cluster, "slow") if run.status is Status.SKIPPED]
    first = min(finished(cluster, "slow"), key=lambda run: run.plan_time)
    during = [run for run in skipped if run.plan_time <= (first.end_time or 0)]
    # Either worker may have found out for itself first; after that only the one that runs it records.
    assert 1 <= len(during) <= 2
    assert sum(run.count for run in during) >= 5


def test_runs_may_overlap_where_the_job_allows_it(cluster: Cluster) -> None:
    cluster.start("w0")
    cluster.put_job(name="wide", command="sleep 3", cronExpr=EVERY_SECOND, overlap="allow")
    wait_until(lambda: len(cluster.open_records()) >= 3, what="three runs at once")


def test_an_order_runs_once_with_its_environment(cluster: Cluster) -> None:
    cluster.start("w0", "w1", "w2")
    cluster.put_job(name="manual", command='echo "got $EXTRA"', cronExpr=NEVER_SOON)
    for i in range(10):
        order(cluster, "manual", f"order-{i}", env={"EXTRA": str(i)}, by="somebody")
        wait_until(lambda n=i: len(finished(cluster, "manual")) == n + 1, what="the run")
    runs = [cluster.store.run(run.id) for run in finished(cluster, "manual")]
    assert sorted(run.output for run in runs if run) == [f"got {i}\n" for i in range(10)]
    assert {run.trigger for run in runs if run} == {Trigger.MANUAL}
    assert {run.by for run in runs if run} == {"somebody"}


def test_an_expired_order_is_on_record_as_missed(cluster: Cluster) -> None:
    cluster.start("w0")
    cluster.put_job(name="picky", command="true", cronExpr=NEVER_SOON, workerLabels={"gpu": "yes"})
    order(cluster, "picky", expiresAt=now_ms() + 1_500)
    found = wait_until(lambda: rows(cluster, "picky"), what="the row")
    assert [run.status for run in found] == [Status.MISSED]
    assert "expired" in found[0].reason


def test_only_workers_with_the_labels_run_a_job(cluster: Cluster) -> None:
    cluster.start("plain")
    cluster.start("labelled", labels={"gpu": "yes", "zone": "a"})
    cluster.put_job(name="picky", command="true", cronExpr=EVERY_SECOND, workerLabels={"gpu": "yes"})
    wait_until(lambda: len(finished(cluster, "picky")) >= 5, what="five runs")
    assert {run.worker for run in finished(cluster, "picky")} == {"labelled"}


def test_fires_that_no_worker_may_run_are_on_record(cluster: Cluster) -> None:
    cluster.start("w0", misfire_grace_seconds=2)
    cluster.put_job(name="nowhere", command="true", cronExpr=EVERY_SECOND, workerLabels={"gpu": "yes"})
    found = wait_until(lambda: rows(cluster, "nowhere"), what="the row")
    assert {run.status for run in found} == {Status.MISSED}
    assert "labels" in found[-1].reason


def test_a_drained_worker_takes_nothing_new(cluster: Cluster) -> None:
    cluster.start("w0", "w1")
    cluster.client.put(keys.drain("w0"), b"{}")
    wait_until(lambda: cluster.registrations()["w0"].state.value == "drained", what="the drain")
    cluster.put_job(name="job", command="true", cronExpr=EVERY_SECOND)
    wait_until(lambda: len(finished(cluster, "job")) >= 4, what="four runs")
    assert {run.worker for run in finished(cluster, "job")} == {"w1"}
    cluster.client.delete(keys.drain("w0"))
    wait_until(lambda: cluster.registrations()["w0"].state.value == "active", what="the return")


def test_the_latest_missed_fire_is_caught_up_and_the_others_are_one_row(
    cluster: Cluster, oracle: Oracle
) -> None:
    latest = cluster.put_job(
        name="latest", command=oracle.command(), cronExpr="*/2 * * * * * *", misfire="latest"
    )
    skip = cluster.put_job(name="skip", command=oracle.command(), cronExpr="*/2 * * * * * *")
    hour_ago = (now_ms() - 3_600_000) // 2_000 * 2_000
    at = datetime.fromtimestamp(now_ms() / 1000 - 120, UTC)
    for job in (latest, skip):
        once = job.model_copy(update={"cron_expr": f"{at.second // 2 * 2} {at.minute} {at.hour} * * * *"})
        cluster.client.put(keys.job(job.name), once.to_json())
        cluster.client.put(keys.fired(job.name), keys.cursor(hour_ago - 48 * 3_600_000))
    cluster.start("w0")
    wait_until(lambda: rows(cluster, "latest") and rows(cluster, "skip"), what="the rows")
    cluster.wait_settled()
    caught_up = {run.status: run for run in rows(cluster, "latest")}
    assert caught_up[Status.SUCCEEDED].trigger is Trigger.MISFIRE
    assert caught_up[Status.MISSED].count == 2
    skipped = rows(cluster, "skip")
    assert [run.status for run in skipped] == [Status.MISSED]
    assert skipped[0].count == 3
    assert [start.job for start in oracle.starts()] == ["latest"]


def test_a_kill_ends_the_whole_tree_and_touches_no_other_run(cluster: Cluster, marker: str) -> None:
    other = marker.replace("4321", "5321")
    cluster.start("w0")
    cluster.put_job(
        name="tree",
        command=f"bash -c 'sleep {marker} & setsid sleep {marker} & sleep {marker}'",
        cronExpr=NEVER_SOON,
        killGraceSeconds=1,
    )
    cluster.put_job(name="other", command=f"sleep {other}", cronExpr=NEVER_SOON)
    order(cluster, "tree")
    order(cluster, "other")
    wait_until(lambda: is_running(marker) and is_running(other), what="both runs")
    cluster.client.put(keys.killer("tree"), KillOrder(by="somebody", at=now_ms()).to_json())
    wait_until(lambda: not is_running(marker), what="the end of the tree")
    killed = wait_until(lambda: finished(cluster, "tree"), what="the row")
    assert killed[0].status is Status.KILLED
    assert "somebody" in killed[0].reason
    assert is_running(other)


def test_a_timeout_ends_a_command_that_ignores_sigterm(cluster: Cluster, marker: str) -> None:
    cluster.start("w0")
    cluster.put_job(
        name="stubborn",
        command=f"trap '' TERM; sleep {marker} & wait; sleep {marker}",
        cronExpr=NEVER_SOON,
        timeoutSeconds=1,
        killGraceSeconds=0.5,
    )
    order(cluster, "stubborn")
    found = wait_until(lambda: finished(cluster, "stubborn"), what="the row")
    assert found[0].status is Status.TIMEOUT
    assert not is_running(marker)
    assert 1_000 <= found[0].end_time - found[0].start_time < 3_500


def test_a_run_is_watched_while_it_prints(cluster: Cluster) -> None:
    cluster.start("w0")
    cluster.put_job(
        name="talker", command="for i in 1 2 3 4 5 6; do echo line $i; sleep 0.5; done", cronExpr=NEVER_SOON
    )
    order(cluster, "talker")
    record = wait_until(cluster.open_records, what="the start")[0]
    run_id = keys.last_part(record)
    cluster.client.put(keys.tail(run_id), b"")
    seen = wait_until(lambda: cluster.store.read_live(run_id, 0), what="live output")
    assert seen.data.startswith(b"line 1\n")
    assert not cluster.store.runs(RunQuery(job="talker")).runs
    final = wait_until(lambda: cluster.store.run(run_id), what="the row")
    assert final.output.endswith("line 6\n")
