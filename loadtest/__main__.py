"""`python -m loadtest NAME`: one measurement, its figures, and exit code 1 if a check does not hold."""

from pathlib import Path
from typing import Annotated

import typer

from loadtest import (
    big_output,
    console,
    etcd_outage,
    exactly_once,
    idle,
    store_outage,
    throughput,
    worker_loss,
)
from loadtest.report import Report

app = typer.Typer(no_args_is_help=True, add_completion=False, help=__doc__)
Save = Annotated[Path | None, typer.Option("--save", help="Write the figures as JSON to this file.")]


def _finish(report: Report, save: Path | None) -> None:
    report.show()
    if save:
        report.save(save)
    raise typer.Exit(0 if report.passed else 1)


@app.command("exactly-once", help=exactly_once.__doc__)
def _exactly_once(workers: int = 3, jobs: int = 20, seconds: int = 300, save: Save = None) -> None:
    _finish(exactly_once.run(workers=workers, jobs=jobs, seconds=seconds), save)


@app.command("worker-loss", help=worker_loss.__doc__)
def _worker_loss(jobs: int = 20, restart: bool = False, save: Save = None) -> None:
    _finish(worker_loss.run(jobs=jobs, restart=restart), save)


@app.command("big-output", help=big_output.__doc__)
def _big_output(size_mb: int = 1000, save: Save = None) -> None:
    _finish(big_output.run(size_mb=size_mb), save)


@app.command("store-outage", help=store_outage.__doc__)
def _store_outage(rate: int = 50, outage_seconds: int = 60, save: Save = None) -> None:
    _finish(store_outage.run(rate=rate, outage_seconds=outage_seconds), save)


@app.command("etcd-outage", help=etcd_outage.__doc__)
def _etcd_outage(rate: int = 50, outage_seconds: float = 5, save: Save = None) -> None:
    _finish(etcd_outage.run(rate=rate, outage_seconds=outage_seconds), save)


@app.command("throughput", help=throughput.__doc__)
def _throughput(seconds: int = 15, start: int = 800, step: int = 400, save: Save = None) -> None:
    _finish(throughput.run(seconds=seconds, start=start, step=step), save)


@app.command("idle", help=idle.__doc__)
def _idle(jobs: int = 10_000, seconds: int = 60, save: Save = None) -> None:
    _finish(idle.run(jobs=jobs, seconds=seconds), save)


@app.command("console", help=console.__doc__)
def _console(jobs: int = 100_000, runs: int = 1_000_000, rounds: int = 20, save: Save = None) -> None:
    _finish(console.run(jobs=jobs, runs=runs, rounds=rounds), save)


if __name__ == "__main__":
    app()
