"""The limit of the machine: how many commands a second a loop starts that does nothing else."""

import os
import select
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.harness.oracle import Oracle

CONCURRENCY = 16
ENVIRONMENT = {
    "PATH": "/usr/bin:/bin",
    "CRON_JOB": "job-1",
    "CRON_RUN_ID": "1900000000000-1-0123456789abcdef",
    "CRON_PLAN_TIME": "2030-03-17T17:46:40.000Z",
}


def bare_rate(seconds: float, concurrency: int = CONCURRENCY) -> float:
    """Commands a second of a loop that only spawns, captures and reaps the jobs' own command."""
    with TemporaryDirectory(prefix="yuanya-load-") as directory:
        command = Oracle(Path(directory)).command()
        started = time.monotonic()
        done = _loop(command, concurrency, lambda _: time.monotonic() - started < seconds)
        return done / (time.monotonic() - started)


def bare_seconds(count: int, concurrency: int = CONCURRENCY) -> float:
    """How long the same loop takes to run `count` commands."""
    with TemporaryDirectory(prefix="yuanya-load-") as directory:
        started = time.monotonic()
        _loop(Oracle(Path(directory)).command(), concurrency, lambda begun: begun < count)
        return time.monotonic() - started


def _loop(command: str, concurrency: int, go_on: Callable[[int], bool]) -> int:
    null = os.open(os.devnull, os.O_RDONLY)
    epoll = select.epoll()
    pipes: dict[int, int] = {}
    begun = 0
    while True:
        while len(pipes) < concurrency and go_on(begun):
            reader, writer = os.pipe()
            pid = os.posix_spawn(
                "/bin/bash",
                ["/bin/bash", "-c", command],
                ENVIRONMENT,
                file_actions=[
                    (os.POSIX_SPAWN_DUP2, null, 0),
                    (os.POSIX_SPAWN_DUP2, writer, 1),
                    (os.POSIX_SPAWN_DUP2, writer, 2),
                ],
                setsid=True,
            )
            os.close(writer)
            pipes[reader] = pid
            epoll.register(reader, select.EPOLLIN)
            begun += 1
        if not pipes:
            break
        for fd, _ in epoll.poll():
            if not os.read(fd, 65536):
                epoll.unregister(fd)
                os.close(fd)
                os.wait4(pipes.pop(fd), 0)
    epoll.close()
    os.close(null)
    return begun
