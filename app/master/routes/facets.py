"""What jobs can be filtered by."""

from fastapi import APIRouter

from app.master.deps import CurrentPrincipal, Svc, problems
from app.master.schemas.facets import Facet, Facets
from app.master.security.roles import Role, needs

router = APIRouter(prefix="/api/v1/stats", tags=["Overview"])


@router.get("/facets", summary="Groups, tags and worker labels in use", responses=problems())
@needs(Role.VIEWER)
def facets(services: Svc, principal: CurrentPrincipal) -> Facets:
    services.index.wait_for(principal.jobs_revision)
    found = services.index.rows().facets
    return Facets(
        groups=[Facet(value=value, count=count) for value, count in found.groups],
        tags=[Facet(value=value, count=count) for value, count in found.tags],
        labels=[Facet(value=value, count=count) for value, count in found.labels],
    )
