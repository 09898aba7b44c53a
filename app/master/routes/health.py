"""Is it alive, is it ready, how does it do."""

from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import PlainTextResponse
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, generate_latest

from app.common.errors import CronError
from app.common.metrics.master import MIRROR_AGE
from app.master.deps import Svc, problems
from app.master.schemas.system import Health, Part, Readiness
from app.master.security.authorize import authenticate
from app.master.security.roles import Access, needs

router = APIRouter(tags=["Health"])

MAX_MIRROR_AGE_SECONDS = 30
NO_ACCOUNTS = "No accounts: set YUANYA_ADMIN_PASSWORD and start a master again."


@router.get("/healthz", summary="Alive?")
@needs(Access.OPEN)
def healthz() -> Health:
    """The process answers; says nothing about etcd or the log store."""
    return Health()


@router.get("/readyz", summary="Ready?", responses={503: {"model": Readiness}})
@needs(Access.OPEN)
def readyz(services: Svc, request: Request, response: Response) -> Readiness:
    """Whether etcd, the log store and the accounts are there. Which is not, only for those signed in."""
    parts = {
        "etcd": _try(services.client.status),
        "store": _try(services.store.ping),
        "mirror": _mirror(services),
        "accounts": _try(services.users.any, NO_ACCOUNTS),
    }
    ready = all(part.ready for part in parts.values())
    response.status_code = 200 if ready else 503
    return Readiness(ready=ready, parts=parts if _signed_in(request) else None)


@router.get("/metrics", summary="Prometheus metrics", response_class=PlainTextResponse, responses=problems())
@needs(Access.METRICS)
def metrics(services: Svc) -> Response:
    """In Prometheus' text format. For the token `YUANYA_METRICS_TOKEN`, or any viewer."""
    MIRROR_AGE.labels("jobs").set(services.index.mirror.age)
    MIRROR_AGE.labels("workers").set(services.workers.mirror.age)
    services.clock()  # compares, which sets the metric
    parts = (REGISTRY, services.scrape, services.certificates)
    return Response(b"".join(map(generate_latest, parts)), media_type=CONTENT_TYPE_LATEST)


def _try(check: Any, if_false: str = "") -> Part:
    """`check` raises or, with `if_false`, returns False when the part is not ready."""
    try:
        answer = check()
    except CronError as error:
        return Part(ready=False, detail=str(error))
    if if_false and not answer:
        return Part(ready=False, detail=if_false)
    return Part(ready=True)


def _mirror(services: Svc) -> Part:
    age = max(services.index.mirror.age, services.workers.mirror.age)
    built = services.index.mirror.revision and services.workers.mirror.revision
    if not built or age > MAX_MIRROR_AGE_SECONDS:
        return Part(ready=False, detail=f"Nothing heard from etcd for {age:.0f} s.")
    return Part(ready=True)


def _signed_in(request: Request) -> bool:
    try:
        return authenticate(request) is not None
    except CronError:
        return False
