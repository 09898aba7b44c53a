"""What every measurement prints and writes: its figures, the machine, and the verdict."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from loadtest.machine import machine, versions
from loadtest.plot import Plot

console = Console(stderr=False)


@dataclass(frozen=True)
class Target:
    """A figure of design section 10 and the bound that it should keep."""

    value: float
    bound: float
    at_least: bool

    @property
    def holds(self) -> bool:
        return self.value >= self.bound if self.at_least else self.value <= self.bound

    def __str__(self) -> str:
        wanted = f"{'at least' if self.at_least else 'at most'} {_text(self.bound)}"
        return f"{_text(self.value)} ({wanted})"


@dataclass
class Series:
    """Rows of figures under common column names."""

    columns: tuple[str, ...]
    rows: list[tuple[Any, ...]] = field(default_factory=list)

    def add(self, *row: Any) -> None:
        assert len(row) == len(self.columns)
        self.rows.append(row)


@dataclass
class Report:
    """`checks`: is the result right? `targets`: is it fast enough? A wrong result always fails; a missed
    target does so unless only the result is asked for (a busy machine, a smoke test)."""

    title: str
    figures: dict[str, Any] = field(default_factory=dict)
    series: dict[str, Series] = field(default_factory=dict)
    plots: list[Plot] = field(default_factory=list)
    checks: dict[str, bool] = field(default_factory=dict)
    targets: dict[str, Target] = field(default_factory=dict)

    @property
    def right(self) -> bool:
        return all(self.checks.values())

    @property
    def passed(self) -> bool:
        return self.right and all(target.holds for target in self.targets.values())

    def check(self, what: str, holds: bool) -> None:
        """A result that must hold on every machine."""
        self.checks[what] = holds

    def at_least(self, what: str, value: float, bound: float) -> None:
        self.targets[what] = Target(value, bound, True)

    def at_most(self, what: str, value: float, bound: float) -> None:
        self.targets[what] = Target(value, bound, False)

    def table(self, name: str, *columns: str) -> Series:
        self.series[name] = Series(columns)
        return self.series[name]

    def show(self, to: Console = console) -> None:
        table = Table(title=self.title, title_justify="left", show_header=False)
        for name, value in self.figures.items():
            table.add_row(name, _text(value))
        for what, target in self.targets.items():
            table.add_row(what, f"{_verdict(target.holds, 'held', 'MISSED')}  {target}")
        for what, holds in self.checks.items():
            table.add_row(what, _verdict(holds, "holds", "DOES NOT HOLD"))
        for name, series in self.series.items():
            _show_series(to, name, series)
        to.print(table)
        to.print(f"[dim]{machine()}[/]")
        to.print(f"[dim]{', '.join(f'{name} {number}' for name, number in versions().items())}[/]")

    def save(self, path: Path) -> None:
        """JSON at `path`; beside it the same as text, and the plots."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(self.as_dict(), default=str, indent=2, ensure_ascii=False) + "\n")
        with path.with_suffix(".txt").open("w") as text:
            self.show(Console(file=text, width=120, no_color=True))
        for plot in self.plots:
            plot.save(path.parent)

    def as_dict(self) -> dict[str, Any]:
        return {
            "title": self.title,
            "figures": self.figures,
            "targets": {what: asdict(t) | {"holds": t.holds} for what, t in self.targets.items()},
            "checks": self.checks,
            "series": {name: asdict(series) for name, series in self.series.items()},
            "curves": {plot.name: plot.curves for plot in self.plots},
            "machine": machine(),
            "versions": versions(),
        }


def _show_series(to: Console, name: str, series: Series) -> None:
    table = Table(title=name, title_justify="left")
    for index, column in enumerate(series.columns):
        numbers = all(isinstance(row[index], int | float) for row in series.rows)
        table.add_column(column, justify="right" if numbers else "left")
    for row in series.rows:
        table.add_row(*map(_text, row))
    to.print(table)


def _verdict(good: bool, yes: str, no: str) -> str:
    return f"[green]{yes}[/]" if good else f"[bold red]{no}[/]"


def _text(value: Any) -> str:
    match value:
        case bool() | str():
            return str(value)
        case float():
            return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
        case int():
            return f"{value:,}"
        case dict():
            return ", ".join(f"{name} {_text(each)}" for name, each in value.items())
        case Sequence():
            return ", ".join(map(_text, value))
    return str(value)
