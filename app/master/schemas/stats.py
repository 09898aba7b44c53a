"""Figures as the API shows them."""

from typing import Annotated

from pydantic import Field

from app.common.models import Status
from app.master.schemas.common import Moment, MomentParameter, Parameters, QueryText, Schema
from app.master.services.job_index import JobStatus


class SummaryView(Schema):
    at: Moment
    jobs: dict[JobStatus, int]
    runs: dict[Status, int] = Field(description="Of the last 24 h")
    running: int
    failing: int = Field(description="Jobs whose last run failed, timed out, was killed or lost")
    workers: int
    workers_silent: int
    capacity: int


class WindowParameters(Parameters):
    since: MomentParameter | None = Field(None, description="Default: 24 h before `until`")
    until: MomentParameter | None = Field(None, description="Default: now")


class HistoryParameters(WindowParameters):
    bucket: Annotated[int, Field(ge=60, le=86_400)] = Field(3600, description="Seconds")


class HistoryBucket(Schema):
    start: Moment
    runs: dict[Status, int]


class History(Schema):
    bucket_seconds: int
    items: list[HistoryBucket] = Field(description="Buckets that have any runs")


class WorkloadParameters(WindowParameters):
    bucket: Annotated[int, Field(ge=60, le=86_400, multiple_of=60)] = Field(900, description="Seconds")


class WorkerHistory(Schema):
    worker: str
    items: list[HistoryBucket] = Field(description="Buckets that have any runs")


class Workload(Schema):
    bucket_seconds: int
    workers: list[WorkerHistory] = Field(description="By name; also of workers that are gone")


class UpcomingParameters(Parameters):
    hours: Annotated[int, Field(ge=1, le=48)] = 24
    bucket: Annotated[int, Field(ge=60, le=3600, multiple_of=60)] = Field(60, description="Seconds")
    group: QueryText | None = Field(
        None, description="Only jobs of this group; empty: jobs without one. Default: all jobs"
    )
    groups: bool = Field(True, description="Also count by group")


class UpcomingGroup(Schema):
    group: str | None = Field(description="None: jobs without a group")
    total: int
    fires: list[int] = Field(description="Of each bucket")


class Upcoming(Schema):
    at: Moment = Field(description="As of when the jobs are: a large list is counted at intervals")
    start: Moment = Field(description="Of the first bucket, which has begun already")
    bucket_seconds: int
    total: int
    fires: list[int] = Field(description="Of each bucket")
    groups: list[UpcomingGroup] = Field(description="At most 50, largest first")
