"""Runs a second through the whole path, over the rate of a bare spawn loop on the same machine."""

import os
import select
import time

from app.common.models import Status
from loadtest.report import Report, next_second, pass_time, running_etcd, sleep_until
from tests.harness.cluster import Cluster
from tests.harness.oracle import Oracle, Verdict, judge

CONCURRENCY = 16


def run(*, seconds: int = 15, start: int = 300, step: int = 100) -> Report:
    """N jobs fire each second, N growing until rows fall behind. The bare loop is measured before and
    after."""
    report = Report(f"throughput: whole path over a bare spawn loop, {seconds} s a step")
    before = bare_rate(5)
    best, tried, clean = 0, [], True
    rate = start
    while True:
        kept_up, verdict = _fires(rate, seconds)
        clean = clean and verdict.clean
        tried.append(f"{rate}: {'kept up' if kept_up else 'fell behind'}, latest {verdict.latest_ms} ms")
        if not kept_up:
            break
        best = rate
        rate += step
    after = bare_rate(5)
    bare = (before + after) / 2
    report.figures = {
        "bare spawn loop, runs/s": f"{before:.0f} before, {after:.0f} after",
        "whole path, runs/s": best,
        "ratio": best / bare,
        "steps": "\n".join(tried),
    }
    report.check("every fire ran once and has one row", clean)
    report.check("ratio at least 0.5", best / bare >= 0.5)
    return report


def _fires(rate: int, seconds: int) -> tuple[bool, Verdict]:
    """Whether all fires of `rate` jobs a second were run, none skipped over, and stored soon after."""
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
            sleep_until(until + 3_000)
            for job in jobs:
                cluster.client.delete(f"/cron/jobs/{job.name}")
            cluster.wait_settled(60)
            verdict = judge(jobs, oracle, cluster.store, since, until)
        finally:
            cluster.close()
    return verdict.rows[Status.SUCCEEDED] == verdict.planned, verdict


def bare_rate(seconds: float) -> float:
    """Commands a second of a loop that only spawns, captures and reaps, with the same shell and
    concurrency."""
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
                ["/bin/bash", "-c", "echo hello"],
                {"PATH": "/usr/bin:/bin"},
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
