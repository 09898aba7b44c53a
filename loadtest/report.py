"""What every measurement prints: its figures as a table, the machine, and the verdict."""

import json
import os
import platform
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from tests.harness.services import Etcd

console = Console(stderr=False)


@dataclass
class Report:
    """Figures by name, and every check that was made. `passed` is what the command's exit code tells."""

    title: str
    figures: dict[str, Any] = field(default_factory=dict)
    checks: dict[str, bool] = field(default_factory=dict)

    @property
    def passed(self) -> bool:
        return all(self.checks.values())

    def check(self, what: str, holds: bool) -> None:
        self.checks[what] = holds

    def show(self) -> None:
        table = Table(title=self.title, title_justify="left", show_header=False)
        for name, value in self.figures.items():
            table.add_row(name, f"{value:,.3g}" if isinstance(value, float) else str(value))
        for what, holds in self.checks.items():
            table.add_row(what, "[green]holds[/]" if holds else "[bold red]DOES NOT HOLD[/]")
        console.print(table)
        console.print(f"[dim]{machine()}[/]")

    def save(self, path: Path) -> None:
        path.write_text(
            json.dumps(
                {"title": self.title, "figures": self.figures, "checks": self.checks, "machine": machine()},
                default=str,
                indent=2,
            )
        )


def machine() -> str:
    model = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if line.startswith("model name")
        ),
        platform.processor(),
    )
    return f"{os.cpu_count()} x {model}, Linux {platform.release()}, Python {platform.python_version()}"


@contextmanager
def running_etcd() -> Iterator[tuple[Path, Etcd]]:
    """A scratch directory with a running etcd in it."""
    with TemporaryDirectory(prefix="yuanya-load-", ignore_cleanup_errors=True) as name:
        directory = Path(name)
        etcd = Etcd(directory / "etcd")
        etcd.start()
        try:
            yield directory, etcd
        finally:
            etcd.stop()


def pass_time(seconds: float, what: str) -> None:
    """Let load run for a while, with a progress bar where somebody looks."""
    until = time.monotonic() + seconds
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, disable=not sys.stderr.isatty(), console=Console(stderr=True)) as bar:
        task = bar.add_task(what, total=seconds)
        while (left := until - time.monotonic()) > 0:
            time.sleep(min(left, 0.5))
            bar.update(task, completed=seconds - left)


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def next_second(after: float = 0) -> int:
    """Epoch ms of the next full second at least `after` seconds from now."""
    return (int(time.time() + after) + 1) * 1000


def sleep_until(moment_ms: int) -> None:
    time.sleep(max(0.0, moment_ms / 1000 - time.time()))
