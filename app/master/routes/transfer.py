"""Jobs in and out as text."""

from collections import Counter
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from fastapi.responses import StreamingResponse

from app.common.schedule.zones import zone
from app.master.bodies import JsonBody
from app.master.deps import CurrentPrincipal, Language, Svc, problems
from app.master.schemas.common import iso
from app.master.schemas.transfer import ExportParameters, ImportAnswer, ImportRequest, item
from app.master.security.roles import Role, needs
from app.master.services.export import ExportFormat, export
from app.master.services.imports import Change, read

router = APIRouter(prefix="/api/v1", tags=["Jobs"])

MAX_TEXT = 8 * 1024 * 1024  # bytes, with what JSON adds


@router.get(
    "/export",
    summary="Jobs as a file",
    response_class=StreamingResponse,
    responses={**problems(), 200: {"content": {form.media_type: {} for form in ExportFormat}}},
)
@needs(Role.VIEWER)
def export_jobs(
    services: Svc, principal: CurrentPrincipal, wanted: Annotated[ExportParameters, Query()]
) -> StreamingResponse:
    """What POST /import and `yuanya job apply` take: each job without its defaults, by name. Invalid jobs are
    left out.
    """
    services.index.wait_for(principal.jobs_revision)
    rows = services.job_list.rows(wanted.filter())
    day = iso(services.now())[:10]
    return StreamingResponse(
        export(services.index, rows, wanted.format),
        media_type=wanted.format.media_type,
        headers={"Content-Disposition": f'attachment; filename="jobs-{day}.{wanted.format}"'},
    )


@router.post("/import", summary="Create and change jobs by a text", responses=problems(400, 413))
@needs(Role.EDITOR)
def import_jobs(
    services: Svc,
    principal: CurrentPrincipal,
    language: Language,
    wanted: Annotated[ImportRequest, Depends(JsonBody(ImportRequest, limit=MAX_TEXT))],
) -> ImportAnswer:
    """A dry run unless `dryRun` is false: shows for each job what there is and what it would become. If any
    job is refused, nothing is written, unless `partial` is true. Each job is written at the revision it was
    compared with, so a change of somebody else meanwhile is refused, not overwritten; `revisions` of the dry
    run extend that to the time since.
    """
    if wanted.timezone is not None:
        zone(wanted.timezone)
    services.index.wait_for(principal.jobs_revision)
    text = read(
        wanted.format, wanted.text, system=wanted.system, timezone=wanted.timezone, group=wanted.group
    )
    planned = services.imports.plan(text.found, wanted.revisions, text.keep)
    apply = not wanted.dry_run and (wanted.partial or all(p.change is not Change.REFUSED for p in planned))
    if apply:
        planned = services.imports.apply(planned, principal.actor)
    counts = Counter(each.change for each in planned)
    now = services.now()
    return ImportAnswer(
        items=[item(each, services.timezone, now, language) for each in planned],
        applied=apply,
        notes=text.notes,
        **{str(change): counts[change] for change in Change},
    )
