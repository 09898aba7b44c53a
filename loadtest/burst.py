"""Many jobs due in the same second: each runs once, and how long until the last has started."""

import time

from loadtest.bare import CONCURRENCY, bare_starts
from loadtest.offered import Outcome, at_seconds
from loadtest.plot import Plot
from loadtest.report import Report
from loadtest.system import system
from loadtest.times import next_second, percentile

WORKERS = (1, 3)
POINTS = 25  # of a curve


def run(*, jobs: int = 10_000) -> Report:
    """`jobs` daily jobs, all due in the same second, on one worker and on three with default settings; and a
    bare loop that starts as many of the same command."""
    report = Report(f"burst: {jobs:,} jobs due in the same second")
    bare = bare_starts(jobs)
    outcomes = {workers: _burst(workers, jobs) for workers in WORKERS}
    again = bare_starts(jobs)
    bare = bare if bare[-1] < again[-1] else again
    table = report.table("start after plan", "who", "first ms", "p50 ms", "p99 ms", "last ms", "starts/s")
    plot = Plot("burst", f"{jobs:,} jobs due at once", "seconds after their time", "started")
    lines = {"bare loop": bare} | {_name(n): each.lateness for n, each in outcomes.items()}
    for name, late in lines.items():
        p50, p99, last = (percentile(late, share) for share in (0.5, 0.99, 1))
        table.add(name, percentile(late, 0), p50, p99, last, round(len(late) / max(last, 1) * 1000))
        numbers = sorted({*range(0, len(late), max(1, len(late) // POINTS)), len(late) - 1})
        plot.curves[name] = [(late[number] / 1000, number + 1.0) for number in numbers]
    report.plots.append(plot)
    cpu = report.table("CPU, microseconds a run", "process", *map(_name, WORKERS))
    for process in outcomes[WORKERS[0]].cpu_us:
        cpu.add(process, *(round(outcome.cpu_us[process]) for outcome in outcomes.values()))
    report.figures["runs at once"] = f"at most {CONCURRENCY} a worker by default, and in the bare loop"
    for workers, outcome in outcomes.items():
        report.figures[f"bare loop over {_name(workers)}, until the last start"] = round(
            bare[-1] / max(percentile(outcome.lateness, 1), 1), 2
        )
        report.figures[_name(workers)] = outcome.verdict
        report.check(f"each ran once on {_name(workers)}", outcome.all_ran)
    return report


def _burst(workers: int, jobs: int) -> Outcome:
    with system(workers) as s:
        moment = next_second(3 + jobs / 1000)
        at = time.gmtime(moment / 1000)
        return at_seconds(s, moment, moment, jobs, f"{at.tm_sec} {at.tm_min} {at.tm_hour} * * *")


def _name(workers: int) -> str:
    return f"{workers} worker{'s' * (workers > 1)}"
