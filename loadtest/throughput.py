"""Runs a second through the whole path, over the rate of a bare spawn loop on the same machine."""

import time

from app.common.models import Status
from loadtest.bare import bare_rate
from loadtest.report import Report
from loadtest.system import running_etcd
from loadtest.times import next_second, pass_time, sleep_until
from tests.harness.cluster import Cluster
from tests.harness.oracle import Oracle, Verdict, judge

BARE_SECONDS = 4.0
GREW = 1.03  # times the best rate so far: less is the end of what can be run


def run(*, seconds: int = 15, start: int = 800, step: int = 400) -> Report:
    """N jobs fire each second, N growing until no more are run for it. The bare loop, with the same command,
    is measured around each step, since the speed of a shared machine changes while one looks."""
    report = Report(f"throughput: whole path over a bare spawn loop, {seconds} s a step")
    table, clean = [], True
    best_rate = best_ratio = 0.0
    offered = start
    before = bare_rate(BARE_SECONDS)
    while True:
        verdict = _fires(offered, seconds)
        after = bare_rate(BARE_SECONDS)
        rate, bare = verdict.rows[Status.SUCCEEDED] / seconds, (before + after) / 2
        clean = clean and verdict.clean
        table.append(
            f"{offered} offered: {rate:.0f} runs/s, {rate / bare:.2f} of {bare:.0f} bare, "
            f"latest start {verdict.latest_ms} ms"
        )
        grew = rate > GREW * best_rate
        if rate > best_rate:
            best_rate, best_ratio = rate, rate / bare
        if not grew:
            break
        offered, before = offered + step, after
    report.figures = {
        "whole path, runs/s": round(best_rate),
        "steps": "\n".join(table),
    }
    report.check("every fire ran at most once and has one row", clean)
    report.at_least("ratio to the bare loop around it", best_ratio, 0.7)
    return report


def _fires(rate: int, seconds: int) -> Verdict:
    """What became of the fires of `rate` jobs a second."""
    with running_etcd() as (directory, etcd):
        cluster = Cluster(directory / "cluster", etcd)
        oracle = Oracle(directory / "oracle")
        try:
            cluster.start("w0")
            jobs = [
                cluster.put_job(name=f"job-{i}", command=oracle.command(), cronExpr="* * * * * * *")
                for i in range(rate)
            ]
            since = next_second(3)
            sleep_until(since)
            pass_time(seconds, f"{rate} runs/s")
            until = since + seconds * 1000
            sleep_until(until + 1_000)
            # Offered more than it can run, a worker records the last fires once it has caught up with them.
            deadline = time.monotonic() + 60
            while not judge(jobs, oracle, cluster.store, since, until).clean and time.monotonic() < deadline:
                time.sleep(1)
            for job in jobs:
                cluster.client.delete(f"/cron/jobs/{job.name}")
            cluster.wait_settled(60)
            return judge(jobs, oracle, cluster.store, since, until)
        finally:
            cluster.close()
