"""Jobs: list, read, write."""

import unicodedata
from dataclasses import replace
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Depends, Query, Response

from app.common import keys
from app.common.errors import EtcdError, StoreError
from app.common.etcd import txn
from app.common.models import Job
from app.master.answers import json_answer
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
    job_json,
    page_json,
)
from app.master.security.roles import Role, needs
from app.master.services.container import Services
from app.master.services.job_index import JobRow
from app.master.services.jobs import named

router = APIRouter(prefix="/api/v1/jobs", tags=["Jobs"])

JobBody = Annotated[Job, Depends(JsonBody(Job))]
MergePatch = Annotated[dict[str, object], Depends(merge_patch)]


@router.get("", summary="List jobs", response_model=JobListPage, responses=problems())
@needs(Role.VIEWER)
def list_jobs(
    services: Svc, principal: CurrentPrincipal, language: Language, wanted: Annotated[JobParameters, Query()]
) -> Response:
    """Searched, filtered and sorted. Contains every write that was answered before the request came,
    whichever master answered it. Pages are continued with `cursor`.
    """
    services.index.wait_for(principal.jobs_revision)
    page = services.job_list.page(wanted.filter(), wanted.limit, wanted.cursor, wanted.sort)
    known, warnings = _known(services, page.rows, wanted.recent)
    now = services.now()
    jobs = [job_json(row, services.timezone, now, language, known) for row in page.rows]
    return json_answer(page_json(jobs, page.total, page.next_cursor, warnings))


@router.post(
    "",
    summary="Create a job",
    status_code=201,
    response_model=JobView,
    responses=problems(400, 409, 413),
)
@needs(Role.EDITOR)
def create_job(services: Svc, principal: CurrentPrincipal, language: Language, job: JobBody) -> Response:
    """`name`, `command` and `cronExpr` are enough. 409 if there is a job of that name."""
    written = services.jobs.create(job, principal.actor)
    return job_answer(services, written.row, language, 201, Location=f"/api/v1/jobs/{quote(job.name)}")


@router.get("/{name}", summary="Show a job", response_model=JobView | InvalidJobView, responses=problems(404))
@needs(Role.VIEWER, reads=lambda request: txn.get(keys.job(request.path_params["name"])))
def show_job(services: Svc, principal: CurrentPrincipal, name: RawJobName, language: Language) -> Response:
    """Read straight from etcd. The ETag is the job's revision."""
    row = services.jobs.read(unicodedata.normalize("NFC", name), principal.found)
    return job_answer(services, row, language)


@router.put(
    "/{name}",
    summary="Create or replace a job",
    response_model=JobView,
    responses=problems(400, 409, 412, 413),
)
@needs(Role.EDITOR)
def replace_job(
    services: Svc,
    principal: CurrentPrincipal,
    name: JobName,
    language: Language,
    job: JobBody,
    precondition: IfMatch,
) -> Response:
    """With `If-Match` only that revision is replaced (else 412); with `If-None-Match: *` it is only created;
    without either, the last writer wins. A change of the schedule counts from now: no fire of the old one
    counts as missed.
    """
    written = services.jobs.replace(named(job, name), precondition, principal.actor)
    return job_answer(services, written.row, language, 201 if written.created else 200)


@router.patch(
    "/{name}",
    summary="Change some fields of a job",
    response_model=JobView,
    responses=problems(400, 404, 409, 412, 413),
)
@needs(Role.EDITOR)
def patch_job(
    services: Svc,
    principal: CurrentPrincipal,
    name: JobName,
    language: Language,
    patch: MergePatch,
    precondition: IfMatch,
) -> Response:
    """A JSON merge patch (RFC 7396): fields that are absent stay, null sets a field back to its default."""
    written = services.jobs.patch(name, patch, precondition, principal.actor)
    return job_answer(services, written.row, language)


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


def job_answer(services: Services, row: JobRow, language: str, status: int = 200, **headers: str) -> Response:
    """The job as it was read or written just now, with its ETag."""
    known, _ = _known(services, [row])
    content = job_json(row, services.timezone, services.now(), language, known)
    return json_answer(content, status, ETag=f'"{row.revision}"', **headers)


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
