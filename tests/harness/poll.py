"""Waiting for conditions instead of for time, and ports that stay free until they are used."""

import itertools
import os
import random
import socket
import time
from collections.abc import Callable, Iterator

PATIENCE_SECONDS = 60
"""The least that is waited: a busy machine may stand still for long, and only a failure takes that long."""

# Above those of well-known services, and those that browsers refuse. Below those that the kernel gives to
# clients, of which one could have it before the server starts, or while it is restarted.
LOWEST_PORT, END_OF_PORTS = 12_000, 32_000


def wait_until(
    condition: Callable[[], object], timeout: float = PATIENCE_SECONDS, what: str = "the condition"
) -> object:
    """Poll until `condition` is true and return its value; an AssertionError otherwise.

    `timeout`: in seconds, where it takes longer than `PATIENCE_SECONDS`.
    """
    timeout = max(timeout, PATIENCE_SECONDS)
    deadline = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"{what} did not come true within {timeout} s")
        time.sleep(0.02)


def free_port() -> int:
    """Nothing listens there, and no process of this run of tests has given it out before."""
    return next(port for port in _ports if _is_free(port))


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def _own_ports() -> Iterator[int]:
    """A part of the ports for each process that tests, in a circle from anywhere in it."""
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    number = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    part = range(LOWEST_PORT + number, END_OF_PORTS, workers)
    start = random.randrange(len(part))
    return itertools.cycle([*part[start:], *part[:start]])


_ports = _own_ports()
