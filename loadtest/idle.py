"""What an idle system costs: one master and one worker that hold many daily jobs."""

import time

from app.common import keys
from app.common.etcd import txn
from loadtest.processes import CpuClock, pss_kb
from loadtest.report import Report
from loadtest.system import put_all, running_etcd
from loadtest.times import pass_time
from tests.harness.cluster import Cluster, children_of
from tests.harness.master import MasterProcess


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
            clock = CpuClock({str(pid): pid for pid in pids})
            pass_time(seconds, "idle")
            share = sum(clock.seconds().values()) / clock.elapsed
            memory = {pid: pss_kb(pid) / 1024 for pid in pids}
            names = {pid: name for name, pid in cluster.workers["w0"].pids().items()} | {master.pid: "master"}
        finally:
            master.stop()
            cluster.close()
    report.figures = {
        "memory, MB": f"{sum(memory.values()):.0f}",
        "by process, MB": ", ".join(f"{names.get(pid, 'helper')} {mb:.0f}" for pid, mb in memory.items()),
    }
    report.at_most("CPU of one core", share, 0.03)
    return report


def _put_daily_jobs(cluster: Cluster, jobs: int) -> None:
    now = int(time.time() * 1000)
    operations = []
    for i in range(jobs):
        name = f"daily-{i:06d}"
        expression = f"{i % 60} {i // 60 % 24} * * *"
        job = f'{{"name":"{name}","command":"true","cronExpr":"{expression}"}}'
        operations += [txn.put(keys.job(name), job.encode()), txn.put(keys.fired(name), keys.cursor(now))]
    put_all(cluster.client, operations)
