"""Waiting for moments, and the figures of many durations."""

import itertools
import sys
import time
from collections.abc import Iterator, Sequence

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn


def pass_time(seconds: float, what: str) -> None:
    """Let load run for a while, with a progress bar where somebody looks."""
    for _ in ticks(seconds, 0.5, what):
        pass


def ticks(seconds: float, every: float, what: str) -> Iterator[int]:
    """Count from 0, `every` seconds, until `seconds` have passed, with a progress bar where somebody looks.
    What takes longer than a tick delays the next."""
    started = time.monotonic()
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, disable=not sys.stderr.isatty(), console=Console(stderr=True)) as bar:
        task = bar.add_task(what, total=seconds)
        for number in itertools.count():
            yield number
            left = started + seconds - time.monotonic()
            if left <= 0:
                break
            time.sleep(min(left, every))
            bar.update(task, completed=time.monotonic() - started)


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
