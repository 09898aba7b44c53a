"""The files that the master serves: the console as it was built, and the few pages of its own."""

import functools
import gzip
import hashlib
import mimetypes
import re
from pathlib import Path
from typing import Any

import fastapi_offline
from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from fastapi.staticfiles import StaticFiles

OWN = Path(__file__).parent / "static"
CONSOLE = OWN / "console"
SWAGGER = Path(fastapi_offline.__file__).parent / "static"
OWN_PATH, SWAGGER_PATH = "/static/own", "/static/swagger"
SIGN_IN = "/#/sign-in?next=/docs"

CONSOLE_POLICY = (
    "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "font-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; object-src 'none'; "
    "require-trusted-types-for 'script'"
)
FOR_EVER = "public, max-age=31536000, immutable"  # the name has a hash of the content
CHECKED = "no-cache"

_NAME = re.compile(r"[\w\-][\w.\-]*")
_TEXT = (".html", ".js", ".css", ".svg", ".json", ".txt", ".map")
_GZIP_FROM = 1024  # bytes


class Assets(StaticFiles):
    """Files that change with a release only."""

    def file_response(self, *args: Any, **kwargs: Any) -> Response:
        response = super().file_response(*args, **kwargs)
        response.headers["Cache-Control"] = "public, max-age=3600"
        return response


def page(name: str) -> str:
    return (OWN / name).read_text(encoding="utf-8")


def is_built() -> bool:
    return (CONSOLE / "index.html").is_file()


def not_built(status: int) -> HTMLResponse:
    """In place of the console, where it was not built."""
    return HTMLResponse(page("not-built.html"), status)


def console_file(request: Request, folder: str, name: str, cache: str) -> Response | None:
    """A file of the console, compressed where the browser takes it; None if there is none."""
    path = CONSOLE / folder / name
    if not _NAME.fullmatch(name) or not path.is_file():
        return None
    return _answer(request, _load(path, path.stat().st_mtime_ns), cache)


class _File:
    """A file ready to be sent; compressed once, not for each browser."""

    def __init__(self, path: Path) -> None:
        self.content = path.read_bytes()
        self.media_type = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
        self.etag = f'"{hashlib.sha256(self.content).hexdigest()[:32]}"'
        worthwhile = path.suffix in _TEXT and len(self.content) >= _GZIP_FROM
        self.gzipped = gzip.compress(self.content, mtime=0) if worthwhile else None


@functools.lru_cache(maxsize=256)
def _load(path: Path, changed_ns: int) -> _File:
    return _File(path)


def _answer(request: Request, file: _File, cache: str) -> Response:
    headers = {"Cache-Control": cache, "ETag": file.etag, "Content-Security-Policy": CONSOLE_POLICY}
    if file.gzipped is not None:
        headers["Vary"] = "Accept-Encoding"
    if file.etag in request.headers.get("If-None-Match", ""):
        return Response(status_code=304, headers=headers)
    content = file.content
    if file.gzipped is not None and "gzip" in request.headers.get("Accept-Encoding", ""):
        headers["Content-Encoding"] = "gzip"
        content = file.gzipped
    return Response(content, headers=headers, media_type=file.media_type)


def wants_page(request: Request) -> bool:
    return request.method == "GET" and "text/html" in request.headers.get("Accept", "")


def sign_in() -> Response:
    """Where a browser without a session is sent from a page of ours."""
    return RedirectResponse(SIGN_IN, 303) if is_built() else not_built(401)


def mount_assets(app: FastAPI) -> None:
    """Open to everybody: they hold nothing of the cluster."""
    app.mount(OWN_PATH, Assets(directory=OWN), name="own")
    app.mount(SWAGGER_PATH, Assets(directory=SWAGGER), name="swagger")
