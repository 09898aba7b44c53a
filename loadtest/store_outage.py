"""The log store stops under load and comes back: no fire is late, every row arrives, none twice."""

import time

from app.common.models import Status
from loadtest.report import Report
from loadtest.system import running_etcd
from loadtest.times import next_second, pass_time, sleep_until
from tests.harness.cluster import Cluster
from tests.harness.oracle import Oracle, judge
from tests.harness.poll import wait_until
from tests.harness.services import Mongo


def run(*, rate: int = 50, outage_seconds: int = 60, around_seconds: int = 10) -> Report:
    """`rate` runs a second; the MongoDB server is killed for `outage_seconds` in the middle."""
    report = Report(f"store outage: {outage_seconds} s under {rate} runs/s")
    with running_etcd() as (directory, etcd):
        mongo = Mongo(directory / "mongo")
        mongo.start()
        cluster = Cluster(directory / "cluster", etcd, mongo.url)
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
            mongo.kill()
            pass_time(outage_seconds, "without the store")
            mongo.start()
            back = time.monotonic()
            pass_time(around_seconds, "after")
            until = next_second()
            sleep_until(until + 2_000)
            for job in jobs:
                cluster.client.delete(f"/cron/jobs/{job.name}")
            cluster.wait_settled(60)
            wait_until(lambda: not _spooled(cluster), 60, "the replay of the spool")
            replayed = time.monotonic() - back
            verdict = judge(jobs, oracle, cluster.store, since, until)
        finally:
            cluster.close()
            mongo.stop()
    report.figures = {
        "verdict": str(verdict),
        "latest start after its plan, ms": verdict.latest_ms,
        "spool empty, seconds after the return": round(replayed, 1),
    }
    report.check("every fire ran once", verdict.started == verdict.planned and not verdict.doubled)
    report.check("every row is there, none twice", verdict.clean and not verdict.rows[Status.MISSED])
    report.check("no fire late by more than 1 s", verdict.latest_ms <= 1_000)
    return report


def _spooled(cluster: Cluster) -> bool:
    return any(
        path.stat().st_size
        for worker in cluster.workers
        for path in cluster.directory.glob(f"{worker}/spool/*")
    )
