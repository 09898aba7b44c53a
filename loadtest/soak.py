"""What grows at half of the maximum load: memory, descriptors, threads, keys, leases; is the ledger clean?"""

import time
from collections.abc import Iterable
from contextlib import closing
from datetime import UTC, datetime
from typing import Any

import httpx

from app.common.models import Job
from loadtest.bare import bare_rate
from loadtest.plot import Plot
from loadtest.report import Report
from loadtest.samples import (
    DATABASE,
    DESCRIPTORS,
    KEYS,
    LEASES,
    MEMORY,
    SPOOL,
    STORE,
    THREADS,
    Curves,
    Sampler,
)
from loadtest.system import System, system
from loadtest.times import next_second, pass_time, sleep_until, ticks
from loadtest.trend import Trend, trend
from tests.harness.master import MasterProcess
from tests.harness.oracle import judge_by_minute

BARE_SECONDS, PROBE_SECONDS = 2, 6
WARM_UP = 0.25  # of the time: caches fill, and the first of everything is made
# How much a figure may rise beyond chance once it is warm, however long one looks: what grows with each run
# or minute exceeds any bound if one looks long enough.
ALLOWED = {MEMORY: 4.0, DESCRIPTORS: 3.0, THREADS: 3.0, KEYS: 3.0, LEASES: 1.0, SPOOL: 0.0}
HISTORY = "etcd/etcd"  # its memory holds the history that it keeps, which ends with each compaction
SETTLING_SECONDS = 60
SESSION_HOURS = 24 * 30


def run(*, minutes: float = 30, rate: int | None = None, workers: int = 2) -> Report:
    """`rate` jobs of each second (default: half of what a probe can run) on `workers` workers, while an admin
    reads lists, edits a job and orders runs."""
    if rate is None:
        rate = _probe(workers) // 2
    report = Report(f"soak: {rate} runs/s for {minutes:g} min on {workers} workers")
    with system(workers) as s:
        settings = {**s.cluster.settings, "session_hours": SESSION_HOURS}
        master = MasterProcess(s.directory / "master", settings)
        try:
            master.start()
            _soak(report, s, master, rate, minutes * 60)
        finally:
            master.stop()
    return report


def _probe(workers: int) -> int:
    """Runs a second when more is offered than can be run."""
    offered = round(bare_rate(BARE_SECONDS))
    with system(workers) as s:
        s.put_jobs(_jobs(s, offered))
        since = next_second(3)
        sleep_until(since)
        pass_time(PROBE_SECONDS, f"probe: {offered} runs/s offered")
        until = since + PROBE_SECONDS * 1000
        return sum(since < start.at <= until for start in s.oracle.starts()) // PROBE_SECONDS


def _jobs(s: System, count: int, **more: Any) -> Iterable[dict[str, Any]]:
    job = {"command": s.oracle.command(), "cronExpr": "* * * * * * *", **more}
    return ({"name": f"job-{i}", **job} for i in range(count))


def _soak(report: Report, s: System, master: MasterProcess, rate: int, seconds: float) -> None:
    since = next_second(2)
    until = since + int(seconds) * 1000
    # They end by themselves: a fire that is due when its job is deleted would stay without a row.
    jobs = s.put_jobs(_jobs(s, rate, endsAt=datetime.fromtimestamp(until / 1000, UTC)), cursor=since)
    s.put_jobs([{"name": "by-hand", "command": "true", "cronExpr": "0 0 1 1 *"}])
    sampler, curves = Sampler(s, master), Curves()
    before = sampler.pids()
    sleep_until(since)
    with closing(master.client()) as admin:
        for number in ticks(seconds, min(10.0, max(1.0, seconds / 60)), f"{rate} runs/s"):
            _use(admin, jobs[0], number)
            # When the burst of a second is over, the runs in progress do not blur what grows.
            time.sleep(-(time.time() + 0.1) % 1)
            curves.add(sampler.sample())
    same = sampler.pids() == before
    pass_time(2, "the last fires")
    s.cluster.wait_settled(SETTLING_SECONDS)
    verdict = judge_by_minute(jobs, s.oracle, s.cluster.store, since, until)
    report.figures["verdict"] = str(verdict)
    report.check("every fire ran at most once and has one row", verdict.clean)
    report.check("no process died", same)
    _tell(report, curves, seconds * WARM_UP)


def _use(admin: httpx.Client, job: Job, number: int) -> None:
    for path in ("/jobs?limit=50&sort=-lastStart", "/runs?limit=50", "/stats/summary"):
        admin.get(path).raise_for_status()
    admin.patch(f"/jobs/{job.name}", json={"description": f"edit {number}"}).raise_for_status()
    admin.post("/jobs/by-hand/run").raise_for_status()


def _tell(report: Report, curves: Curves, warm_up: float) -> None:
    table = report.table("when warm", "what", "of", "mean", "rise", "beyond chance", "an hour", "allowed")
    for what, allowed in ALLOWED.items():
        found = _trends(curves, what, warm_up)
        for part, each in found.items():
            table.add(what, part, each.mean, each.rise, each.growth, each.an_hour, allowed)
        if what == MEMORY:
            del found[HISTORY]
            report.at_most("memory of a process grows by, MB", max(t.growth for t in found.values()), allowed)
        else:
            report.check(f"{what}: flat", all(t.growth <= allowed for t in found.values()))
    for what in (DATABASE, STORE):  # rows stay, and history goes with compactions some minutes apart
        for part, each in _trends(curves, what, warm_up).items():
            table.add(what, part, each.mean, each.rise, each.growth, each.an_hour, "-")
    report.plots = [
        _plot("soak-memory", "Memory of their own, without files", "MB", curves.of(MEMORY)),
        _plot("soak-counts", "Descriptors, threads, leases and keys", "count", _counts(curves)),
        _plot("soak-files", "Files", "MB", {**curves.of(DATABASE), **curves.of(STORE)}),
    ]


def _trends(curves: Curves, what: str, warm_up: float) -> dict[str, Trend]:
    return {
        part: trend([(at, value) for at, value in points if at >= warm_up])
        for part, points in curves.of(what).items()
    }


def _counts(curves: Curves) -> dict[str, list[tuple[float, float]]]:
    return {
        f"{what}: {part}": points
        for what in (DESCRIPTORS, THREADS, LEASES, KEYS)
        for part, points in curves.of(what).items()
    }


def _plot(name: str, title: str, unit: str, curves: dict[str, list[tuple[float, float]]]) -> Plot:
    minutes = {part: [(at / 60, value) for at, value in points] for part, points in curves.items()}
    return Plot(name, title, "minutes", unit, minutes)
