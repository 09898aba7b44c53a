"""SIGKILL to single processes of a worker, under load."""

import os
import signal
import time
from pathlib import Path

import pytest

from app.common import keys
from app.common.etcd import txn
from app.common.logstore import RunQuery
from app.common.models import OpenRecord, Outcome, Run, Status
from app.common.models.run import run_id
from loadtest.times import next_second, now_ms, sleep_until
from tests.harness.cluster import Cluster
from tests.harness.oracle import Oracle, judge
from tests.harness.poll import wait_until

EVERY_SECOND = "* * * * * * *"


def rows(cluster: Cluster, job: str) -> list[Run]:
    return cluster.store.runs(RunQuery(job=job, limit=500)).runs


def is_running(marker: str) -> bool:
    """Whether any process has `marker` among its arguments."""
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if marker in path.read_bytes().decode(errors="replace"):
                return True
        except OSError:
            continue
    return False


def stopped_without_lock(cluster: Cluster, scheduler: int) -> bool:
    """Stops the scheduler; lets it go on if that has met a claim, whose lock only it can free."""
    os.kill(scheduler, signal.SIGSTOP)
    if cluster.client.get(keys.lock("job")) is None:
        return True
    os.kill(scheduler, signal.SIGCONT)
    return False


@pytest.mark.parametrize("victim", ["watcher", "scheduler", "log-writer"])
def test_a_killed_process_comes_back_and_no_fire_is_lost_or_doubled(
    cluster: Cluster, oracle: Oracle, victim: str
) -> None:
    cluster.start("w0")
    jobs = [
        cluster.put_job(name=f"job-{i}", command=oracle.command(), cronExpr="* * * * * * *")
        for i in range(10)
    ]
    since = next_second(1)
    sleep_until(since + 1_500)
    for _ in range(2):
        before = cluster.workers["w0"].pids()[victim]
        os.kill(before, signal.SIGKILL)
        wait_until(
            lambda old=before: cluster.workers["w0"].pids().get(victim, old) != old,
            what=f"the return of {victim}",
        )
        time.sleep(2)
    until = next_second(2)
    sleep_until(until + 2_500)
    for job in jobs:
        cluster.client.delete(f"/cron/jobs/{job.name}")
    cluster.wait_settled()
    verdict = judge(jobs, oracle, cluster.store, since, until)
    assert verdict.clean, verdict
    # One second at most passes without a scheduler; a run that was handed over in that moment may be lost.
    assert verdict.started >= verdict.planned * 0.6, verdict


def test_running_commands_survive_the_death_of_the_scheduler(cluster: Cluster, tmp_path: Path) -> None:
    cluster.start("w0")
    started, done = tmp_path / "started", tmp_path / "done"
    cluster.put_job(
        name="long", command=f"touch {started}; sleep 4; touch {done}", cronExpr="*/2 * * * * * *"
    )
    wait_until(started.exists, what="the start of the command")
    os.kill(cluster.workers["w0"].pids()["scheduler"], signal.SIGKILL)
    cluster.client.delete("/cron/jobs/long")
    wait_until(done.exists, what="the end of the command")
    cluster.wait_settled()
    ran = [run for run in rows(cluster, "long") if run.status is not Status.SKIPPED]
    assert [run.status for run in ran] == [Status.SUCCEEDED]


def test_what_a_dead_executor_ran_is_ended_and_recorded(cluster: Cluster, marker: str) -> None:
    cluster.start("w0")
    cluster.put_job(
        name="long",
        command=f"setsid sleep {marker} & sleep {marker}",
        cronExpr="*/2 * * * * * *",
        overlap="skip",
    )
    wait_until(lambda: is_running(marker), what="the start of the command")
    cluster.client.delete("/cron/jobs/long")
    os.kill(cluster.workers["w0"].pids()["executor-0"], signal.SIGKILL)
    wait_until(lambda: not is_running(marker), what="the end of the commands")
    cluster.wait_settled(15)
    lost = [run for run in rows(cluster, "long") if run.status is Status.LOST]
    assert len(lost) == 1
    assert "executor died" in lost[0].reason


def test_commands_end_with_a_killed_main_process(cluster: Cluster, marker: str) -> None:
    cluster.start("w0")
    cluster.put_job(name="long", command=f"sleep {marker}", cronExpr="*/2 * * * * * *")
    wait_until(lambda: is_running(marker), what="the start of the command")
    pids = cluster.workers["w0"].pids()
    os.kill(pids["main"], signal.SIGKILL)
    wait_until(lambda: not is_running(marker), what="the end of the command")
    wait_until(
        lambda: not any(Path(f"/proc/{pid}").exists() for n, pid in pids.items() if n != "main"),
        what="the end of all processes",
    )


def test_commands_of_a_worker_killed_whole_end_when_it_returns(cluster: Cluster, marker: str) -> None:
    cluster.start("w0")
    cluster.put_job(name="long", command=f"sleep {marker}", cronExpr="*/2 * * * * * *")
    wait_until(lambda: is_running(marker), what="the start of the command")
    cluster.client.delete("/cron/jobs/long")
    cluster.workers["w0"].kill()
    assert is_running(marker)
    cluster.workers["w0"].start()
    wait_until(lambda: not is_running(marker), what="the end of the command")
    cluster.wait_settled(15)
    assert [run.status for run in rows(cluster, "long") if run.status is not Status.SKIPPED] == [Status.LOST]


def test_a_lost_run_is_ordered_again_where_the_job_asks_for_it(cluster: Cluster, tmp_path: Path) -> None:
    attempts = tmp_path / "attempts"
    cluster.start("w0", "w1")
    cluster.put_job(
        name="important",
        command=f'echo $CRON_ATTEMPT >> {attempts}; [ "$CRON_ATTEMPT" = 2 ] || sleep 100',
        cronExpr="*/2 * * * * * *",
        onWorkerLoss="rerun",
    )
    wait_until(lambda: attempts.exists() and attempts.read_text(), what="the start of the command")
    records = cluster.open_records()
    cluster.put_job(name="important", command=f"echo $CRON_ATTEMPT >> {attempts}", cronExpr="0 0 1 1 *",
                    onWorkerLoss="rerun")  # fmt: skip
    worker = records[0].split("/")[3]
    cluster.workers[worker].kill()

    def second() -> list[Run]:
        return [run for run in rows(cluster, "important") if run.attempt == 2]

    wait_until(second, what="the second attempt")
    cluster.wait_settled()
    by_attempt = {run.attempt: run for run in rows(cluster, "important") if run.status is not Status.SKIPPED}
    assert by_attempt[1].status is Status.LOST
    assert by_attempt[2].status is Status.SUCCEEDED
    assert by_attempt[1].plan_time == by_attempt[2].plan_time
    assert attempts.read_text().split() == ["1", "2"]


def test_a_stop_lets_runs_finish_then_ends_them_and_leaves_nothing(cluster: Cluster, marker: str) -> None:
    cluster.start("w0", stop_timeout_seconds=2)
    cluster.put_job(name="short", command="sleep 1; echo done", cronExpr="*/2 * * * * * *", overlap="allow")
    cluster.put_job(name="long", command=f"sleep {marker}", cronExpr="*/2 * * * * * *")
    wait_until(lambda: is_running(marker), what="the start of the commands")
    pids = cluster.workers["w0"].pids()
    assert cluster.workers["w0"].stop() == 0
    assert not is_running(marker)
    assert not any(Path(f"/proc/{pid}").exists() for pid in pids.values())
    assert cluster.registrations() == {}
    assert cluster.open_records() == []
    ended = {run.job_name: run for run in reversed(rows(cluster, "short") + rows(cluster, "long"))
             if run.status is not Status.SKIPPED}  # fmt: skip
    assert ended["long"].status is Status.KILLED
    assert "stopped with the worker" in ended["long"].reason
    assert {run.status for run in rows(cluster, "short")} == {Status.SUCCEEDED}


def test_a_claim_that_died_with_its_scheduler_blocks_no_later_fire(cluster: Cluster, oracle: Oracle) -> None:
    cluster.start("w0")
    job = cluster.put_job(name="job", command=oracle.command(), cronExpr=EVERY_SECOND)
    wait_until(oracle.starts, what="the first run")
    # What a scheduler leaves that is killed between its claim and the start of the command: the lock, under a
    # lease that lives on, and the open record.
    pids = cluster.workers["w0"].pids()
    try:
        wait_until(lambda: stopped_without_lock(cluster, pids["scheduler"]), what="a stop between two fires")
        plan = now_ms() // 1000 * 1000 - 500
        record = OpenRecord(job="job", plan=plan, outcome=Outcome.RUN, claimed=plan)
        run = run_id("job", plan)
        lease = cluster.registrations()["w0"].lease
        cluster.client.txn(
            success=[
                txn.put(keys.lock("job"), f"w0/{run}".encode(), lease),
                txn.put(keys.running("w0", run), record.to_json()),
            ]
        )
    finally:
        os.kill(pids["scheduler"], signal.SIGKILL)
    before = len(oracle.starts())
    wait_until(lambda: len(oracle.starts()) > before + 2, what="runs after the loss")
    cluster.client.delete(keys.job(job.name))
    cluster.wait_settled()
    assert cluster.store.run(run).status is Status.LOST


def test_rows_of_skipped_fires_survive_the_death_of_the_log_writer(cluster: Cluster) -> None:
    cluster.start("w0")
    cluster.put_job(name="slow", command="sleep 8", cronExpr=EVERY_SECOND)
    wait_until(cluster.open_records, what="the start of the run")
    for _ in range(4):
        pid = cluster.workers["w0"].pids()["log-writer"]
        os.kill(pid, signal.SIGSTOP)  # rows reach it and are not stored
        time.sleep(1.2)
        os.kill(pid, signal.SIGKILL)
        wait_until(
            lambda old=pid: cluster.workers["w0"].pids().get("log-writer", old) != old, what="the return"
        )
    cluster.client.delete("/cron/jobs/slow")
    cluster.wait_settled(30)
    found = rows(cluster, "slow")
    fires = sum(run.count for run in found)
    first = min(run.plan_time for run in found)
    last = max(run.last_plan_time or run.plan_time for run in found)
    assert fires == (last - first) // 1000 + 1


def test_locks_outlive_the_death_of_the_watcher(cluster: Cluster) -> None:
    cluster.start("w0")
    cluster.put_job(name="job", command="sleep 5", cronExpr=EVERY_SECOND)
    wait_until(lambda: cluster.client.get(keys.lock("job")), what="the lock")
    taken = cluster.client.get(keys.lock("job"))
    pid = cluster.workers["w0"].pids()["watcher"]
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: cluster.workers["w0"].pids().get("watcher", pid) != pid, what="the return")
    beat = cluster.registrations()["w0"].heartbeat
    wait_until(lambda: cluster.registrations()["w0"].heartbeat != beat, what="a heartbeat of the new watcher")
    assert cluster.client.get(keys.lock("job")) == taken
