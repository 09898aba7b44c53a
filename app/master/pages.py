"""The files that the master serves: the console as it was built, and the few pages of its own."""

import functools
import gzip
import hashlib
import re
from collections.abc import Mapping
from pathlib import Path

import fastapi_offline
from fastapi import Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from app.master.compress import takes_gzip

OWN = Path(__file__).parent / "static"
CONSOLE = OWN / "console"
SWAGGER = Path(fastapi_offline.__file__).parent / "static"
SIGN_IN = "/#/sign-in?next=/docs"

CONSOLE_POLICY = (
    "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "font-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; object-src 'none'; "
    "require-trusted-types-for 'script'"
)
FOR_EVER = "public, max-age=31536000, immutable"  # the name has a hash of the content
CHECKED = "no-cache"
FOR_AN_HOUR = "public, max-age=3600"  # the files of a release

_NAME = re.compile(r"[\w\-][\w.\-]*")
_TYPES = {
    ".html": "text/html",
    ".js": "text/javascript",
    ".css": "text/css",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".woff2": "font/woff2",
}
_COMPACT = (".png", ".woff2")
_GZIP_FROM = 1024  # bytes


def page(name: str) -> str:
    return (OWN / name).read_text(encoding="utf-8")


def is_built() -> bool:
    return (CONSOLE / "index.html").is_file()


def not_built(status: int) -> HTMLResponse:
    """In place of the console, where it was not built."""
    return HTMLResponse(page("not-built.html"), status)


def file(request: Request, folder: Path, name: str, headers: Mapping[str, str]) -> Response | None:
    """A file of a known type, compressed where the browser takes it; None if there is none."""
    path = folder / name
    if not _NAME.fullmatch(name) or path.suffix not in _TYPES or not path.is_file():
        return None
    return _answer(request, _load(path, path.stat().st_mtime_ns), headers)


class _File:
    """A file ready to be sent; compressed once, not for each browser."""

    def __init__(self, path: Path) -> None:
        self.content = path.read_bytes()
        self.media_type = _TYPES[path.suffix]
        self.etag = f'W/"{hashlib.sha256(self.content).hexdigest()[:32]}"'
        worthwhile = path.suffix not in _COMPACT and len(self.content) >= _GZIP_FROM
        self.gzipped = gzip.compress(self.content, mtime=0) if worthwhile else None


@functools.lru_cache(maxsize=256)
def _load(path: Path, changed_ns: int) -> _File:
    return _File(path)


def _answer(request: Request, file: _File, more: Mapping[str, str]) -> Response:
    headers = {"ETag": file.etag, **more}
    if file.gzipped is not None:
        headers["Vary"] = "Accept-Encoding"
    if file.etag in request.headers.get("If-None-Match", ""):
        return Response(status_code=304, headers=headers)
    content = file.content
    if file.gzipped is not None and takes_gzip(request.headers):
        headers["Content-Encoding"] = "gzip"
        content = file.gzipped
    return Response(content, headers=headers, media_type=file.media_type)


def wants_page(request: Request) -> bool:
    return request.method == "GET" and "text/html" in request.headers.get("Accept", "")


def sign_in() -> Response:
    """Where a browser without a session is sent from a page of ours."""
    return RedirectResponse(SIGN_IN, 303) if is_built() else not_built(401)
