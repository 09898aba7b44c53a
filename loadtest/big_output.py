"""A command prints without end: head and tail are kept, memory stays flat, other fires are on time."""

import time

from app.common.logstore import RunQuery
from app.common.models import Run, Status
from loadtest.processes import memory_mb
from loadtest.report import Report
from loadtest.system import running_etcd
from loadtest.times import next_second, sleep_until
from tests.harness.cluster import Cluster
from tests.harness.oracle import Oracle, judge
from tests.harness.poll import wait_until


def run(*, size_mb: int = 1000) -> Report:
    """`size_mb` of output by one job, while ten others fire each second on the same worker."""
    report = Report(f"big output: {size_mb:,} MB")
    with running_etcd() as (directory, etcd):
        cluster = Cluster(directory / "cluster", etcd)
        oracle = Oracle(directory / "oracle")
        try:
            cluster.start("w0")
            others = [
                cluster.put_job(name=f"job-{i}", command=oracle.command(), cronExpr="* * * * * * *")
                for i in range(10)
            ]
            since = next_second(2)
            sleep_until(since)
            before = memory_mb(cluster)
            soon = time.gmtime(time.time() + 2)
            cluster.put_job(
                name="loud",
                command=f"echo first; yes 0123456789abcdef | head -c {size_mb * 1_000_000}; echo last",
                cronExpr=f"{soon.tm_sec} {soon.tm_min} {soon.tm_hour} {soon.tm_mday} {soon.tm_mon} * *",
            )
            peak = before

            def ended() -> list[Run]:
                nonlocal peak
                peak = max(peak, memory_mb(cluster))
                return cluster.store.runs(RunQuery(job="loud")).runs

            wait_until(ended, 300, "the end of the loud job")
            until = next_second()
            sleep_until(until + 2_000)
            row = cluster.store.run(ended()[0].id)
            verdict = judge(others, oracle, cluster.store, since, until)
        finally:
            cluster.close()
    assert row is not None
    size = len(row.output.encode())
    seconds = ((row.end_time or 0) - (row.start_time or 0)) / 1000
    report.figures = {
        "printed, bytes": f"{row.output_bytes:,}",
        "kept, bytes": f"{size:,} of at most 262,144",
        "seconds": seconds,
        "memory of all worker processes, MB": f"{before:.0f} before, {peak:.0f} at most",
        "other jobs": str(verdict),
    }
    report.check("it succeeded", row.status is Status.SUCCEEDED)
    report.check("all of it was counted", row.output_bytes == size_mb * 1_000_000 + 11 and row.truncated)
    report.check("head and tail within the cap", size <= 262_144 and row.output.startswith("first\n"))
    report.check("the tail is the end", row.output.endswith("last\n"))
    report.check("memory grew by less than 50 MB", peak - before < 50)
    report.check("no other fire was a second late", verdict.clean and verdict.latest_ms < 1_000)
    return report
