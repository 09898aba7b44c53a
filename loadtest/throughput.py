"""Runs a second through the whole path, over the rate of a bare spawn loop on the same machine."""

from dataclasses import dataclass

from loadtest.bare import CONCURRENCY, bare_rate
from loadtest.offered import Outcome, each_second
from loadtest.plot import Plot
from loadtest.report import Report
from loadtest.system import System, system
from loadtest.times import percentile

BARE_SECONDS = 4.0
FIRST_SHARE = 0.5  # of the bare loop's rate
LEAST_SHARE = 0.05
OVERLOAD_SHARE = 1.0

Curves = dict[str, list[tuple[float, float]]]


@dataclass(frozen=True)
class Step:
    """`bare`: the rate of the bare loop around it, since the speed of a shared machine changes meanwhile."""

    outcome: Outcome
    bare: float

    @property
    def ratio(self) -> float:
        return self.outcome.ran_rate / self.bare


def run(*, seconds: int = 60, rate: int = 0, by: float = 0.1, bare_seconds: float = BARE_SECONDS) -> Report:
    """N jobs fire at each full second for `seconds`, on one worker with default settings; a job whose run is
    not over is skipped, as by default. N grows from half of what the bare loop runs, by `by` of that, until
    not all fires ran; then half a step back, and then as much as the bare loop runs. The maximum is the
    highest N of which all fires ran. `rate`: one step with this N only."""
    report = Report(f"throughput: whole path over a bare spawn loop, {seconds} s a step")
    with system() as s:
        steps = _Steps(s, seconds, bare_seconds)
        if rate:
            steps.offer(rate)
        else:
            _search(steps, by)
    held = [step for step in steps.done if step.outcome.all_ran]
    best = max(held or steps.done, key=lambda step: step.outcome.ran_rate)
    most = max(steps.done, key=lambda step: step.outcome.ran_rate)
    _add_tables(report, steps.done, best)
    _add_plots(report, steps.done)
    report.figures = {
        "maximum: all fires ran, runs/s": best.outcome.rate if held else "none of the steps",
        "bare loop around it, runs/s": round(best.bare),
        "most that ran, whatever was offered, runs/s": round(most.outcome.ran_rate),
        "most over the bare loop around it": round(most.ratio, 2),
        "runs at once": f"at most {CONCURRENCY}, in the bare loop too",
    }
    report.check(
        "every fire ran at most once and has one row", all(step.outcome.right for step in steps.done)
    )
    report.at_least("maximum over the bare loop", best.ratio if held else 0.0, 0.7)
    return report


def probe(s: System, seconds: int = 5) -> int:
    """A quick word on what the system can run a second: what it runs of as much as the bare loop does."""
    return round(each_second(s, round(bare_rate(2)), seconds).ran_rate)


class _Steps:
    """Offers rates one after another, with the bare loop between them."""

    def __init__(self, s: System, seconds: int, bare_seconds: float) -> None:
        self._system, self._seconds, self._bare_seconds = s, seconds, bare_seconds
        self.bare = bare_rate(bare_seconds)
        self.done: list[Step] = []

    def offer(self, rate: int) -> bool:
        """True if all fires ran."""
        outcome = each_second(self._system, rate, self._seconds)
        before, self.bare = self.bare, bare_rate(self._bare_seconds)
        self.done.append(Step(outcome, (before + self.bare) / 2))
        return outcome.all_ran


def _search(steps: _Steps, by: float) -> None:
    bare, share = steps.bare, FIRST_SHARE
    while steps.offer(round(share * bare)):
        share += by
    if len(steps.done) > 1:
        steps.offer(round((share - by / 2) * bare))
    else:
        while share > by + LEAST_SHARE and not steps.done[-1].outcome.all_ran:
            share -= by
            steps.offer(round(share * bare))
    steps.offer(round(OVERLOAD_SHARE * bare))


def _add_tables(report: Report, steps: list[Step], best: Step) -> None:
    table = report.table(
        "steps", "offered/s", "runs/s", "all ran", "bare/s", "ratio", "p50 ms", "p99 ms", "last ms"
    )
    for step in steps:
        late = step.outcome.lateness
        table.add(
            step.outcome.rate,
            round(step.outcome.ran_rate),
            "yes" if step.outcome.all_ran else "no",
            round(step.bare),
            round(step.ratio, 2),
            percentile(late, 0.5),
            percentile(late, 0.99),
            percentile(late, 1),
        )
    cpu = report.table(f"CPU at {best.outcome.rate} runs/s, microseconds a run", "process", "us")
    for name, used in best.outcome.cpu_us.items():
        cpu.add(name, round(used))


def _add_plots(report: Report, steps: list[Step]) -> None:
    rates: Curves = {"whole path": [], "bare loop": []}
    late: Curves = {"p50": [], "p99": []}
    for step in steps:
        offered, outcome = step.outcome.rate, step.outcome
        rates["whole path"].append((offered, outcome.ran_rate))
        rates["bare loop"].append((offered, step.bare))
        late["p50"].append((offered, percentile(outcome.lateness, 0.5)))
        late["p99"].append((offered, percentile(outcome.lateness, 0.99)))
    x = "fires offered a second, all at the full second"
    report.plots.append(Plot("throughput", "Runs by load", x, "runs/s", rates))
    report.plots.append(Plot("throughput-lateness", "Start after plan by load", x, "ms", late))
