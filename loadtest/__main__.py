"""`python -m loadtest NAME`: one measurement, its figures, and exit code 1 if a check does not hold."""

import functools
import inspect
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Annotated, Any

import typer

from loadtest import (
    api,
    bench,
    big_output,
    burst,
    capacity,
    console,
    etcd_outage,
    exactly_once,
    failover,
    idle,
    lateness,
    logs,
    rolling_upgrade,
    scale,
    soak,
    stages,
    store_outage,
    throughput,
    worker_loss,
    workers,
)
from loadtest.report import Report

MEASUREMENTS = (
    exactly_once,
    worker_loss,
    big_output,
    burst,
    store_outage,
    etcd_outage,
    failover,
    rolling_upgrade,
    throughput,
    stages,
    capacity,
    scale,
    idle,
    lateness,
    console,
    logs,
    workers,
    api,
    soak,
    bench,
)
SAVE = typer.Option("--save", help="Write the figures as JSON to this file, a table and plots beside it.")
RIGHT = typer.Option("--right", help="Fail on a wrong result only, not on a missed target.")

app = typer.Typer(no_args_is_help=True, add_completion=False, help=__doc__)


def _command(module: ModuleType) -> Callable[..., None]:
    """A command with the options of the module's `run`, and those that all have."""
    run: Callable[..., Report] = module.run

    @functools.wraps(run)
    def command(*, save: Path | None = None, right: bool = False, **options: Any) -> None:
        report = run(**options)
        report.show()
        if save:
            report.save(save)
        raise typer.Exit(0 if (report.right if right else report.passed) else 1)

    own = inspect.signature(run, eval_str=True).parameters.values()
    common = (
        inspect.Parameter(
            "save", inspect.Parameter.KEYWORD_ONLY, default=None, annotation=Annotated[Path | None, SAVE]
        ),
        inspect.Parameter(
            "right", inspect.Parameter.KEYWORD_ONLY, default=False, annotation=Annotated[bool, RIGHT]
        ),
    )
    command.__signature__ = inspect.Signature([*own, *common])  # type: ignore[attr-defined]
    command.__annotations__ = {p.name: p.annotation for p in (*own, *common)}
    return command


for _module in MEASUREMENTS:
    _name = _module.__name__.rpartition(".")[2].replace("_", "-")
    app.command(_name, help=_module.__doc__)(_command(_module))

if __name__ == "__main__":
    app()
