"""One of three workers is killed in mid-run: its runs become lost rows, no other fire is lost or doubled."""

import time

from app.common.logstore import RunQuery
from app.common.models import Status
from loadtest.report import Report
from loadtest.system import running_etcd
from loadtest.times import next_second, now_ms, sleep_until
from tests.harness.cluster import Cluster
from tests.harness.oracle import Oracle, judge
from tests.harness.poll import wait_until


def run(*, jobs: int = 20, restart: bool = False, settle_seconds: float = 45) -> Report:
    """SIGKILL to every process of one worker. `restart`: it comes back at once; else the survivors notice."""
    title = "and restarted at once" if restart else "and left dead"
    report = Report(f"worker loss: one of 3 killed in mid-run {title}")
    with running_etcd() as (directory, etcd):
        cluster = Cluster(directory / "cluster", etcd)
        oracle = Oracle(directory / "oracle")
        try:
            cluster.start("w0", "w1", "w2")
            quick = [
                cluster.put_job(name=f"quick-{i}", command=oracle.command(), cronExpr="* * * * * * *")
                for i in range(jobs)
            ]
            # Long enough to be in progress when the worker dies, and not to fire again meanwhile.
            long = [
                cluster.put_job(
                    name=f"long-{i}",
                    command=oracle.command("sleep 20"),
                    cronExpr="0 * * * * * *",
                    overlap="allow",
                )
                for i in range(jobs)
            ]
            since = next_second()
            for job in long:
                from app.common import keys
                from app.common.etcd import txn
                from app.common.models import RunOrder

                order = RunOrder(at=now_ms(), expires_at=now_ms() + 600_000, target="w0")
                cluster.client.txn(success=[txn.put(keys.order(job.name, "order"), order.to_json())])
            wait_until(lambda: len(cluster.open_records()) >= jobs, 10, "the start of the long runs")
            time.sleep(1)
            killed_at = time.monotonic()
            cluster.workers["w0"].kill()
            if restart:
                cluster.workers["w0"].start()

            def lost_rows() -> bool:
                page = cluster.store.runs(RunQuery(statuses=(Status.LOST,), worker="w0", limit=1000))
                return len([r for r in page.runs if r.job_name.startswith("long-")]) >= jobs

            wait_until(lost_rows, settle_seconds + 15, "the lost rows")
            took = time.monotonic() - killed_at
            until = next_second(3)
            sleep_until(until)
            sleep_until(until + 2_000)
            for job in quick:
                cluster.client.delete(f"/cron/jobs/{job.name}")
            cluster.wait_settled()
            verdict = judge(quick, oracle, cluster.store, since, until)
        finally:
            cluster.close()
    report.figures = {
        "runs in progress when it died": jobs,
        "seconds until all stood as lost": round(took, 1),
        "quick jobs": str(verdict),
    }
    report.check(f"all lost within {settle_seconds:.0f} s", took <= settle_seconds)
    report.check("no other fire lost or doubled", verdict.clean and not verdict.rows[Status.MISSED])
    return report
