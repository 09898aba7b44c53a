"""Workers that are paused, cut off, doubled, or whose clock is wrong."""

import signal
import time
from pathlib import Path

from app.common import keys
from app.common.models import Status, WorkerState
from loadtest.times import next_second, sleep_until
from tests.cluster.test_jobs import EVERY_SECOND, NEVER_SOON, finished, order
from tests.cluster.test_process_deaths import is_running, rows
from tests.harness.cluster import Cluster
from tests.harness.oracle import Oracle, judge
from tests.harness.poll import wait_until
from tests.harness.proxy import Proxy
from tests.harness.services import needs


def test_a_worker_paused_beyond_its_lease_doubles_nothing(cluster: Cluster, oracle: Oracle) -> None:
    cluster.start("w0", "w1")
    jobs = [
        cluster.put_job(name=f"job-{i}", command=oracle.command(), cronExpr=EVERY_SECOND) for i in range(8)
    ]
    since = next_second(1)
    sleep_until(since + 1_300)
    cluster.workers["w0"].signal_all(signal.SIGSTOP)
    time.sleep(8)  # the lease is 5 s: the pause itself is what is tested
    cluster.workers["w0"].signal_all(signal.SIGCONT)
    until = next_second(4)
    sleep_until(until + 3_000)
    for job in jobs:
        cluster.client.delete(f"/cron/jobs/{job.name}")
    cluster.wait_settled()
    verdict = judge(jobs, oracle, cluster.store, since, until)
    assert verdict.clean, verdict
    cluster.wait_ready("w0", "w1")


def test_a_worker_cut_off_ends_what_must_not_overlap_and_leaves_the_rest(
    cluster: Cluster, marker: str
) -> None:
    other = marker.replace("4321", "5321")
    cluster.start("w0")
    common = {"cronExpr": NEVER_SOON, "killGraceSeconds": 0.5}
    cluster.put_job(name="strict", command=f"sleep {marker}", onIsolation="kill", **common)
    cluster.put_job(name="patient", command=f"sleep {other}", **common)
    order(cluster, "strict")
    order(cluster, "patient")
    wait_until(lambda: is_running(marker) and is_running(other), what="both runs")
    cluster.etcd.signal(signal.SIGSTOP)
    cut_off = time.time()
    try:
        wait_until(lambda: not is_running(marker), what="the end of the strict run")
        assert is_running(other)
    finally:
        cluster.etcd.signal(signal.SIGCONT)
    killed = wait_until(lambda: finished(cluster, "strict"), what="the row")
    assert killed[0].status is Status.KILLED
    assert killed[0].end_time / 1000 < cut_off + cluster.settings["lease_ttl_seconds"], (
        "others may start it then"
    )
    assert "cut off" in killed[0].reason


def test_fires_go_on_at_another_member_while_one_swallows_what_it_is_told(
    cluster: Cluster, oracle: Oracle
) -> None:
    """As one does that has just lost its leader: the connection stays, and no answer ever comes."""
    swallowing = Proxy(cluster.etcd.port)
    try:
        endpoints = [swallowing.endpoint, cluster.etcd.endpoint]
        cluster.start("w0", etcd_endpoints=endpoints, etcd_timeout_seconds=60, lease_ttl_seconds=120)
        cluster.put_job(name="steady", command=oracle.command(), cronExpr=EVERY_SECOND)
        wait_until(oracle.starts, 60, "the first fire")
        swallowing.hold()
        since = time.time() * 1000
        after = wait_until(
            lambda: [start.at for start in oracle.starts() if start.plan > since], what="a fire after that"
        )
        assert min(after) < since + 40_000, "it waited for its full deadline"
    finally:
        swallowing.close()


def test_a_long_grace_does_not_end_runs_of_a_worker_in_order(cluster: Cluster, marker: str) -> None:
    cluster.start("w0")
    cluster.put_job(
        name="strict",
        command=f"sleep {marker}",
        onIsolation="kill",
        killGraceSeconds=60,
        cronExpr=NEVER_SOON,
    )
    order(cluster, "strict")
    wait_until(lambda: is_running(marker), what="the run")
    beat = cluster.registrations()["w0"].heartbeat
    wait_until(
        lambda: cluster.registrations()["w0"].heartbeat > beat + 8, what="a lease renewed more than once"
    )
    assert is_running(marker)


def test_a_second_worker_with_the_same_id_refuses_to_run(cluster: Cluster, tmp_path: Path) -> None:
    cluster.start("w0")
    (tmp_path / "elsewhere").mkdir()
    twin = Cluster(tmp_path / "elsewhere", cluster.etcd, cluster.store_url, executors=1).add_worker("w0")
    twin.start()
    assert twin.process is not None
    assert twin.process.wait(60) == 1
    assert "'w0' is in use" in twin.log
    cluster.wait_ready("w0")


def clear_faketime() -> None:
    """A program killed under faketime leaves semaphores named by its number, with which the next process of
    that number fails."""
    for left in Path("/dev/shm").glob("*faketime_s*_*"):
        if not Path("/proc", left.name.rpartition("_")[2]).exists():
            left.unlink(missing_ok=True)


def test_a_worker_whose_clock_is_ahead_claims_nothing_and_says_so(cluster: Cluster, oracle: Oracle) -> None:
    needs("faketime")
    cluster.start("right-1", "right-2")
    wrong = cluster.add_worker("wrong")
    clear_faketime()
    wrong.start(prefix=("faketime", "-f", "+5s"), FAKETIME_DONT_FAKE_MONOTONIC="1")

    def suspended() -> bool:
        info = cluster.registrations().get("wrong")
        return info is not None and info.state is WorkerState.SUSPENDED and "off the median" in info.reason

    wait_until(suspended, what="the suspension")
    job = cluster.put_job(name="job", command=oracle.command(), cronExpr=EVERY_SECOND)
    since = next_second()
    sleep_until(since + 6_000)
    cluster.client.delete(f"/cron/jobs/{job.name}")
    cluster.wait_settled()
    assert {run.worker for run in rows(cluster, "job")} <= {"right-1", "right-2"}
    assert not [s for s in oracle.starts() if s.at < s.plan]
    assert cluster.registrations()["right-1"].state is WorkerState.ACTIVE


def test_a_lost_registration_is_written_again(cluster: Cluster) -> None:
    cluster.start("w0")
    lease = cluster.registrations()["w0"].lease
    cluster.client.revoke(lease)
    wait_until(lambda: "w0" in cluster.registrations(), what="the new registration")
    cluster.put_job(name="job", command="true", cronExpr=EVERY_SECOND)
    wait_until(lambda: finished(cluster, "job"), what="a run")


def test_an_order_to_kill_reaches_only_runs_that_were_there(cluster: Cluster) -> None:
    cluster.start("w0")
    cluster.put_job(name="job", command="sleep 1; echo done", cronExpr=NEVER_SOON)
    cluster.client.put(keys.killer("job"), b"")
    order(cluster, "job")
    found = wait_until(lambda: finished(cluster, "job"), what="the row")
    assert found[0].status is Status.SUCCEEDED
