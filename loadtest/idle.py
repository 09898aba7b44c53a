"""What an idle system costs: one master and one worker that hold many daily jobs."""

import os
import time
from pathlib import Path

from app.common import keys
from app.common.etcd import txn
from loadtest.big_output import pss_kb
from loadtest.report import Report, pass_time, running_etcd
from tests.harness.cluster import Cluster, children_of
from tests.harness.master import MasterProcess

BATCH = 60


def run(*, jobs: int = 10_000, seconds: int = 60) -> Report:
    """CPU of all processes of master and worker over `seconds`, and their memory."""
    report = Report(f"idle: {jobs:,} daily jobs, {seconds} s")
    with running_etcd() as (directory, etcd):
        cluster = Cluster(directory / "cluster", etcd)
        master = MasterProcess(directory / "master", cluster.settings)
        try:
            _put_daily_jobs(cluster, jobs)
            cluster.start("w0", timeout=60)
            master.start()
            pids = [*cluster.workers["w0"].pids().values(), master.pid, *children_of(master.pid)]
            pass_time(10, "settling")
            before, started = sum(map(_cpu_seconds, pids)), time.monotonic()
            pass_time(seconds, "idle")
            share = (sum(map(_cpu_seconds, pids)) - before) / (time.monotonic() - started)
            memory = {pid: pss_kb(pid) / 1024 for pid in pids}
            names = {pid: name for name, pid in cluster.workers["w0"].pids().items()} | {master.pid: "master"}
        finally:
            master.stop()
            cluster.close()
    report.figures = {
        "CPU of one core": f"{share:.2%}",
        "memory, MB": f"{sum(memory.values()):.0f}",
        "by process, MB": ", ".join(f"{names.get(pid, 'helper')} {mb:.0f}" for pid, mb in memory.items()),
    }
    report.check("under 3 % of a core", share < 0.03)
    return report


def _put_daily_jobs(cluster: Cluster, jobs: int) -> None:
    now = int(time.time() * 1000)
    operations = []
    for i in range(jobs):
        name = f"daily-{i:06d}"
        expression = f"{i % 60} {i // 60 % 24} * * *"
        job = f'{{"name":"{name}","command":"true","cronExpr":"{expression}"}}'
        operations += [txn.put(keys.job(name), job.encode()), txn.put(keys.fired(name), keys.cursor(now))]
    for start in range(0, len(operations), 2 * BATCH):
        cluster.client.txn(success=operations[start : start + 2 * BATCH])


def _cpu_seconds(pid: int) -> float:
    """User and system time so far: fields 14 and 15 of /proc/<pid>/stat, see proc(5)."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
