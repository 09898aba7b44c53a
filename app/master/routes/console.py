"""Files open to everybody, since they hold nothing of the cluster: the web console, and what /docs needs."""

from pathlib import Path

from fastapi import APIRouter, Request, Response

from app.master import pages
from app.master.problems import no_such
from app.master.security.roles import Access, needs

router = APIRouter(include_in_schema=False)

READ = ["GET", "HEAD"]


@router.api_route("/", methods=READ)
@needs(Access.OPEN)
def index(request: Request) -> Response:
    headers = {"Cache-Control": pages.CHECKED, "Content-Security-Policy": pages.CONSOLE_POLICY}
    return pages.file(request, pages.CONSOLE, "index.html", headers) or pages.not_built(503)


@router.api_route("/theme.js", methods=READ)
@router.api_route("/favicon.svg", methods=READ)
@needs(Access.OPEN)
def file(request: Request) -> Response:
    return _found(request, pages.CONSOLE, pages.CHECKED)


@router.api_route("/assets/{name}", methods=READ)
@needs(Access.OPEN)
def asset(request: Request) -> Response:
    return _found(request, pages.CONSOLE / "assets", pages.FOR_EVER)


@router.api_route("/static/own/{name}", methods=READ)
@needs(Access.OPEN)
def own(request: Request) -> Response:
    return _found(request, pages.OWN, pages.FOR_AN_HOUR)


@router.api_route("/static/swagger/{name}", methods=READ)
@needs(Access.OPEN)
def swagger(request: Request) -> Response:
    return _found(request, pages.SWAGGER, pages.FOR_AN_HOUR)


def _found(request: Request, folder: Path, cache: str) -> Response:
    name = request.url.path.rpartition("/")[2]
    found = pages.file(request, folder, name, {"Cache-Control": cache})
    if found is None:
        raise no_such("file", name)
    return found
