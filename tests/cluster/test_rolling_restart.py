"""Every worker and master is restarted in turn, by the commands of the rollout, while jobs run."""

import signal
from pathlib import Path

from typer.testing import CliRunner

from app.cli.main import app
from app.common.models import Status
from loadtest.times import next_second, sleep_until
from tests.cluster.test_jobs import EVERY_SECOND
from tests.harness.cluster import Cluster
from tests.harness.master import MasterProcess
from tests.harness.oracle import Oracle, judge


def yuanya(master: MasterProcess, token: str, *arguments: str) -> None:
    done = CliRunner().invoke(app, arguments, env={"YUANYA_URL": master.url, "YUANYA_TOKEN": token})
    assert done.exit_code == 0, done.output


def restart_master(master: MasterProcess) -> None:
    assert master.process is not None
    master.process.send_signal(signal.SIGTERM)
    assert master.process.wait(30) == 0
    master.start()


def test_drained_restarts_cost_no_run_and_no_fire(cluster: Cluster, oracle: Oracle, tmp_path: Path) -> None:
    workers = ("w0", "w1", "w2")
    masters = [MasterProcess(tmp_path / name, cluster.settings) for name in ("one", "two")]
    try:
        for master in masters:
            master.start()
        client = masters[0].client()
        token = client.post("/tokens", json={"name": "rollout", "role": "operator"}).json()["token"]
        client.close()
        cluster.start(*workers)
        # Half of them take longer than the second to the next fire: whenever a worker is asked, it has runs.
        jobs = [
            cluster.put_job(
                name=f"job-{i}",
                command=oracle.command("sleep 2" if i % 2 else ":"),
                cronExpr=EVERY_SECOND,
                overlap="allow",
            )
            for i in range(6)
        ]
        since = next_second(1)
        sleep_until(since + 1_000)
        for master in masters:
            restart_master(master)
        for worker in workers:
            yuanya(masters[0], token, "workers", "drain", worker, "--wait", "120")
            assert cluster.workers[worker].stop() == 0
            cluster.workers[worker].start()
            yuanya(masters[1], token, "workers", "resume", worker, "--wait", "120")
        until = next_second(2)
        sleep_until(until + 3_000)
        for job in jobs:
            cluster.client.delete(f"/cron/jobs/{job.name}")
        cluster.wait_settled()
    finally:
        for master in masters:
            master.stop()
    verdict = judge(jobs, oracle, cluster.store, since, until)
    assert verdict.clean, verdict
    assert dict(verdict.rows) == {Status.SUCCEEDED: verdict.planned}, verdict
