"""The limit of the machine: how many commands a second a loop starts that does nothing else.

It starts the same command in the same environment, with as many at once as a worker by default, and captures
and reaps as a worker does; it plans, claims and records nothing.
"""

import os
import select
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from app.common.settings import WorkerSettings
from app.worker.command import Launch, base_environment, environment
from tests.harness.oracle import Oracle

CONCURRENCY: int = WorkerSettings.model_fields["capacity"].default
# A shell with a locale takes longer to start than one without: the commands of both see the same.
_LAUNCH = Launch(
    run_id="1900000000000-1-0123456789abcdef",
    job_name="job-1",
    command="",
    plan_time=1_900_000_000_000,
    worker="w0",
)
ENVIRONMENT = environment(_LAUNCH, base_environment(os.environ))


def bare_rate(seconds: float, concurrency: int = CONCURRENCY) -> float:
    """Commands a second, over `seconds`."""
    with TemporaryDirectory(prefix="yuanya-load-") as directory:
        started = time.monotonic()
        done = _loop(
            Oracle(Path(directory)).command(), concurrency, lambda _: time.monotonic() - started < seconds
        )
        return done / (time.monotonic() - started)


def bare_starts(count: int, concurrency: int = CONCURRENCY) -> list[int]:
    """When each of `count` commands started that are wanted at once: ms after that, by their own clocks."""
    with TemporaryDirectory(prefix="yuanya-load-") as directory:
        oracle = Oracle(Path(directory))
        wanted = time.time_ns() // 1_000_000
        _loop(oracle.command(), concurrency, lambda begun: begun < count)
        return sorted(start.at - wanted for start in oracle.starts())


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
