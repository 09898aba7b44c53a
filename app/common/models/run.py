"""A run: one row of the ledger. Times are epoch milliseconds (UTC); the log store and the API make them
dates."""

import hashlib
from dataclasses import dataclass
from enum import StrEnum
from operator import attrgetter
from typing import Any


class Status(StrEnum):
    """How a planned fire ended. `RUNNING` is never stored: it is an open record in etcd."""

    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    TIMEOUT = "timeout"
    KILLED = "killed"
    SKIPPED = "skipped"
    MISSED = "missed"
    LOST = "lost"

    @property
    def ran(self) -> bool:
        """Whether a command was started for it (for `LOST`: may have been)."""
        return self not in (Status.SKIPPED, Status.MISSED)

    @property
    def bad(self) -> bool:
        """Whether the job counts as failing after it."""
        return self in (Status.FAILED, Status.TIMEOUT, Status.KILLED, Status.LOST)


class Trigger(StrEnum):
    CRON = "cron"
    MANUAL = "manual"
    RETRY = "retry"
    MISFIRE = "misfire"
    CHAIN = "chain"


@dataclass(slots=True)
class Run:
    """One row. `count` > 1 only for consecutive skipped or missed fires: plan_time is the first of the
    range, last_plan_time the last, and every fire of the schedule between them is counted.
    """

    id: str
    job_name: str
    plan_time: int
    status: Status
    trigger: Trigger = Trigger.CRON
    attempt: int = 1
    command: str = ""
    reason: str = ""
    err: str = ""
    output: str = ""
    schedule_time: int | None = None  # claimed at
    start_time: int | None = None
    end_time: int | None = None
    exit_code: int | None = None
    signal: int | None = None
    worker: str = ""
    pid: int | None = None
    by: str = ""
    output_bytes: int = 0  # printed by the command, also where less is kept
    truncated: bool = False
    cpu_seconds: float | None = None
    max_rss_kb: int | None = None
    fence: int = 0
    job_revision: int = 0
    count: int = 1
    last_plan_time: int | None = None
    expire_at: int | None = None

    @property
    def counts_as_fire(self) -> bool:
        """Whether the row answers for planned fires: not a manual run, nor a second attempt of a fire."""
        return self.trigger in (Trigger.CRON, Trigger.MISFIRE) and self.attempt == 1

    def __reduce__(self) -> tuple[type["Run"], tuple[Any, ...]]:
        # Without the names of the fields, which pickle would add: two to four times as fast.
        return Run, _values(self)


_values = attrgetter(*Run.__slots__)


def run_id(job_name: str, plan_ms: int, attempt: int = 1, *, salt: str = "") -> str:
    """The id of a run: the same for whoever makes it, safe in URLs, sortable by plan time.

    `salt` tells apart what shares job, plan time and attempt: the order id of a manual run, or the kind of a
    row that stands for a range.
    """
    digest = hashlib.blake2b(f"{job_name}\0{salt}".encode(), digest_size=8).hexdigest()
    return f"{plan_ms:013d}-{attempt}-{digest}"
