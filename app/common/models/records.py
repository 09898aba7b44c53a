"""What stands in etcd beside the jobs: open records, orders, registrations."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field, ValidationError

from app.common.models.base import CamelModel
from app.common.models.run import Trigger


class Outcome(StrEnum):
    """What a claim decided."""

    RUN = "run"
    OVERLAP = "overlap"
    MISSED = "missed"


class MissedRange(CamelModel):
    """Consecutive fires that nobody claimed: first and last plan time (epoch ms) and how many they are."""

    first: int
    last: int
    count: int = Field(ge=1)


class OpenRecord(CamelModel):
    """`/cron/running/<worker>/<runId>`: a claim whose rows are not stored yet. Times are epoch ms."""

    job: str
    plan: int
    outcome: Outcome = Field(strict=False)
    attempt: int = 1
    trigger: Trigger = Field(Trigger.CRON, strict=False)
    claimed: int
    job_revision: int = 0
    by: str = ""
    missed: MissedRange | None = None
    missed_reason: str = ""
    rerun: bool = False
    skipped: MissedRange | None = None
    """For OVERLAP: the range of skipped fires this record stands for."""


class KillOrder(CamelModel):
    """`/cron/killer/<name>`: kill these runs, or, with `run_ids` absent, all that run now."""

    run_ids: list[str] | None = None
    by: str = ""
    at: int = 0

    @classmethod
    def parse(cls, value: bytes) -> "KillOrder":
        """An empty value or anything else that is no kill order means: all, by whoever wrote the key."""
        try:
            return cls.model_validate_json(value)
        except ValidationError:
            return cls(by="etcd")


class RunOrder(CamelModel):
    """`/cron/orders/<name>/<orderId>`: run the job once, now. Unclaimed at `expires_at`, it is recorded as
    missed."""

    by: str = ""
    at: int
    expires_at: int
    env: dict[str, str] = Field(default_factory=dict)
    target: str | None = None  # worker id
    trigger: Trigger = Field(Trigger.MANUAL, strict=False)
    plan: int | None = None  # of the fire that is attempted again; default: `at`
    attempt: int = 1


class WorkerState(StrEnum):
    """`SUSPENDED`: the clock is off; the worker claims nothing until it is right again."""

    ACTIVE = "active"
    DRAINED = "drained"
    SUSPENDED = "suspended"
    STOPPING = "stopping"


class WorkerInfo(CamelModel):
    """`/cron/workers/<id>`: a live worker. `wall_clock` is epoch ms at the heartbeat."""

    id: str
    host: str
    pid: int
    instance: str = ""  # tells a live worker from a dead one with its id
    started: int
    labels: dict[str, str] = Field(default_factory=dict)
    capacity: Annotated[int, Field(ge=1)]
    running: int = 0
    state: WorkerState = Field(WorkerState.ACTIVE, strict=False)
    reason: str = ""
    version: str = ""
    wall_clock: int = 0
    clock_offset_ms: int = 0
    heartbeat: int = 0  # counts up
    lease: int = 0
    lateness_ms: float = 0  # p99 of the last minute
