"""Waiting for moments, and the figures of many durations."""

import sys
import time
from collections.abc import Sequence

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn


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


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least `share` of all do not exceed (nearest rank); 0 of none."""
    ordered = sorted(values)
    return ordered[max(0, -(-len(ordered) * round(share * 1000) // 1000) - 1)] if ordered else 0.0
