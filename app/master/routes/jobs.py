"""Jobs: list, read, write."""

from dataclasses import replace
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Depends, Query, Response

from app.common.errors import EtcdError, StoreError
from app.common.models import Job
from app.master.bodies import JsonBody, merge_patch
from app.master.deps import CurrentPrincipal, IfMatch, JobName, Language, RawJobName, Svc, problems
from app.master.problems import Problem
from app.master.schemas.common import PageParameters
from app.master.schemas.jobs import (
    InvalidJobView,
    JobChange,
    JobHistory,
    JobListPage,
    JobParameters,
    JobView,
    Known,
    view,
)
from app.master.security.roles import Role, needs
from app.master.services.container import Services
from app.master.services.job_index import JobRow
from app.master.services.jobs import named

router = APIRouter(prefix="/api/v1/jobs", tags=["Jobs"])

JobBody = Annotated[Job, Depends(JsonBody(Job))]
MergePatch = Annotated[dict[str, object], Depends(merge_patch)]


@router.get("", summary="List jobs", responses=problems())
@needs(Role.VIEWER)
def list_jobs(
    services: Svc, principal: CurrentPrincipal, language: Language, wanted: Annotated[JobParameters, Query()]
) -> JobListPage:
    """Searched, filtered and sorted. Contains every write that was answered before the request came,
    whichever master answered it. Pages are continued with `cursor`.
    """
    services.index.wait_for(principal.jobs_revision)
    page = services.job_list.page(wanted.filter(), wanted.limit, wanted.cursor, wanted.sort)
    known, warnings = _known(services, page.rows, wanted.recent)
    now = services.now()
    return JobListPage.model_construct(
        items=[view(row, services.index.job_of(row), now, language, known) for row in page.rows],
        total=page.total,
        next=page.next_cursor,
        warnings=warnings,
    )


@router.post("", summary="Create a job", status_code=201, responses=problems(400, 409, 413))
@needs(Role.EDITOR)
def create_job(
    services: Svc, principal: CurrentPrincipal, language: Language, job: JobBody, response: Response
) -> JobView:
    """`name`, `command` and `cronExpr` are enough. 409 if there is a job of that name."""
    written = services.jobs.create(job, principal.actor)
    response.headers["Location"] = f"/api/v1/jobs/{quote(job.name)}"
    return answered(services, written.row, language, response)


@router.get("/{name}", summary="Show a job", responses=problems(404))
@needs(Role.VIEWER)
def show_job(
    services: Svc, name: RawJobName, language: Language, response: Response
) -> JobView | InvalidJobView:
    """Read straight from etcd. The ETag is the job's revision."""
    row = services.jobs.read(services.jobs.stored_name(name))
    response.headers["ETag"] = f'"{row.revision}"'
    known, _ = _known(services, [row])
    return view(row, services.index.job_of(row), services.now(), language, known)


@router.put("/{name}", summary="Create or replace a job", responses=problems(400, 409, 412, 413))
@needs(Role.EDITOR)
def replace_job(
    services: Svc,
    principal: CurrentPrincipal,
    name: JobName,
    language: Language,
    job: JobBody,
    precondition: IfMatch,
    response: Response,
) -> JobView:
    """With `If-Match` only that revision is replaced (else 412); with `If-None-Match: *` it is only created;
    without either, the last writer wins. A change of the schedule counts from now: no fire of the old one
    counts as missed.
    """
    written = services.jobs.replace(named(job, name), precondition, principal.actor)
    if written.created:
        response.status_code = 201
    return answered(services, written.row, language, response)


@router.patch("/{name}", summary="Change some fields of a job", responses=problems(400, 404, 409, 412, 413))
@needs(Role.EDITOR)
def patch_job(
    services: Svc,
    principal: CurrentPrincipal,
    name: JobName,
    language: Language,
    patch: MergePatch,
    precondition: IfMatch,
    response: Response,
) -> JobView:
    """A JSON merge patch (RFC 7396): fields that are absent stay, null sets a field back to its default."""
    written = services.jobs.patch(name, patch, precondition, principal.actor)
    return answered(services, written.row, language, response)


@router.delete("/{name}", summary="Delete a job", status_code=204, responses=problems(400, 404, 409, 412))
@needs(Role.EDITOR)
def delete_job(services: Svc, principal: CurrentPrincipal, name: RawJobName, precondition: IfMatch) -> None:
    """No fire is claimed after the answer. A run in progress finishes; kill it first if it must not."""
    services.jobs.delete(services.jobs.stored_name(name), precondition, principal.actor)


@router.get("/{name}/history", summary="Who changed a job", responses=problems())
@needs(Role.VIEWER)
def job_history(services: Svc, name: JobName, wanted: Annotated[PageParameters, Query()]) -> JobHistory:
    """Newest first; also of a deleted job."""
    page = services.audit.read(kind="job", target=name, limit=wanted.limit, cursor=wanted.cursor)
    items = [
        JobChange(at=e.at, actor=e.actor, action=e.action, before=e.before, after=e.after, detail=e.detail)
        for e in page.entries
    ]
    return JobHistory(items=items, next=page.next_cursor)


def answered(services: Services, row: JobRow, language: str, response: Response) -> JobView:
    """The job as it was written just now, with its ETag."""
    response.headers["ETag"] = f'"{row.revision}"'
    known, _ = _known(services, [row])
    answer = view(row, services.index.job_of(row), services.now(), language, known)
    assert isinstance(answer, JobView)
    return answer


def _known(services: Services, rows: list[JobRow], recent: int = 0) -> tuple[Known, list[str]]:
    """With what could not be known: a job that was found or written is answered with in any case."""
    names = [row.name for row in rows]
    known, warnings = Known(), []
    try:
        known = replace(known, running=services.running.counts())
    except (EtcdError, Problem):
        warnings.append("etcd does not answer: runs in progress are not known.")
    try:
        if names:
            known = replace(known, states=services.store.job_states(names))
        if recent:
            known = replace(known, recent=services.store.recent_runs(names, recent))
    except StoreError:
        warnings.append("The log store does not answer: last runs are not known.")
    return known, warnings
