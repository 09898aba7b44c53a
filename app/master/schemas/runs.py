"""Runs as the API shows them."""

from typing import Literal

from pydantic import Field

from app.common.models import Run, Status, Trigger
from app.master.schemas.common import Moment, MomentParameter, PageParameters, QueryText, Schema
from app.master.services.open_runs import WaitingOrder


class RunParameters(PageParameters):
    job: QueryText | None = None
    status: list[Status] = Field(default_factory=list, max_length=len(Status))
    worker: QueryText | None = None
    trigger: list[Trigger] = Field(default_factory=list, max_length=len(Trigger))
    since: MomentParameter | None = Field(None, description="Planned at this time or later")
    until: MomentParameter | None = Field(None, description="Planned before this time")


class RunView(Schema):
    """One row of the ledger, a run in progress, or an order that no worker has taken yet (`queued`)."""

    id: str
    job_name: str
    status: Status | Literal["queued"]
    plan_time: Moment
    schedule_time: Moment | None = Field(None, description="When a worker claimed it")
    start_time: Moment | None = None
    end_time: Moment | None = None
    trigger: Trigger
    attempt: int = 1
    worker: str = ""
    pid: int | None = None
    exit_code: int | None = None
    signal: int | None = None
    reason: str = Field("", description="Why it was skipped, missed, killed or lost")
    err: str = ""
    by: str = Field("", description="Who ordered or killed it")
    count: int = Field(1, description="More than 1: consecutive skipped or missed fires in one row")
    last_plan_time: Moment | None = Field(None, description="Of the last fire that the row stands for")
    output_bytes: int = 0
    truncated: bool = False
    cpu_seconds: float | None = None
    max_rss_kb: int | None = None
    fence: int = 0
    job_revision: int = 0
    expire_at: Moment | None = None


class RunDetail(RunView):
    command: str = ""
    output: str = Field("", description="Its head and tail; GET /runs/{id}/output has it as plain text")


class RunListPage(Schema):
    items: list[RunView] = Field(description="Runs in progress first, then newest plan time first")
    next: str | None = None


def view(run: Run) -> RunView:
    return RunView.made_of(run)


def detail(run: Run | WaitingOrder) -> RunDetail:
    if isinstance(run, WaitingOrder):
        return RunDetail(
            id=run.run_id,
            job_name=run.job,
            status="queued",
            plan_time=run.order.at if run.order.plan is None else run.order.plan,
            trigger=run.order.trigger,
            attempt=run.order.attempt,
            worker=run.order.target or "",
            by=run.order.by,
        )
    return RunDetail.made_of(run)
