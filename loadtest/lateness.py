"""How late commands start, by load; and at the top of a minute, beside Debian's cron."""

import time
from contextlib import nullcontext
from dataclasses import dataclass

from loadtest import cron_peer
from loadtest.bare import bare_starts
from loadtest.offered import Outcome, at_seconds, each_second, lateness, spread
from loadtest.plot import Plot
from loadtest.report import Report, Series
from loadtest.system import System, system
from loadtest.throughput import probe
from loadtest.times import now_ms, percentile, sleep_until
from tests.harness.oracle import Oracle

SHARES = (0.1, 0.5, 0.8)
HALF = 0.5
OURS, CRON = "this", "cron"
MINUTES = ((OURS, CRON), (CRON,), (OURS,))
CRON_SECONDS = 40  # for all of cron's jobs to have started


@dataclass(frozen=True)
class Minute:
    """When the jobs of a minute started: ms after it began, sorted, by who ran them."""

    who: tuple[str, ...]
    starts: dict[str, list[int]]
    right: bool

    @property
    def name(self) -> str:
        return " and ".join(self.who)


def run(*, seconds: int = 10, maximum: int = 0, jobs: int = 1_000, minutes: int = 3) -> Report:
    """Start minus plan time at 10, 50 and 80 % of the maximum rate (`maximum`; 0: what a short overload ran),
    for `seconds` each, in two ways: `spread`, orders to run a job now, evenly over the second, and `all at
    the full second`, which is how schedules fire. There N jobs of each second are a burst, and the last one
    cannot start before the machine has started the others. So the same burst of a bare loop stands beside
    it, and the target is for the spread load. Between these loads, in `minutes` of their own: `jobs` jobs of
    each minute by both at once, by cron alone, and here alone."""
    report = Report(f"lateness: by load, and {jobs:,} jobs at the top of the minute beside cron")
    why_not = cron_peer.why_not()
    loads: list[tuple[float, Outcome, Outcome, list[int]]] = []
    peers: list[Minute] = []
    with system() as s:
        maximum = maximum or probe(s)
        for number, share in enumerate(SHARES):
            if number < minutes and not why_not:
                peers.append(_minute(s, jobs, MINUTES[number]))
            rate = max(1, round(share * maximum))
            loads.append((share, spread(s, rate, seconds), each_second(s, rate, seconds), bare_starts(rate)))
    report.figures["maximum, runs/s"] = maximum
    table = report.table("start after plan", "load", "fires", "runs/s", "p50 ms", "p99 ms", "max ms")
    plot = Plot("lateness", "Start after plan by load", "runs/s", "ms", log_y=True)
    for share, evenly, at_once, bare in loads:
        _add(table, plot, share, "spread", evenly.rate, evenly.lateness)
        _add(table, plot, share, "all at the full second", at_once.rate, at_once.lateness)
        _add(table, plot, share, "the same burst, bare loop", at_once.rate, bare)
        if share == HALF:
            report.at_most("p99 at half of the maximum, spread, ms", percentile(evenly.lateness, 0.99), 50)
            over = percentile(at_once.lateness, 0.99) - percentile(bare, 0.99)
            report.figures["p99 at half of the maximum, all at the full second, over the bare loop, ms"] = (
                over
            )
    report.plots.append(plot)
    for share, evenly, at_once, _ in loads:
        for fires, outcome in (("spread", evenly), ("all at the full second", at_once)):
            report.check(f"each ran at most once and has one row at {share:.0%}, {fires}", outcome.right)
            if not outcome.right:
                report.figures[f"at {share:.0%}, {fires}"] = outcome.verdict
    _compare(report, peers, jobs, why_not)
    return report


def _add(table: Series, plot: Plot, share: float, fires: str, rate: int, late: list[int]) -> None:
    p50, p99, last = (percentile(late, part) for part in (0.5, 0.99, 1))
    table.add(f"{share:.0%}", fires, rate, p50, p99, last)
    # A logarithmic axis has no 0.
    plot.curves.setdefault(f"{fires}, p50", []).append((rate, max(p50, 0.5)))
    plot.curves.setdefault(f"{fires}, p99", []).append((rate, max(p99, 0.5)))


def _minute(s: System, jobs: int, who: tuple[str, ...]) -> Minute:
    """The next full minute that leaves time to write the jobs."""
    lead = 2_000 + 2 * jobs
    top = -(-(now_ms() + lead) // 60_000) * 60_000
    sleep_until(top - lead)
    oracle = Oracle(s.directory / f"cron-{top}")
    starts: dict[str, list[int]] = {}
    right = True
    cron = cron_peer.cron_running(s.directory / "cron", jobs, top, oracle)
    with cron if CRON in who else nullcontext():
        if OURS in who:
            outcome = at_seconds(s, top, top, jobs, "* * * * *")
            starts[OURS], right = outcome.lateness, outcome.all_ran
        if CRON in who:
            while len(oracle.starts()) < jobs and now_ms() < top + CRON_SECONDS * 1000:
                time.sleep(0.1)
            starts[CRON] = lateness(oracle.starts())
    return Minute(who, starts, right)


def _compare(report: Report, minutes: list[Minute], jobs: int, why_not: str) -> None:
    if not minutes:
        report.figures["beside cron"] = f"not measured: {why_not or 'not asked for'}"
        return
    report.figures["cron"] = cron_peer.version()
    table = report.table(
        f"{jobs:,} jobs at the top of a minute, ms after it began", "minute of", "who", "first", "p50", "last"
    )
    for minute in minutes:
        for who, starts in minute.starts.items():
            table.add(minute.name, who, *(percentile(starts, share) for share in (0, 0.5, 1)))
        report.check(f"each ran once in the minute of {minute.name}", minute.right)
        if (began := len(minute.starts.get(CRON, ()))) < jobs and CRON in minute.who:
            report.figures[f"cron in the minute of {minute.name}"] = (
                f"started {began} jobs in {CRON_SECONDS} s"
            )
        elif len(minute.who) > 1:
            ours, peer = (percentile(minute.starts[who], 1) for who in (OURS, CRON))
            report.at_most("last start in the same minute, over cron's", ours / peer, 1)
