"""What routes ask for, as annotated aliases.

Those that wait for nothing are coroutines: FastAPI sends a plain function to a thread, and the way there
takes longer than what these do.
"""

import re
import unicodedata
from collections.abc import Callable
from typing import Annotated

from fastapi import Depends, Path, Request

from app.common.errors import CronError
from app.master.problems import ProblemDetails, invalid
from app.master.security.authorize import CurrentPrincipal, authenticate, client_address
from app.master.services.container import Services
from app.master.services.jobs import Precondition

__all__ = [
    "Address",
    "CurrentPrincipal",
    "IfMatch",
    "JobName",
    "Language",
    "RawJobName",
    "StillAllowed",
    "Svc",
    "problems",
]

_ETAG = re.compile(r'(?:W/)?"(\d{1,18})"')


async def _services(request: Request) -> Services:
    services: Services = request.app.state.services
    return services


async def _language(request: Request) -> str:
    """`zh` if that is what the client prefers, else `en`."""
    first = request.headers.get("Accept-Language", "").split(",")[0]
    return "zh" if first.strip().lower().startswith("zh") else "en"


async def _raw_job_name(name: Annotated[str, Path(max_length=1024, description="Of the job")]) -> str:
    return name


async def _job_name(name: Annotated[str, Depends(_raw_job_name)]) -> str:
    return unicodedata.normalize("NFC", name)


async def _precondition(request: Request) -> Precondition:
    """From If-Match and If-None-Match: *."""
    absent = request.headers.get("If-None-Match")
    if absent is not None and absent.strip() != "*":
        raise invalid("If-None-Match", "may only be *", 400)
    wanted = request.headers.get("If-Match")
    if wanted is None:
        return Precondition(absent=absent is not None)
    if wanted.strip() == "*":
        return Precondition(must_exist=True)
    tags = [_ETAG.fullmatch(tag.strip()) for tag in wanted.split(",")]
    if not all(tags):
        raise invalid("If-Match", 'must be the ETag of the job, such as "123", or *', 400)
    return Precondition(revisions=frozenset(int(tag[1]) for tag in tags if tag))


async def _address(request: Request) -> str:
    return client_address(request)


async def _still_allowed(request: Request, principal: CurrentPrincipal) -> Callable[[], bool]:
    """For long answers: whether the reader would still be let in, with the same role, so that a console hears
    of a change of its rights by the end of its stream. Unknown means yes: etcd may be away.
    """

    def check() -> bool:
        try:
            now = authenticate(request)
        except CronError:
            return True
        return now is not None and now.role is principal.role

    return check


def problems(*statuses: int) -> dict[int | str, dict[str, object]]:
    """For the documentation of a route: which problems it can answer with, beside those of every route."""
    return {status: {"model": ProblemDetails} for status in (*statuses, 401, 403, 422, 503)}


Svc = Annotated[Services, Depends(_services)]
Language = Annotated[str, Depends(_language)]
JobName = Annotated[str, Depends(_job_name)]
RawJobName = Annotated[str, Depends(_raw_job_name)]
"""As it came: for a key put by hand that is not in normal form."""
StillAllowed = Annotated[Callable[[], bool], Depends(_still_allowed)]
IfMatch = Annotated[Precondition, Depends(_precondition)]
Address = Annotated[str, Depends(_address)]
