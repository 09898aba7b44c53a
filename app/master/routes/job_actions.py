"""What is done with one job: run, kill, pause, resume, copy."""

from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Depends, Response

from app.master.bodies import JsonBody
from app.master.deps import CurrentPrincipal, JobName, Language, Svc, problems
from app.master.problems import Problem
from app.master.routes.jobs import job_answer
from app.master.schemas.jobs import CloneRequest, JobView, RunIds, RunRequest
from app.master.security.roles import Role, needs

router = APIRouter(prefix="/api/v1/jobs", tags=["Jobs"])


@router.post("/{name}/run", summary="Run a job now", status_code=202, responses=problems(404, 409))
@needs(Role.OPERATOR)
def run_job(
    services: Svc,
    principal: CurrentPrincipal,
    name: JobName,
    wanted: Annotated[RunRequest, Depends(JsonBody(RunRequest, optional=True))],
) -> RunIds:
    """Orders one run. A worker takes it within a second or so; if none does within 10 minutes, it is recorded
    as missed. The schedule is not touched, and a paused job can be run too.
    """
    if wanted.env and not principal.role.allows(Role.EDITOR):
        raise Problem(403, "env: needs the role editor, because it can make a command do anything.")
    return RunIds(run_ids=[services.orders.run(name, wanted.env, wanted.worker, principal.actor)])


@router.post("/{name}/kill", summary="Kill a job's runs", status_code=202, responses=problems(404, 409))
@needs(Role.OPERATOR)
def kill_job(services: Svc, principal: CurrentPrincipal, name: JobName) -> RunIds:
    """Everything that the runs started gets SIGTERM and, after the job's grace, SIGKILL. Answers with the
    runs concerned: none if nothing runs.
    """
    return RunIds(run_ids=services.orders.kill_job(name, principal.actor))


@router.post("/{name}/pause", summary="Pause a job", response_model=JobView, responses=problems(404, 409))
@needs(Role.OPERATOR)
def pause_job(services: Svc, principal: CurrentPrincipal, name: JobName, language: Language) -> Response:
    """It fires no more until resumed, and the fires of the pause do not count as missed."""
    return _enable(services, principal, name, language, enabled=False)


@router.post("/{name}/resume", summary="Resume a job", response_model=JobView, responses=problems(404, 409))
@needs(Role.OPERATOR)
def resume_job(services: Svc, principal: CurrentPrincipal, name: JobName, language: Language) -> Response:
    """It fires again from now on."""
    return _enable(services, principal, name, language, enabled=True)


@router.post(
    "/{name}/clone",
    summary="Copy a job",
    status_code=201,
    response_model=JobView,
    responses=problems(400, 404, 409, 413),
)
@needs(Role.EDITOR)
def clone_job(
    services: Svc,
    principal: CurrentPrincipal,
    name: JobName,
    language: Language,
    wanted: Annotated[CloneRequest, Depends(JsonBody(CloneRequest))],
) -> Response:
    """A new job that does the same; paused, unless `enabled` is true. 409 if there is one of that name."""
    written = services.jobs.clone(name, wanted.name, wanted.enabled, principal.actor)
    return job_answer(services, written.row, language, 201, Location=f"/api/v1/jobs/{quote(wanted.name)}")


def _enable(
    services: Svc, principal: CurrentPrincipal, name: str, language: str, *, enabled: bool
) -> Response:
    written = services.jobs.enable(name, enabled, principal.actor)
    return job_answer(services, written.row, language)
