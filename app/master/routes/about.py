"""What this system is."""

from importlib.metadata import version

from fastapi import APIRouter, Request

from app.common.models import Job
from app.common.settings import MasterSettings
from app.master.deps import Svc, problems
from app.master.schemas.system import About, EtcdAbout, StoreAbout
from app.master.security.roles import Role, needs

router = APIRouter(prefix="/api/v1/about", tags=["Overview"])


@router.get("", summary="Version, stores, limits", responses=problems())
@needs(Role.VIEWER)
def about(services: Svc, request: Request) -> About:
    """Whether the parts are well says `GET /readyz`."""
    settings: MasterSettings = request.app.state.settings
    etcd_version, db_size = services.client.status()
    return About(
        version=version("yuanya-crontab"),
        timezone=services.timezone,
        now=services.clock(),
        store=StoreAbout(kind="sqlite" if settings.store_url.startswith("sqlite:") else "mongodb"),
        etcd=EtcdAbout(version=etcd_version, db_size_bytes=db_size),
        retention_days=settings.run_retention_days,
        not_yet=Job.not_yet(),
    )
