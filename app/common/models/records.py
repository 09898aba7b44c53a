"""What stands in etcd beside the jobs: open records, orders, registrations."""

from enum import StrEnum
from typing import Annotated

from pydantic import ConfigDict, Field, ValidationError

from app.common.models.base import CamelModel
from app.common.models.run import Trigger

LAST_TIME = 4_102_444_800_000  # epoch ms: the year 2100, beyond every fire
EpochMs = Annotated[int, Field(ge=0, le=LAST_TIME)]


class StoredModel(CamelModel):
    """What other processes wrote to etcd, perhaps of a later version: unknown fields are passed over."""

    model_config = ConfigDict(extra="ignore")


class Outcome(StrEnum):
    """What a claim decided."""

    RUN = "run"
    OVERLAP = "overlap"
    MISSED = "missed"


class MissedRange(StoredModel):
    """Consecutive fires that nobody claimed: first and last plan time (epoch ms) and how many they are."""

    first: EpochMs
    last: EpochMs
    count: int = Field(ge=1)


class OpenRecord(StoredModel):
    """`/cron/running/<worker>/<runId>`: a claim whose rows are not stored yet. Times are epoch ms."""

    job: str
    plan: EpochMs
    outcome: Outcome = Field(strict=False)
    attempt: Annotated[int, Field(ge=1, le=1_000)] = 1
    trigger: Trigger = Field(Trigger.CRON, strict=False)
    claimed: EpochMs
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


class RunOrder(StoredModel):
    """`/cron/orders/<name>/<orderId>`: run the job once, now. Unclaimed at `expires_at`, it is recorded as
    missed."""

    by: str = ""
    at: EpochMs
    expires_at: EpochMs
    env: dict[str, str] = Field(default_factory=dict)
    target: str | None = None  # worker id
    trigger: Trigger = Field(Trigger.MANUAL, strict=False)
    plan: EpochMs | None = None  # of the fire that is attempted again; default: `at`
    attempt: Annotated[int, Field(ge=1, le=1_000)] = 1


class WorkerState(StrEnum):
    """`SUSPENDED`: the clock is off; the worker claims nothing until it is right again."""

    ACTIVE = "active"
    DRAINED = "drained"
    SUSPENDED = "suspended"
    STOPPING = "stopping"


class WorkerInfo(StoredModel):
    """`/cron/workers/<id>`: a live worker. `wall_clock` is epoch ms at the heartbeat."""

    id: str
    host: str
    pid: int
    instance: str = ""  # tells a live worker from a dead one with its id
    started: int
    labels: dict[str, str] = Field(default_factory=dict)
    capacity: Annotated[int, Field(ge=1, le=100_000)]
    running: int = 0
    state: WorkerState = Field(WorkerState.ACTIVE, strict=False)
    reason: str = ""
    version: str = ""
    wall_clock: EpochMs = 0
    clock_offset_ms: int = 0
    heartbeat: int = 0  # counts up
    lease: int = 0
    lateness_ms: float = 0  # p99 of the last minute
