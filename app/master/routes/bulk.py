"""One action on many jobs."""

from typing import Annotated

from fastapi import APIRouter, Depends

from app.master.bodies import JsonBody
from app.master.deps import CurrentPrincipal, Svc, problems
from app.master.problems import Problem
from app.master.schemas.bulk import BulkAnswer, BulkItem, BulkRequest
from app.master.security.roles import Role, needs
from app.master.services.bulk import BulkAction, BulkResult

router = APIRouter(prefix="/api/v1/jobs", tags=["Jobs"])

EDITS = (BulkAction.DELETE, BulkAction.TAG)
NOT_TRIED = "Not tried: the time for one request was up, or etcd did not answer."


@router.post("/bulk", summary="Do one thing with many jobs", responses=problems(400, 413))
@needs(Role.OPERATOR)
def change_many(
    services: Svc, principal: CurrentPrincipal, wanted: Annotated[BulkRequest, Depends(JsonBody(BulkRequest))]
) -> BulkAnswer:
    """Run, kill, pause and resume need the role operator, delete and tag the role editor. Each job is a
    change of its own, and one that fails does not keep the others. A filter is worked through by name,
    `limit` jobs a call: repeat the call with `cursor` until `next` is null.
    """
    if wanted.action in EDITS and not principal.role.allows(Role.EDITOR):
        raise Problem(403, f"action: {wanted.action} needs the role {Role.EDITOR}; you are {principal.role}.")
    services.index.wait_for(principal.jobs_revision)
    if wanted.names is not None:
        names = list(dict.fromkeys(wanted.names))
        done = services.bulk.perform(wanted.action, names, principal.actor, wanted.retag())
        items = [BulkItem.model_validate(each, from_attributes=True) for each in done]
        left = names[len(done) :]
        items += [BulkItem(name=name, result=BulkResult.FAILED, detail=NOT_TRIED) for name in left]
        return BulkAnswer(items=items, total=len(names))
    assert wanted.filter is not None
    page = services.job_list.page(wanted.filter.filter(), wanted.limit, wanted.cursor)
    names = [row.name for row in page.rows]
    done = services.bulk.perform(wanted.action, names, principal.actor, wanted.retag())
    items = [BulkItem.model_validate(each, from_attributes=True) for each in done]
    cursor = page.next_cursor
    if len(done) < len(names):
        cursor = services.job_list.cursor_behind(page.rows[len(done) - 1])
    return BulkAnswer(items=items, total=page.total, next=cursor)
