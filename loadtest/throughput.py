"""Runs a second through the whole path, over the rate of a bare spawn loop on the same machine."""

import os
import select
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from app.common.models import Status
from loadtest.report import Report, next_second, pass_time, running_etcd, sleep_until
from tests.harness.cluster import Cluster
from tests.harness.oracle import Oracle, Verdict, judge

CONCURRENCY = 16
BARE_SECONDS = 4.0
ENVIRONMENT = {
    "PATH": "/usr/bin:/bin",
    "CRON_JOB": "job-1",
    "CRON_RUN_ID": "1900000000000-1-0123456789abcdef",
    "CRON_PLAN_TIME": "2030-03-17T17:46:40.000Z",
}


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
        "ratio to the bare loop around it": round(best_ratio, 2),
        "steps": "\n".join(table),
    }
    report.check("every fire ran at most once and has one row", clean)
    report.check("ratio at least 0.5", best_ratio >= 0.5)
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


def bare_rate(seconds: float) -> float:
    """Commands a second of a loop that only spawns, captures and reaps the same command."""
    with TemporaryDirectory(prefix="yuanya-load-") as directory:
        return _bare_rate(Oracle(Path(directory)).command(), seconds)


def _bare_rate(command: str, seconds: float) -> float:
    null = os.open(os.devnull, os.O_RDONLY)
    epoll = select.epoll()
    pipes: dict[int, int] = {}
    done = 0
    started = time.monotonic()
    while time.monotonic() - started < seconds:
        while len(pipes) < CONCURRENCY:
            reader, writer = os.pipe()
            actions = [
                (os.POSIX_SPAWN_DUP2, null, 0),
                (os.POSIX_SPAWN_DUP2, writer, 1),
                (os.POSIX_SPAWN_DUP2, writer, 2),
            ]
            pid = os.posix_spawn(
                "/bin/bash",
                ["/bin/bash", "-c", command],
                ENVIRONMENT,
                file_actions=actions,
                setsid=True,
            )
            os.close(writer)
            pipes[reader] = pid
            epoll.register(reader, select.EPOLLIN)
        for fd, _ in epoll.poll():
            if not os.read(fd, 65536):
                epoll.unregister(fd)
                os.close(fd)
                os.wait4(pipes.pop(fd), 0)
                done += 1
    elapsed = time.monotonic() - started
    for fd, pid in pipes.items():
        os.close(fd)
        os.wait4(pid, 0)
    epoll.close()
    os.close(null)
    return done / elapsed
