"""The audit."""

from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import StreamingResponse

from app.master.deps import Svc, problems
from app.master.schemas.accounts import AuditExportParameters, AuditListPage, AuditParameters, audit_view
from app.master.schemas.common import iso
from app.master.security.roles import Role, needs
from app.master.services import audit_export

router = APIRouter(prefix="/api/v1/audit", tags=["Administration"])


@router.get("", summary="Who changed what", responses=problems())
@needs(Role.ADMIN)
def list_audit(services: Svc, wanted: Annotated[AuditParameters, Query()]) -> AuditListPage:
    """Every change has one entry, and so has every refused sign-in."""
    page = services.audit.read(**wanted.model_dump(by_alias=False))
    return AuditListPage(items=[audit_view(entry) for entry in page.entries], next=page.next_cursor)


@router.get(
    "/export",
    summary="Download the audit",
    response_class=StreamingResponse,
    responses={**problems(), 200: {"content": {"text/csv": {}, "application/jsonl": {}}}},
)
@needs(Role.ADMIN)
def export_audit(services: Svc, wanted: Annotated[AuditExportParameters, Query()]) -> StreamingResponse:
    """All entries that match, newest first, as a file: CSV with a header, or a JSON object a line."""
    filters = wanted.model_dump(by_alias=False, exclude={"format"})
    lines = audit_export.lines(services.audit, filters, wanted.format)
    name = f"audit-{iso(services.now())[:10]}.{wanted.format}"
    return StreamingResponse(
        lines,
        media_type=audit_export.MEDIA_TYPES[wanted.format],
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )
