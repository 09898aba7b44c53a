"""Workers, schedules, the ledger, health and the system itself as the API shows them."""

from typing import Literal

from pydantic import ConfigDict, Field

from app.common.models import WorkerState
from app.common.models.base import CamelModel
from app.common.models.job import Time
from app.master.schemas.common import Moment, MomentParameter, Parameters, QueryText, Schema
from app.master.services.workers import WorkerStatus


class WorkerView(Schema):
    id: str
    host: str
    pid: int
    version: str
    started: Moment
    labels: dict[str, str]
    capacity: int
    running: int
    state: WorkerState
    reason: str
    silent: bool = Field(description="No heartbeat for 15 s: nothing is placed there")
    drained: bool = Field(description="Takes no new runs until resumed")
    clock_offset_ms: int
    lateness_ms: float = Field(description="p99 of the last minute")


class WorkerList(Schema):
    items: list[WorkerView]


class PreviewRequest(CamelModel):
    model_config = ConfigDict(
        json_schema_extra={"examples": [{"cronExpr": "30 2 * * *", "timezone": "Europe/Berlin", "count": 5}]}
    )

    cron_expr: str = Field(min_length=1, max_length=1024)
    timezone: str | None = Field(None, max_length=64, description="IANA name; default: the server's setting")
    count: int = Field(10, ge=1, le=100)
    name: str = Field("", max_length=128, description="Of the job; H is hashed from it")
    starts_at: Time | None = None
    ends_at: Time | None = None


class PreviewFire(Schema):
    utc: Moment
    local: str = Field(
        description="With the zone's offset at that time", examples=["2030-01-31T16:00:00+08:00"]
    )


class Preview(Schema):
    description: str = Field(description="In the language of Accept-Language")
    timezone: str
    next: list[PreviewFire]
    dst_notes: list[str] = Field(description="What clock changes of the next year do to it")


class LedgerParameters(Parameters):
    job: QueryText | None = Field(None, description="Default: all")
    from_: MomentParameter | None = Field(None, alias="from", description="Default: 24 h before `to`")
    to: MomentParameter | None = Field(None, description="Default: now")
    details: bool = Field(False, description="Figures of each job, those with faults first")


class LedgerFigures(Schema):
    """planned = ran + skipped + missed + lost + running + pending + unclaimed + unaccounted."""

    planned: int = Field(0, description="Fires that the schedules had in the window")
    ran: int = Field(0, description="succeeded + failed + timeout + killed")
    succeeded: int = 0
    failed: int = 0
    timeout: int = 0
    killed: int = 0
    skipped: int = Field(0, description="The previous run was still in progress")
    missed: int = Field(0, description="Nobody was there to run it in time")
    lost: int = Field(0, description="The worker died with it")
    running: int = 0
    pending: int = Field(0, description="Too young to have a row")
    unclaimed: int = Field(0, description="No worker yet; the next one runs them or records them as missed")
    unaccounted: int = Field(0, description="Must be 0")
    duplicated: int = Field(0, description="Rows too many. Must be 0")


class LedgerJob(LedgerFigures):
    name: str
    exact: bool = Field(
        description="False where the job was changed in etcd by hand: its past schedules are not known"
    )


class LedgerView(LedgerFigures):
    from_: Moment = Field(serialization_alias="from")
    to: Moment
    jobs_seen: int
    inexact_jobs: int
    jobs: list[LedgerJob] | None = Field(None, description="At most 1,000, those with faults first")


class Health(Schema):
    status: Literal["ok"] = "ok"


class Part(Schema):
    ready: bool
    detail: str = ""


class Readiness(Schema):
    ready: bool
    parts: dict[str, Part] | None = Field(None, description="Only for those who are signed in")


class StoreAbout(Schema):
    kind: Literal["sqlite", "mongodb"]


class EtcdAbout(Schema):
    version: str
    db_size_bytes: int


class About(Schema):
    version: str
    timezone: str = Field(description="Of jobs that name none")
    now: Moment = Field(description="The time that counts for schedules")
    store: StoreAbout
    etcd: EtcdAbout
    retention_days: int | None = Field(description="How long runs are kept; None: for ever")
    not_yet: list[str] = Field(
        description="Fields of a job, and choices of them, that are refused as not supported yet",
        examples=[["retries", "overlap.queue"]],
    )


def worker_view(status: WorkerStatus) -> WorkerView:
    info = status.info
    own = {"silent": status.silent, "drained": status.drained}
    return WorkerView(
        **{name: getattr(info, name) for name in WorkerView.model_fields if name not in own}, **own
    )
