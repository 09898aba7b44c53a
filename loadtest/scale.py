"""A worker with many jobs: its start until all are planned, memory, idle CPU, and how soon an edit counts."""

import json
import statistics
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import grpc
from pyetcd import etcdrpc as rpc

from app.common import keys
from app.common.etcd import txn
from loadtest.plot import Plot
from loadtest.processes import CpuClock, memory_mb, peak_mb, pids_of
from loadtest.report import Report, Series
from loadtest.system import System, put_all, running_etcd
from loadtest.times import next_second, now_ms, pass_time, percentile, sleep_until
from tests.harness.cluster import Cluster, WorkerProcess
from tests.harness.oracle import Oracle, Verdict
from tests.harness.poll import wait_until

STARTS = 2  # of a worker by size: one start of a shared machine says little
PAGE = 5_000  # keys a request of the bare read
BUSY_JOBS = 5  # that fire each second among the others
SETTLE_SECONDS = 3.0
TARGET_RATIO, TARGET_MB, TARGET_CORE = 3.0, 700.0, 0.03
SHANGHAI_HOURS = 8


@dataclass(frozen=True)
class Size:
    """What one number of jobs costs. Seconds; `bare` is the read of the same keys, `ratios` one a start."""

    jobs: int
    bare: float
    start: float
    ratios: list[float]
    memory_mb: float
    peak_mb: float
    verdict: Verdict


def run(*, jobs: int = 100_000, idle: int = 15, edits: int = 20) -> Report:
    """A hundredth, a tenth and all of `jobs`; then, with all of them, `idle` seconds and `edits` edits."""
    report = Report(f"scale: up to {jobs:,} jobs on one worker, {idle} s idle, {edits} edits")
    with running_etcd() as (directory, etcd):
        cluster = Cluster(directory / "cluster", etcd)
        system = System(directory, etcd, cluster, Oracle(directory / "oracle"))
        try:
            fixed = statistics.fmean(_start(system, 0) for _ in range(STARTS))
            sizes, there = [], 0
            for size in (jobs // 100, jobs // 10, jobs):
                put_all(cluster.client, [each for number in range(there, size) for each in _daily(number)])
                there = size
                sizes.append(_measure(system, size, fixed))
            pass_time(SETTLE_SECONDS, "settling")
            clock = CpuClock(pids_of(cluster))
            pass_time(idle, "idle")
            used, elapsed = clock.seconds(), clock.elapsed
            delays = [_edit(system, number) for number in range(edits)]
            once = _edits_ran_once(system, edits)
        finally:
            cluster.close()
    _tell(report, fixed, sizes)
    idle_table = report.table(f"idle with {jobs:,} jobs, share of a core", "process", "percent")
    for name, seconds in used.items():
        idle_table.add(name, round(seconds / elapsed * 100, 2))
    report.at_most("idle, of one core", sum(used.values()) / elapsed, TARGET_CORE)
    report.figures["from an edit's acknowledgement to the start of what it made due, ms"] = (
        f"p50 {percentile(delays, 0.5):.0f}, max {max(delays):.0f}"
    )
    report.check("each edit took effect once", once)
    return report


def _tell(report: Report, fixed: float, sizes: list[Size]) -> None:
    report.figures["start without jobs, s"] = round(fixed, 2)
    table = report.table(
        "by number of jobs",
        "jobs",
        "bare read, s",
        "planned after, s",
        "over bare",
        "without the fixed part",
        "PSS, MB",
        "peak RSS, MB",
    )
    for size in sizes:
        _add(table, size, fixed)
        report.check(
            f"{size.jobs:,} jobs: those of each second ran on time, until deleted", size.verdict.clean
        )
        report.figures[f"{size.jobs:,} jobs, fires of each second"] = str(size.verdict)
    last = sizes[-1]
    report.at_most("start over a bare read, most jobs", statistics.fmean(last.ratios), TARGET_RATIO)
    report.at_most("memory of all processes, MB", last.memory_mb, TARGET_MB)
    report.plots = [
        Plot(
            "scale-memory",
            "Memory of a worker",
            "jobs",
            "MB",
            {"PSS": [(s.jobs, s.memory_mb) for s in sizes], "peak RSS": [(s.jobs, s.peak_mb) for s in sizes]},
            limit=TARGET_MB,
            log_x=True,
            log_y=True,
        ),
        Plot(
            "scale-start",
            "From the start of a worker until all jobs are planned",
            "jobs",
            "seconds",
            {"worker": [(s.jobs, s.start) for s in sizes], "bare read": [(s.jobs, s.bare) for s in sizes]},
            log_x=True,
            log_y=True,
        ),
    ]


def _add(table: Series, size: Size, fixed: float) -> None:
    table.add(
        size.jobs,
        round(size.bare, 2),
        round(size.start, 2),
        round(statistics.fmean(size.ratios), 2),
        round((size.start - fixed) / size.bare, 2),
        round(size.memory_mb),
        round(size.peak_mb),
    )


def _measure(system: System, size: int, fixed: float) -> Size:
    """Starts a worker and leaves it running. Bare reads around each start see the machine at its speed."""
    busy = system.put_jobs(
        {"name": f"busy-{size}-{i}", "command": system.oracle.command(), "cronExpr": "* * * * * *"}
        for i in range(BUSY_JOBS)
    )
    bare, starts, ratios = [_bare_read(system.etcd.endpoint)], [], []
    for _ in range(STARTS):
        starts.append(_start(system, size + BUSY_JOBS))
        bare.append(_bare_read(system.etcd.endpoint))
        ratios.append(starts[-1] / statistics.fmean(bare[-2:]))
    since = next_second()
    sleep_until(since + 4_000)
    system.delete_jobs(busy)
    deleted = now_ms()
    verdict = system.judge_when_settled(busy, since, deleted // 1000 * 1000 - 1000)
    verdict.early += [start for start in system.oracle.starts() if start.plan > deleted]
    return Size(
        jobs=size,
        bare=statistics.fmean(bare),
        start=statistics.fmean(starts),
        ratios=ratios,
        memory_mb=memory_mb(system.cluster),
        peak_mb=peak_mb(system.cluster),
        verdict=verdict,
    )


def _start(system: System, jobs: int) -> float:
    """Starts the worker anew; seconds until it may claim and all `jobs` are planned, by its own log."""
    cluster = system.cluster
    for known in cluster.workers.values():
        known.stop()
        Path(cluster.directory / f"{known.id}.log").unlink()
    worker = cluster.add_worker("w0")
    began = now_ms()
    worker.start()
    wait_until(lambda: _said(worker, f"action=plan jobs={jobs}"), 120, "the plan of all jobs")
    wait_until(lambda: _said(worker, "is now active"), 30, "the worker's readiness")
    moments = (_said(worker, f"action=plan jobs={jobs}"), _said(worker, "is now active"))
    return (max(moments) - began) / 1000


def _said(worker: WorkerProcess, words: str) -> int:
    """When the worker's log first said so, epoch ms; 0: not yet."""
    line = next((line for line in worker.log.splitlines() if words in line), None)
    return int(datetime.fromisoformat(line.split(" ", 1)[0]).timestamp() * 1000) if line else 0


def _bare_read(endpoint: str) -> float:
    """Seconds to read all jobs and cursors by pages and to parse their JSON: what no worker can avoid."""
    with grpc.insecure_channel(
        endpoint.removeprefix("http://"), options=[("grpc.max_receive_message_length", 64 * 1024**2)]
    ) as channel:
        kv = rpc.KVStub(channel)
        kv.Range(rpc.RangeRequest(key=b"\0"), timeout=10)  # connected
        began = time.monotonic()
        kept = [list(_values(kv, prefix)) for prefix in (keys.JOBS, keys.FIRED)]
        seconds = time.monotonic() - began
        assert all(kept)
        return seconds


def _values(kv: Any, prefix: str) -> Iterator[Any]:
    request = rpc.RangeRequest(key=prefix.encode(), range_end=txn.prefix_end(prefix.encode()), limit=PAGE)
    while True:
        response = kv.Range(request, timeout=10)
        for found in response.kvs:
            yield json.loads(found.value)
        if not response.more:
            return
        request.key = response.kvs[-1].key + b"\0"


def _daily(number: int) -> Iterator[Any]:
    """A job and its cursor. Its time of day is one of 360, none of them within the next half an hour."""
    slot = int(time.time()) // 60 + 30 + number % 360 * 3
    there = number % 3 == 0
    hour = slot // 60 + (SHANGHAI_HOURS if there else 0)
    fields: dict[str, Any] = {
        "name": f"team-{number % 97}.report-{number:06d}",
        "command": f": /srv/reports/bin/export --customer {number:06d} --since yesterday "
        f"--format csv --output /var/spool/reports/{number:06d}.csv",
        "cronExpr": f"{slot % 60} {hour % 24} * * *",
        "group": f"team-{number % 97}",
        "tags": [f"region-{number % 7}", "report"],
    }
    if there:
        fields |= {
            "timezone": "Asia/Shanghai",
            "timeoutSeconds": 3600,
            "description": f"Of customer {number}",
        }
    yield txn.put(keys.job(str(fields["name"])), json.dumps(fields).encode())
    yield txn.put(keys.fired(str(fields["name"])), keys.cursor(now_ms()))


def _edited(number: int) -> str:
    return f"edited-{number:03d}"


def _edit(system: System, number: int) -> float:
    """Change a job so that a fire is due: ms from the acknowledgement until its command has started.

    Claim and start of the command are part of it. The cursor is one second behind, so that nothing is waited
    for.
    """
    name = _edited(number)
    job = {"name": name, "command": system.oracle.command()}
    system.put_jobs([job | {"cronExpr": "0 0 1 1 *"}])
    time.sleep(0.2)
    due = int(time.time())
    at = datetime.fromtimestamp(due, UTC)
    cron = f"{at.second} {at.minute} {at.hour} {at.day} {at.month} *"
    system.put_jobs([job | {"cronExpr": cron}], cursor=(due - 1) * 1000)
    acknowledged = time.time() * 1000
    wait_until(lambda: any(start.job == name for start in system.oracle.starts()), 10, "the edit")
    return next(start.at for start in system.oracle.starts() if start.job == name) - acknowledged


def _edits_ran_once(system: System, edits: int) -> bool:
    """By the files and by the rows."""
    wait_until(lambda: not system.cluster.open_records(), 30, "the end of all runs")
    names = {_edited(number) for number in range(edits)}
    started = [start.job for start in system.oracle.starts() if start.job in names]
    rows = [row for row in system.cluster.store.ledger_rows(None, 0, now_ms()) if row.job_name in names]
    return sorted(started) == sorted(names) == sorted(row.job_name for row in rows)
