"""Trying a schedule before it is saved."""

from datetime import datetime
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends

from app.common import schedule
from app.master.bodies import JsonBody
from app.master.deps import Language, Svc, problems
from app.master.schemas.common import MAX_MS
from app.master.schemas.system import Preview, PreviewFire, PreviewRequest
from app.master.security.roles import Role, needs

router = APIRouter(prefix="/api/v1/schedules", tags=["Schedules"])

YEAR_MS = 366 * 86_400_000


@router.post("/preview", summary="Explain a schedule", responses=problems())
@needs(Role.VIEWER)
def preview(
    services: Svc, language: Language, wanted: Annotated[PreviewRequest, Depends(JsonBody(PreviewRequest))]
) -> Preview:
    """The schedule in words, its next fires, and what clock changes do to it."""
    zone = wanted.timezone or services.timezone
    parsed = schedule.parse(
        wanted.cron_expr,
        zone,
        name=wanted.name,
        starts_at_ms=_ms(wanted.starts_at),
        ends_at_ms=_ms(wanted.ends_at),
    )
    now = services.now()
    local = ZoneInfo(zone)
    fires = parsed.between(now, MAX_MS, wanted.count)
    return Preview(
        description=parsed.describe(language),
        timezone=zone,
        next=[
            PreviewFire(utc=fire, local=datetime.fromtimestamp(fire / 1000, local).isoformat())
            for fire in fires
        ],
        dst_notes=parsed.dst_notes(now, now + YEAR_MS, language),
    )


def _ms(moment: datetime | None) -> int | None:
    return None if moment is None else round(moment.timestamp() * 1000)
