"""The documentation of the API, usable in a browser without any CDN, and the sign-in page before it."""

from pathlib import Path

import fastapi_offline
from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse
from fastapi.staticfiles import StaticFiles

from app.master.security.roles import Role, needs

router = APIRouter(include_in_schema=False)

OWN = Path(__file__).parent.parent / "static"
SWAGGER = Path(fastapi_offline.__file__).parent / "static"
OWN_PATH, SWAGGER_PATH = "/static/own", "/static/swagger"

# Swagger UI draws with inline styles and data: images.
DOCS_POLICY = (
    "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'; object-src 'none'"
)


@router.get("/")
@needs(Role.VIEWER)
def home() -> RedirectResponse:
    return RedirectResponse("docs", 303)


@router.get("/docs")
@needs(Role.VIEWER)
def docs() -> HTMLResponse:
    return HTMLResponse((OWN / "docs.html").read_text(), headers={"Content-Security-Policy": DOCS_POLICY})


@router.get("/openapi.json")
@needs(Role.VIEWER)
def schema(request: Request) -> JSONResponse:
    return JSONResponse(request.app.openapi())


def sign_in_page() -> HTMLResponse:
    """The answer 401 for a browser that asks for a page."""
    return HTMLResponse((OWN / "signin.html").read_text(), 401, headers={"WWW-Authenticate": "Bearer"})


def wants_page(request: Request) -> bool:
    return request.method == "GET" and "text/html" in request.headers.get("Accept", "")


def mount_assets(app: FastAPI) -> None:
    """Open to everybody: they hold nothing of the cluster."""
    app.mount(OWN_PATH, StaticFiles(directory=OWN), name="own")
    app.mount(SWAGGER_PATH, StaticFiles(directory=SWAGGER), name="swagger")
