"""Figures and live events for the console."""

from typing import Annotated

from fastapi import APIRouter, Query
from sse_starlette import EventSourceResponse

from app.master.deps import CurrentPrincipal, StillAllowed, Svc, problems
from app.master.schemas.system import History, HistoryBucket, HistoryParameters, SummaryView
from app.master.security.roles import Role, needs
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
    until = services.now() if wanted.until is None else wanted.until
    since = until - DAY_MS if wanted.since is None else wanted.since
    buckets = services.stats.history(since, until, wanted.bucket * 1000)
    items = [HistoryBucket(start=start, runs=runs) for start, runs in buckets]
    return History(bucket_seconds=wanted.bucket, items=items)


@router.get(
    "/events",
    summary="Follow changes",
    response_class=EventSourceResponse,
    responses={**problems(), 200: {"content": {"text/event-stream": {}}}},
)
@needs(Role.VIEWER)
async def events(services: Svc, still_allowed: StillAllowed) -> EventSourceResponse:
    """Server-sent events: `jobs` and `workers` with the names that changed, `runs` with new rows, `reload`
    when the client should fetch its lists again because it, or the change, was too much.
    """
    return EventSourceResponse(services.events.subscribe(still_allowed), ping=15, send_timeout=20)
