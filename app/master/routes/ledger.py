"""The ledger."""

from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Query

from app.master.deps import CurrentPrincipal, Svc, problems
from app.master.schemas.system import LedgerJob, LedgerParameters, LedgerView
from app.master.security.roles import Role, needs
from app.master.services.ledger import Totals
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
    it arrives. Without any parameter the answer may be some minutes old: `to` says as of when it is.
    """
    services.index.wait_for(principal.jobs_revision)
    if wanted == LedgerParameters():
        return _view(services.ledger_of_day.totals(), None)
    until = services.now() + 1 if wanted.to is None else wanted.to
    since = until - DAY_MS if wanted.from_ is None else wanted.from_
    report = services.ledger.report(wanted.job, since, until)
    jobs = [LedgerJob(name=j.name, exact=j.exact, **asdict(j.figures)) for j in report.jobs[:JOBS_SHOWN]]
    return _view(report.totals(), jobs if wanted.details else None)


def _view(totals: Totals, jobs: list[LedgerJob] | None) -> LedgerView:
    return LedgerView(
        from_=totals.since,
        to=totals.until,
        jobs_seen=totals.seen,
        inexact_jobs=totals.seen - totals.exact,
        jobs=jobs,
        **asdict(totals.figures),
    )
