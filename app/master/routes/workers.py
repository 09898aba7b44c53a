"""Workers."""

from fastapi import APIRouter

from app.master.deps import CurrentPrincipal, Svc, problems
from app.master.schemas.system import WorkerList, worker_view
from app.master.security.roles import Role, needs

router = APIRouter(prefix="/api/v1/workers", tags=["Workers"])


@router.get("", summary="List live workers", responses=problems())
@needs(Role.VIEWER)
def list_workers(services: Svc) -> WorkerList:
    return WorkerList(items=[worker_view(status) for status in services.workers.all()])


@router.post(
    "/{worker_id}/drain", summary="Take a worker out of service", status_code=204, responses=problems(404)
)
@needs(Role.OPERATOR)
def drain_worker(services: Svc, principal: CurrentPrincipal, worker_id: str) -> None:
    """Its runs finish; it takes no new ones until resumed, also after a restart."""
    services.workers.drain(worker_id, principal.actor)


@router.post(
    "/{worker_id}/resume", summary="Put a worker back into service", status_code=204, responses=problems(404)
)
@needs(Role.OPERATOR)
def resume_worker(services: Svc, principal: CurrentPrincipal, worker_id: str) -> None:
    services.workers.resume(worker_id, principal.actor)
