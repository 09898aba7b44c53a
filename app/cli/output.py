"""What all commands share on the terminal: the two consoles, times in the local zone, tables."""

import sys
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from app.cli.terminal import plain

# A pipe has no width: nothing is folded there.
out = Console(highlight=False, width=None if sys.stdout.isatty() else 1000)
err = Console(stderr=True, highlight=False)

STATUS_STYLES = {
    "succeeded": "green",
    "running": "cyan",
    "failed": "red",
    "timeout": "red",
    "killed": "red",
    "lost": "red",
    "skipped": "yellow",
    "missed": "yellow",
    "created": "green",
    "changed": "yellow",
    "invalid": "red",
    "paused": "yellow",
}


def cell(value: object) -> Text:
    """Text of others, as one harmless line; None is shown as nothing."""
    text = "" if value is None else plain(value)
    return Text(text, style=STATUS_STYLES.get(text, ""))


def table(headers: Sequence[str], rows: Sequence[Sequence[object]], *, numbers: Sequence[str] = ()) -> Table:
    """`numbers` are the headers of columns that are aligned to the right."""
    made = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for header in headers:
        made.add_column(header, justify="right" if header in numbers else "left", overflow="fold")
    for row in rows:
        made.add_row(*(value if isinstance(value, Text) else cell(value) for value in row))
    return made


def local_time(value: Any) -> str:
    """An ISO 8601 time of the API in the zone of this machine, to the second."""
    if not isinstance(value, str):
        return ""
    try:
        return datetime.fromisoformat(value).astimezone().strftime("%Y-%m-%d %H:%M:%S")
    except ValueError:
        return value


def progress() -> Progress:
    """On stderr, so that a piped answer stays clean; gone when it is done, and silent without a terminal."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=err,
        transient=True,
        disable=not err.is_terminal,
    )
