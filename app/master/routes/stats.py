"""Figures and live events for the console."""

from typing import Annotated

from fastapi import APIRouter, Query
from sse_starlette import EventSourceResponse

from app.common.models import Status
from app.master.deps import CurrentPrincipal, StillAllowed, Svc, problems
from app.master.schemas.stats import (
    History,
    HistoryBucket,
    HistoryParameters,
    SummaryView,
    Upcoming,
    UpcomingGroup,
    UpcomingParameters,
    WindowParameters,
    WorkerHistory,
    Workload,
    WorkloadParameters,
)
from app.master.security.roles import Role, needs
from app.master.services.container import Services
from app.master.services.stats import DAY_MS

router = APIRouter(prefix="/api/v1", tags=["Overview"])


@router.get("/stats/summary", summary="The state of everything in figures", responses=problems())
@needs(Role.VIEWER)
def summary(services: Svc, principal: CurrentPrincipal) -> SummaryView:
    services.index.wait_for(principal.jobs_revision)
    figures = services.stats.summary()
    return SummaryView(**{name: getattr(figures, name) for name in SummaryView.model_fields})


@router.get("/stats/history", summary="Runs over time by status", responses=problems())
@needs(Role.VIEWER)
def history(services: Svc, wanted: Annotated[HistoryParameters, Query()]) -> History:
    since, until = _window(services, wanted)
    buckets = services.stats.history(since, until, wanted.bucket * 1000)
    return History(bucket_seconds=wanted.bucket, items=_buckets(buckets))


@router.get("/stats/workload", summary="Runs over time by worker and status", responses=problems())
@needs(Role.VIEWER)
def workload(services: Svc, wanted: Annotated[WorkloadParameters, Query()]) -> Workload:
    since, until = _window(services, wanted)
    workers = services.stats.workload(since, until, wanted.bucket * 1000)
    return Workload(
        bucket_seconds=wanted.bucket,
        workers=[WorkerHistory(worker=name, items=_buckets(buckets)) for name, buckets in workers],
    )


@router.get("/stats/upcoming", summary="Planned fires over time", responses=problems())
@needs(Role.VIEWER)
def upcoming(
    services: Svc, principal: CurrentPrincipal, wanted: Annotated[UpcomingParameters, Query()]
) -> Upcoming:
    """How many fires the schedules have in each bucket of the next hours, so that pile-ups show."""
    services.index.wait_for(principal.jobs_revision)
    found = services.upcoming.count(wanted.hours, wanted.bucket, wanted.group)
    return Upcoming(
        at=found.at,
        start=found.start,
        bucket_seconds=wanted.bucket,
        total=sum(found.fires),
        fires=found.fires,
        groups=[
            UpcomingGroup(group=name, total=sum(fires), fires=fires)
            for name, fires in (found.groups if wanted.groups else ())
        ],
    )


@router.get(
    "/events",
    summary="Follow changes",
    response_class=EventSourceResponse,
    responses={**problems(), 200: {"content": {"text/event-stream": {}}}},
)
@needs(Role.VIEWER)
async def events(services: Svc, still_allowed: StillAllowed) -> EventSourceResponse:
    """Server-sent events: `jobs` and `workers` with the names that changed, `runs` with new rows, `running`
    when the runs in progress have changed, with how many there are and whose they are (at most 100 jobs),
    `reload` when the client should fetch its lists again because it, or the change, was too much.
    """
    return EventSourceResponse(services.events.subscribe(still_allowed), ping=15, send_timeout=20)


def _window(services: Services, wanted: WindowParameters) -> tuple[int, int]:
    until = services.now() if wanted.until is None else wanted.until
    return until - DAY_MS if wanted.since is None else wanted.since, until


def _buckets(found: list[tuple[int, dict[Status, int]]]) -> list[HistoryBucket]:
    return [HistoryBucket(start=start, runs=runs) for start, runs in found]
