"""Jobs as the API shows them."""

import functools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from pydantic import ConfigDict, Field, TypeAdapter, ValidationInfo, field_validator

from app.common import keys
from app.common.logstore import JobState, RecentRun
from app.common.models import InvalidJob, Job, Status, parse_job
from app.common.models.base import CamelModel
from app.common.models.job import Name, Text
from app.master.schemas.common import Moment, PageParameters, Parameters, QueryText, Schema
from app.master.services.job_filter import JobFilter, LastStatus
from app.master.services.job_index import JobRow, JobStatus
from app.master.services.job_list import SORTS

REMEMBERED = 8_192  # jobs as JSON, of about 1 KB each, that lists have shown last
MAX_RECENT = 5_000  # rows of one page, over all its jobs

JOB_EXAMPLE: dict[str, Any] = {
    "name": "nightly-backup",
    "command": "/usr/local/bin/backup --all",
    "cronExpr": "30 2 * * *",
    "timezone": "Asia/Shanghai",
    "group": "backups",
    "timeoutSeconds": 3600,
}


class JobSelection(Parameters):
    """Which jobs; all that is given must hold."""

    q: QueryText = Field(
        "", description="Part of the name, command, description or a tag; case does not matter"
    )
    group: QueryText | None = Field(None, description="Empty: jobs without a group")
    tag: QueryText | None = None
    state: JobStatus | None = None
    last_status: list[LastStatus] = Field(
        default_factory=list,
        max_length=len(LastStatus),
        description="How the last run ended: any of these. `never`: nothing is on record",
    )
    label: list[QueryText] = Field(
        default_factory=list,
        max_length=16,
        description="`key` or `key=value`; the job's workerLabels have all of these",
    )

    def filter(self) -> JobFilter:
        return JobFilter(
            q=self.q,
            group=self.group,
            tag=self.tag,
            state=self.state,
            last_statuses=tuple(self.last_status),
            labels=tuple(self.label),
        )


class JobParameters(JobSelection, PageParameters):
    sort: str = Field("name", description=f"One of {', '.join(SORTS)}; with a leading - for descending")
    recent: int = Field(
        0,
        ge=0,
        le=50,
        description="How many of each job's last runs to show with it; "
        f"`limit` times `recent` is at most {MAX_RECENT}",
    )

    @field_validator("sort")
    @classmethod
    def _sort(cls, value: str) -> str:
        if not re.fullmatch(f"-?({'|'.join(SORTS)})", value):
            raise ValueError(f"must be one of {', '.join(SORTS)}, with a leading - for descending")
        return value

    @field_validator("recent")
    @classmethod
    def _recent(cls, value: int, info: ValidationInfo) -> int:
        limit = info.data.get("limit", 0)
        if value * limit > MAX_RECENT:
            raise ValueError(f"must be at most {MAX_RECENT // limit} with limit={limit}")
        return value


class LastRun(Schema):
    status: Status
    plan_time: Moment
    start_time: Moment | None = None
    end_time: Moment | None = None
    last_success: Moment | None = None
    failures_in_a_row: int = 0
    typical_duration_ms: float | None = None

    @classmethod
    def of(cls, state: JobState) -> "LastRun":
        return cls(
            status=state.last_status,
            plan_time=state.last_plan_time,
            start_time=state.last_start,
            end_time=state.last_end,
            last_success=state.last_success,
            failures_in_a_row=state.failures_in_a_row,
            typical_duration_ms=state.typical_duration_ms,
        )


class RecentRunView(Schema):
    id: str
    status: Status
    plan_time: Moment
    start_time: Moment | None = None
    end_time: Moment | None = None

    @classmethod
    def of(cls, run: RecentRun) -> "RecentRunView":
        return cls.made_of(run)


class Standing(Schema):
    """What the system knows about a job beside its definition."""

    revision: int = Field(description="Also the ETag; send it as If-Match to change exactly this version")
    state: JobStatus
    next_fire: Moment | None = None
    schedule_text: str = Field("", description="The schedule in words, in the language of Accept-Language")
    last_run: LastRun | None = Field(None, description="None: it never ran, or the log store does not answer")
    running: int = Field(0, description="Its runs in progress, as of the last second")
    recent_runs: list[RecentRunView] | None = Field(
        None, description="Its last rows, newest first; None unless asked for"
    )


class JobView(Standing, Job):
    """A job with what the system knows about it. The fields from `revision` on are for reading only."""

    model_config = ConfigDict(
        title="JobView",
        json_schema_extra={"examples": [{**JOB_EXAMPLE}]},
        json_schema_serialization_defaults_required=False,
    )


class InvalidJobView(Schema):
    """What stands in etcd under a job's key and is not a job."""

    name: str
    revision: int
    state: Literal["invalid"] = "invalid"
    running: int = 0
    reason: str = Field(description="What is wrong with it")
    raw: str = Field(description="The first 4096 bytes of what stands there")


class JobListPage(Schema):
    items: list[JobView | InvalidJobView]
    total: int = Field(description="Of all pages")
    next: str | None = Field(None, description="`cursor` of the next page; None on the last")
    warnings: list[str] = Field(
        default_factory=list, description="What could not be known, such as last runs while the store is away"
    )


class RunRequest(CamelModel):
    """All optional."""

    model_config = ConfigDict(json_schema_extra={"examples": [{}, {"env": {"DRY_RUN": "1"}}]})

    env: dict[str, Text] = Field(
        default_factory=dict,
        max_length=256,
        description="Added to the job's own. Needs the role editor: it can make a command do anything",
    )
    worker: str | None = Field(None, min_length=1, max_length=128, description="Run it there")


class CloneRequest(CamelModel):
    model_config = ConfigDict(json_schema_extra={"examples": [{"name": "nightly-backup-2"}]})

    name: Name = Field(description="Of the new job")
    enabled: bool = Field(False, description="Whether it fires at once")


class RunIds(Schema):
    run_ids: list[str] = Field(description="Of the runs concerned; GET /runs/{id} follows each")


class JobChange(Schema):
    """One entry of a job's history."""

    at: Moment
    actor: str
    action: str = Field(examples=["job.update"])
    before: dict[str, Any] | None = None
    after: dict[str, Any] | None = None
    detail: dict[str, Any] = Field(default_factory=dict)


class JobHistory(Schema):
    items: list[JobChange]
    next: str | None = None


@dataclass(frozen=True, slots=True)
class Known:
    """What is known about jobs beside their definitions, by name."""

    states: Mapping[str, JobState] = field(default_factory=dict)
    running: Mapping[str, int] = field(default_factory=dict)
    recent: Mapping[str, Sequence[RecentRun]] | None = None


_JOB, _STANDING = TypeAdapter(Job), TypeAdapter(Standing)
_INVALID, _PAGE = TypeAdapter(InvalidJobView), TypeAdapter(JobListPage)


def job_json(row: JobRow, timezone: str, now: int, language: str, known: Known) -> bytes:
    """A JobView or an InvalidJobView. `timezone`: of jobs that name none."""
    return _job_json(
        row,
        timezone,
        row.status(now),
        row.next_fire(now),
        language,
        known.states.get(row.name),
        known.running.get(row.name, 0),
        None if known.recent is None else tuple(known.recent.get(row.name, ())),
    )


@functools.lru_cache(maxsize=REMEMBERED)
def _job_json(
    row: JobRow,
    timezone: str,
    status: JobStatus,
    next_fire: int | None,
    language: str,
    state: JobState | None,
    running: int,
    recent: tuple[RecentRun, ...] | None,
) -> bytes:
    """All that it depends on is an argument; a row never changes its value."""
    job = parse_job(keys.job(row.name), row.value, timezone)
    if isinstance(job, InvalidJob):
        raw = job.raw[:4096].decode(errors="replace")
        invalid = InvalidJobView(
            name=row.name, revision=row.revision, running=running, reason=job.reason, raw=raw
        )
        return _INVALID.dump_json(invalid)
    standing = Standing(
        revision=row.revision,
        state=status,
        next_fire=next_fire,
        schedule_text=row.schedule.describe(language) if row.schedule else "",
        last_run=LastRun.of(state) if state else None,
        running=running,
        recent_runs=None if recent is None else list(map(RecentRunView.of, recent)),
    )
    # Written one by one: making one object of both, to write that, would take longer.
    return _JOB.dump_json(job)[:-1] + b"," + _STANDING.dump_json(standing)[1:]


def page_json(jobs: Sequence[bytes], total: int, next_cursor: str | None, warnings: list[str]) -> bytes:
    """A JobListPage of what `job_json` made."""
    start, end = b'{"items":[', b"]"
    page = _PAGE.dump_json(JobListPage(items=[], total=total, next=next_cursor, warnings=warnings))
    assert page.startswith(start + end)
    return start + b",".join(jobs) + page[len(start) :]
