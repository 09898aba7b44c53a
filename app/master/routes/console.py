"""The web console: static files, open to everybody, since they hold nothing of the cluster."""

from fastapi import APIRouter, Request, Response

from app.master import pages
from app.master.problems import no_such
from app.master.security.roles import Access, needs

router = APIRouter(include_in_schema=False)


@router.get("/")
@needs(Access.OPEN)
def index(request: Request) -> Response:
    return pages.console_file(request, "", "index.html", pages.CHECKED) or pages.not_built(503)


@router.get("/theme.js")
@router.get("/favicon.svg")
@needs(Access.OPEN)
def file(request: Request) -> Response:
    return _found(request, "", pages.CHECKED)


@router.get("/assets/{name}")
@needs(Access.OPEN)
def asset(request: Request) -> Response:
    return _found(request, "assets", pages.FOR_EVER)


def _found(request: Request, folder: str, cache: str) -> Response:
    name = request.url.path.rpartition("/")[2]
    found = pages.console_file(request, folder, name, cache)
    if found is None:
        raise no_such("file", name)
    return found
