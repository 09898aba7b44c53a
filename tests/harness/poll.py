"""Waiting for conditions instead of for time."""

import socket
import time
from collections.abc import Callable


def wait_until(condition: Callable[[], object], timeout: float = 10, what: str = "the condition") -> object:
    """Poll until `condition` is true and return its value; an AssertionError otherwise."""
    deadline = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"{what} did not come true within {timeout} s")
        time.sleep(0.02)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
