"""etcd is killed under load and comes back: firing resumes in seconds, the ledger has no gap."""

from app.common.models import Status
from loadtest.report import Report
from loadtest.system import running_etcd
from loadtest.times import next_second, now_ms, pass_time, sleep_until
from tests.harness.cluster import Cluster
from tests.harness.oracle import Oracle, judge


def run(*, rate: int = 50, outage_seconds: float = 5, around_seconds: int = 15) -> Report:
    """`rate` runs a second; etcd is killed with SIGKILL and started again on its data."""
    report = Report(f"etcd outage: {outage_seconds:g} s under {rate} runs/s")
    with running_etcd() as (directory, etcd):
        cluster = Cluster(directory / "cluster", etcd)
        oracle = Oracle(directory / "oracle")
        try:
            cluster.start("w0", "w1")
            jobs = [
                cluster.put_job(name=f"job-{i}", command=oracle.command(), cronExpr="* * * * * * *")
                for i in range(rate)
            ]
            since = next_second(2)
            sleep_until(since)
            pass_time(around_seconds, "before")
            etcd.kill()
            pass_time(outage_seconds, "without etcd")
            etcd.start()
            back = now_ms()
            pass_time(around_seconds, "after")
            until = next_second()
            sleep_until(until + 3_000)
            for job in jobs:
                cluster.client.delete(f"/cron/jobs/{job.name}")
            cluster.wait_settled(60)
            resumed = min(s.at for s in oracle.starts() if s.at >= back) - back
            verdict = judge(jobs, oracle, cluster.store, since, until)
        finally:
            cluster.close()
    report.figures = {
        "verdict": str(verdict),
        "first start after etcd's return, s": resumed / 1000,
        "fires recorded as missed": verdict.rows[Status.MISSED],
    }
    report.check("the ledger has no gap, nothing ran twice", verdict.clean)
    report.check("firing resumed within 5 s", resumed <= 5_000)
    # The latest fire of each job is caught up; those before it, while there was no etcd, are recorded.
    bound = rate * (outage_seconds + resumed / 1000 + 3)
    report.check("missed only what fell due meanwhile", verdict.rows[Status.MISSED] <= bound)
    return report
