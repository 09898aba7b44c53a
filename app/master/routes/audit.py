"""The audit."""

from typing import Annotated

from fastapi import APIRouter, Query

from app.master.deps import Svc, problems
from app.master.schemas.accounts import AuditListPage, AuditParameters, audit_view
from app.master.security.roles import Role, needs

router = APIRouter(prefix="/api/v1/audit", tags=["Administration"])


@router.get("", summary="Who changed what", responses=problems())
@needs(Role.ADMIN)
def list_audit(services: Svc, wanted: Annotated[AuditParameters, Query()]) -> AuditListPage:
    """Every change has one entry, and so has every refused sign-in."""
    page = services.audit.read(**wanted.model_dump(by_alias=False))
    return AuditListPage(items=[audit_view(entry) for entry in page.entries], next=page.next_cursor)
