"""One command that was started and is not over yet: its output as it comes, and how it ended."""

import contextlib
import os
from dataclasses import dataclass
from enum import StrEnum
from math import inf

from app.worker.command import Launch
from app.worker.masking import Mask
from app.worker.output_buffer import OutputBuffer

CHUNK = 65_536  # bytes read from one command a turn: what a pipe holds
LAST_READS = 16  # chunks, where somebody still holds the pipe: as much as an ordinary user's pipe can hold


class Cause(StrEnum):
    """Why a run ended."""

    EXIT = "exit"
    TIMEOUT = "timeout"
    KILL = "kill"
    STOP = "stop"
    SPAWN_ERROR = "spawn error"


@dataclass(slots=True, kw_only=True)
class Ended:
    """How a run ended. Times are epoch ms. Exit code and signal are the leader's; at most one of them is set.

    `max_rss_kb` is None where the command never used more memory than the process that started it, for Linux
    counts from there. `survivors` are processes that SIGKILL did not end; normally there are none.
    """

    run_id: str
    cause: Cause
    reason: str = ""
    pid: int | None = None
    start_ms: int | None = None
    end_ms: int
    exit_code: int | None = None
    signal: int | None = None
    output: str = ""
    output_bytes: int = 0
    truncated: bool = False
    cpu_seconds: float | None = None
    max_rss_kb: int | None = None
    survivors: int = 0


class Running:
    """A started command. `deadline`, `kill_at` and `give_up_at` are monotonic times, `inf` while not set."""

    __slots__ = (
        "cause",
        "cpu_seconds",
        "deadline",
        "fd",
        "give_up_at",
        "kill_at",
        "launch",
        "mask",
        "max_rss_kb",
        "output",
        "pid",
        "reason",
        "run_id",
        "start_ms",
        "start_ticks",
        "status",
    )

    def __init__(
        self,
        launch: Launch,
        pid: int,
        fd: int,
        start_ms: int,
        start_ticks: int,
        now: float,
        mask: Mask | None = None,
    ) -> None:
        self.launch = launch
        self.mask = mask
        self.run_id = launch.run_id
        self.pid = pid
        self.fd = fd  # the pipe; -1 once closed
        self.start_ms = start_ms
        self.start_ticks = start_ticks
        self.deadline = inf if launch.timeout is None else now + launch.timeout
        self.kill_at = self.give_up_at = inf
        self.cause: Cause | None = None  # set when the end begins
        self.reason = ""
        self.status: int | None = None  # wait status of the leader, once it is reaped
        self.cpu_seconds: float | None = None
        self.max_rss_kb: int | None = None
        self.output = OutputBuffer(launch.output_limit)

    @property
    def leader_alive(self) -> bool:
        return self.status is None

    @property
    def pipe_inode(self) -> int:
        return os.fstat(self.fd).st_ino if self.fd >= 0 else -1

    def read(self, hung_up: bool) -> bool:
        """Read one chunk from the pipe; False once it is at its end. Raises BlockingIOError if it is empty.

        `hung_up`: nobody holds the other end any more.
        """
        data = os.read(self.fd, CHUNK)
        self.output.write(data if self.mask is None else self.mask.hide(data))
        return bool(data) and not (hung_up and len(data) < CHUNK)

    def drain(self) -> None:
        """Read what is in the pipe without waiting for more."""
        with contextlib.suppress(BlockingIOError):
            for _ in range(LAST_READS):
                if not self.read(hung_up=False):
                    return

    def end_output(self) -> None:
        """Nothing more is read."""
        if self.mask is not None:
            self.output.write(self.mask.rest())

    def ended(self, end_ms: int, survivors: int) -> Ended:
        reason = self.reason
        if survivors:
            reason = f"{reason}; {survivors} of its processes could not be ended".removeprefix("; ")
        code = None if self.status is None else os.waitstatus_to_exitcode(self.status)
        text, truncated = self.output.text()
        return Ended(
            run_id=self.run_id,
            cause=self.cause or Cause.EXIT,
            reason=reason,
            pid=self.pid,
            start_ms=self.start_ms,
            end_ms=end_ms,
            exit_code=code if code is not None and code >= 0 else None,
            signal=-code if code is not None and code < 0 else None,
            output=text,
            output_bytes=self.output.total,
            truncated=truncated,
            cpu_seconds=self.cpu_seconds,
            max_rss_kb=self.max_rss_kb,
            survivors=survivors,
        )
