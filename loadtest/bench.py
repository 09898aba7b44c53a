"""All benchmarks one after the other, in about 15 minutes: each figure, its target, and whether it is held.

Each has a process of its own and settings that make it short; alone and at full length it is run by
`python -m loadtest NAME`. Its figures, tables and plots are written to bench/NAME.json, .txt and .svg, the
summary to bench/summary.json and .txt. A wrong result fails; a missed target is shown.
"""

import json
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from signal import SIGINT
from typing import Annotated, Any

import typer
from rich.console import Console

from loadtest.report import Report

# By name, with the options that make it short, and about how many seconds it then takes.
BENCHMARKS: dict[str, tuple[str, int]] = {
    "throughput": ("--seconds 10", 150),
    "lateness": ("--seconds 6 --minutes 1", 200),
    "burst": ("", 70),
    "scale": ("", 110),
    "workers": ("", 110),
    "logs": ("", 170),
    "api": ("", 70),
    "soak": ("--minutes 0.6", 60),
}
GRACE_SECONDS = 60  # to end what it started
PATIENCE = 3  # times the usual duration: then a benchmark hangs

ONLY = typer.Option(help="Run this one; may be repeated. Default: " + ", ".join(BENCHMARKS))
INTO = typer.Option(help="Directory of the results.")


@dataclass(frozen=True)
class Outcome:
    """How a benchmark ended; `report` is what it wrote, None if it came to no end."""

    name: str
    seconds: float
    report: dict[str, Any] | None

    @property
    def right(self) -> bool:
        return self.report is not None and all(self.report["checks"].values())


def run(
    *,
    only: Annotated[list[str] | None, ONLY] = None,
    into: Annotated[Path, INTO] = Path("bench"),
) -> Report:
    """The summary of the benchmarks, written after each of them."""
    progress = Console(stderr=True)
    outcomes: list[Outcome] = []
    names = only or list(BENCHMARKS)
    if unknown := set(names) - set(BENCHMARKS):
        raise typer.BadParameter(f"{', '.join(unknown)}: choose of {', '.join(BENCHMARKS)}")
    for number, name in enumerate(names, 1):
        options, seconds = BENCHMARKS[name]
        progress.print(f"[{number}/{len(names)}] {name}: about {seconds} s", highlight=False, markup=False)
        outcomes.append(_benchmark(name, options, seconds, into))
        report = summary(outcomes)
        report.save(into / "summary.json")
    return report


def _benchmark(name: str, options: str, seconds: int, into: Path) -> Outcome:
    written = into / f"{name}.json"
    written.unlink(missing_ok=True)
    command = [sys.executable, "-m", "loadtest", name, *options.split(), f"--save={written}", "--right"]
    began = time.monotonic()
    # A group of its own: Ctrl-C in the terminal reaches only this process, which hands it on once.
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, process_group=0)
    try:
        process.wait(PATIENCE * seconds)
    except subprocess.TimeoutExpired:
        _end(process)
    except KeyboardInterrupt:
        _end(process)
        raise
    report = json.loads(written.read_text()) if written.exists() else None
    return Outcome(name, time.monotonic() - began, report)


def _end(process: subprocess.Popen[bytes]) -> None:
    """SIGINT first: it ends its servers and workers; killed, it leaves them behind."""
    process.send_signal(SIGINT)
    try:
        process.wait(GRACE_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def summary(outcomes: list[Outcome]) -> Report:
    took = sum(outcome.seconds for outcome in outcomes)
    report = Report(f"bench: {len(outcomes)} benchmarks in {took / 60:.0f} min")
    table = report.table("targets", "benchmark", "figure", "value", "target", "")
    for outcome in outcomes:
        found = outcome.report or {"targets": {}, "checks": {}}
        for what, target in found["targets"].items():
            bound = f"{'at least' if target['at_least'] else 'at most'} {target['bound']:g}"
            table.add(outcome.name, what, target["value"], bound, "held" if target["holds"] else "missed")
        for what, holds in found["checks"].items():
            if not holds:
                table.add(outcome.name, what, "-", "-", "WRONG")
        report.figures[f"{outcome.name}, seconds"] = round(outcome.seconds)
        report.check(f"{outcome.name}: came to its end, with right results", outcome.right)
    return report
