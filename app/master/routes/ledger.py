"""The ledger."""

from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Query

from app.master.deps import CurrentPrincipal, Svc, problems
from app.master.schemas.system import LedgerJob, LedgerParameters, LedgerView
from app.master.security.roles import Role, needs
from app.master.services.container import Services
from app.master.services.ledger import Report
from app.master.services.ledger_of_day import DAY_MS

router = APIRouter(prefix="/api/v1/ledger", tags=["Overview"])

JOBS_SHOWN = 1_000


@router.get("", summary="Account for every planned fire", responses=problems())
@needs(Role.VIEWER)
def ledger(
    services: Svc, principal: CurrentPrincipal, wanted: Annotated[LedgerParameters, Query()]
) -> LedgerView:
    """What the schedules planned in the window against the rows there are. `unaccounted` and `duplicated`
    must be 0. A row that waits in the spool of a worker, because the log store was away, is unaccounted until
    it arrives. Without a window or a job the answer may be up to a minute old: `to` says as of when it is.
    """
    services.index.wait_for(principal.jobs_revision)
    report = _report(services, wanted)
    jobs = [LedgerJob(name=j.name, exact=j.exact, **asdict(j.figures)) for j in report.jobs[:JOBS_SHOWN]]
    return LedgerView(
        from_=report.since,
        to=report.until,
        jobs_seen=len(report.jobs),
        inexact_jobs=sum(not j.exact for j in report.jobs),
        jobs=jobs if wanted.details else None,
        **asdict(report.total),
    )


def _report(services: Services, wanted: LedgerParameters) -> Report:
    if wanted.job is None and wanted.from_ is None and wanted.to is None:
        return services.ledger_of_day.report()
    until = services.now() + 1 if wanted.to is None else wanted.to
    since = until - DAY_MS if wanted.from_ is None else wanted.from_
    return services.ledger.report(wanted.job, since, until)
