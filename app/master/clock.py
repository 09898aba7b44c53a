"""The wall clock, handed to services as an argument so that tests can hold the time still."""

import time
from collections.abc import Callable

Clock = Callable[[], int]
"""Epoch milliseconds."""


def wall_clock_ms() -> int:
    return time.time_ns() // 1_000_000
