"""Runs: list, read, follow, kill."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import PlainTextResponse
from pydantic import TypeAdapter
from sse_starlette import EventSourceResponse

from app.common.etcd.txn import Operation
from app.common.logstore import RunQuery
from app.common.models import Run, Status
from app.master.answers import json_answer
from app.master.deps import CurrentPrincipal, StillAllowed, Svc, problems
from app.master.problems import Problem, no_such
from app.master.schemas.jobs import RunIds
from app.master.schemas.runs import RunDetail, RunListPage, RunParameters, detail, view
from app.master.security.roles import Role, needs
from app.master.services.open_runs import FIRST_RECORDS, WaitingOrder

router = APIRouter(prefix="/api/v1/runs", tags=["Runs"])

_PAGE, _DETAIL = TypeAdapter(RunListPage), TypeAdapter(RunDetail)


def _first_open_records(request: Request) -> Operation | None:
    return None if "cursor" in request.query_params else FIRST_RECORDS


@router.get("", summary="List runs", response_model=RunListPage, responses=problems())
@needs(Role.VIEWER, reads=_first_open_records)
def list_runs(
    services: Svc, principal: CurrentPrincipal, wanted: Annotated[RunParameters, Query()]
) -> Response:
    """Every planned fire has a row, also those that were skipped or missed, and so has every manual run. Runs
    in progress come first, on the first page only (at most 1,000).
    """
    found = services.runs.page(
        RunQuery(
            job=wanted.job,
            statuses=tuple(wanted.status),
            worker=wanted.worker,
            triggers=tuple(wanted.trigger),
            since=wanted.since,
            until=wanted.until,
            limit=wanted.limit,
            cursor=wanted.cursor,
        ),
        principal.found,
    )
    items = [view(run) for run in (*found.running, *found.runs)]
    page = RunListPage.model_construct(items=items, next=found.next_cursor)
    return json_answer(_PAGE.dump_json(page))


@router.get("/{run_id}", summary="Show a run", response_model=RunDetail, responses=problems(404))
@needs(Role.VIEWER)
def show_run(services: Svc, run_id: str) -> Response:
    """With its output, once it has ended."""
    return json_answer(_DETAIL.dump_json(detail(services.runs.get(run_id))))


@router.get(
    "/{run_id}/output",
    summary="The output of a run",
    response_class=PlainTextResponse,
    responses=problems(404, 409),
)
@needs(Role.VIEWER)
def run_output(services: Svc, run_id: str) -> PlainTextResponse:
    """Standard output and error as one text. 409 while it runs: follow `stream` then."""
    run = services.runs.get(run_id)
    if isinstance(run, WaitingOrder) or run.status is Status.RUNNING:
        raise Problem(409, "The run has not ended. Its output so far: GET /runs/{id}/stream.")
    return PlainTextResponse(
        run.output.encode(errors="replace"),
        headers={
            # Whatever a command printed, a browser must not take it for a page of ours.
            "Content-Disposition": f'inline; filename="{_file_name(run)}"',
            "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; sandbox",
        },
    )


@router.get(
    "/{run_id}/stream",
    summary="Follow a run's output",
    response_class=EventSourceResponse,
    responses={**problems(404), 200: {"content": {"text/event-stream": {}}}},
)
@needs(Role.VIEWER)
async def stream_run(services: Svc, run_id: str, still_allowed: StillAllowed) -> EventSourceResponse:
    """Server-sent events: `output` with `{offset, text}` as it is printed, then `end` with the run as in GET
    /runs/{id}, without its output. A gap between offsets is output that was not kept."""
    events = await services.run_streams.open(run_id, still_allowed)
    return EventSourceResponse(events, ping=15, send_timeout=20)


@router.post("/{run_id}/kill", summary="Kill a run", status_code=202, responses=problems(404, 409))
@needs(Role.OPERATOR)
def kill_run(services: Svc, principal: CurrentPrincipal, run_id: str) -> RunIds:
    """All that it started gets SIGTERM and, after the job's grace, SIGKILL. No run ids: it had ended."""
    killed = services.orders.kill_run(run_id, principal.actor)
    if not killed:
        run = services.runs.find(run_id)
        if run is None:
            raise no_such("run", run_id)
        if isinstance(run, WaitingOrder):
            raise Problem(409, "The run has not started yet.")
    return RunIds(run_ids=killed)


@router.post("/{run_id}/rerun", summary="Run again", status_code=202, responses=problems(404, 409))
@needs(Role.OPERATOR)
def rerun_run(services: Svc, principal: CurrentPrincipal, run_id: str) -> RunIds:
    """Runs the job of this run once more, as the job is now."""
    run = services.runs.get(run_id)
    job = run.job if isinstance(run, WaitingOrder) else run.job_name
    return RunIds(run_ids=[services.orders.rerun(run_id, job, principal.actor)])


def _file_name(run: Run) -> str:
    return f"{run.id}.txt"
