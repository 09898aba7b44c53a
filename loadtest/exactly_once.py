"""Several workers, many fires: each runs once, has one row, and the load is shared evenly."""

from collections import Counter

from loadtest.report import Report
from loadtest.system import running_etcd
from loadtest.times import next_second, pass_time, sleep_until
from tests.harness.cluster import Cluster
from tests.harness.oracle import Oracle, judge

SHARE = "the furthest share of a worker from an equal one, as a part of that"


def run(*, workers: int = 3, jobs: int = 20, seconds: int = 300) -> Report:
    """Every job fires every second for `seconds`; the jobs' own files and the rows are compared with the
    schedule."""
    report = Report(f"exactly once: {workers} workers, {jobs} jobs a second, {seconds} s")
    names = [f"w{i}" for i in range(workers)]
    with running_etcd() as (directory, etcd):
        cluster = Cluster(directory / "cluster", etcd)
        oracle = Oracle(directory / "oracle")
        try:
            cluster.start(*names)
            made = [
                cluster.put_job(name=f"job-{i}", command=oracle.command(), cronExpr="* * * * * * *")
                for i in range(jobs)
            ]
            since = next_second(1)
            sleep_until(since)
            pass_time(seconds, "firing")
            until = since + seconds * 1000
            sleep_until(until + 2_000)
            for job in made:
                cluster.client.delete(f"/cron/jobs/{job.name}")
            cluster.wait_settled()
            verdict = judge(made, oracle, cluster.store, since, until)
            share = Counter(_workers_of_rows(cluster, since, until))
        finally:
            cluster.close()
    fair = verdict.planned / workers
    furthest = max(abs(share[name] - fair) / fair for name in names)
    report.figures = {
        "fires planned": verdict.planned,
        "starts in the jobs' files": verdict.started,
        "rows": sum(verdict.rows.values()),
        "doubled": len(verdict.doubled),
        "verdict": str(verdict),
        "runs by worker": dict(sorted(share.items())),
        "latest start after its plan, ms": verdict.latest_ms,
    }
    report.check("every fire ran once", verdict.started == verdict.planned and not verdict.doubled)
    report.check("every fire has one row", verdict.clean)
    report.at_most(SHARE, furthest, 0.2)
    return report


def _workers_of_rows(cluster: Cluster, since: int, until: int) -> list[str]:
    from app.common.logstore import RunQuery

    found, cursor = [], None
    while True:
        page = cluster.store.runs(RunQuery(since=since + 1, until=until + 1, limit=1000, cursor=cursor))
        found += [run.worker for run in page.runs]
        cursor = page.next_cursor
        if cursor is None:
            return found
