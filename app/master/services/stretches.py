"""Many small changes to etcd in one request: several side by side, for no longer than a client waits."""

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

AT_ONCE = 8  # etcd writes transactions that come together to disk as one
STRETCH = 32  # items between two looks at the clock
SECONDS = 20.0

T = TypeVar("T")
R = TypeVar("R")


def in_stretches(act: Callable[[T], R], items: Sequence[T]) -> Iterator[list[R]]:
    """The answers for the items in order, a stretch at a time; ends early when the time is up.

    Whoever stops asking stops the work: no stretch is begun before the one before was taken.
    """
    deadline = time.monotonic() + SECONDS
    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="stretch") as pool:
        for start in range(0, len(items), STRETCH):
            if time.monotonic() >= deadline:
                return
            yield list(pool.map(act, items[start : start + STRETCH]))
