"""The documentation of the API, usable in a browser without any CDN."""

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, JSONResponse

from app.master.pages import page
from app.master.security.roles import Role, needs

router = APIRouter(include_in_schema=False)

# Swagger UI draws with inline styles and data: images.
DOCS_POLICY = (
    "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'; object-src 'none'"
)


@router.get("/docs")
@needs(Role.VIEWER)
def docs() -> HTMLResponse:
    return HTMLResponse(page("docs.html"), headers={"Content-Security-Policy": DOCS_POLICY})


@router.get("/openapi.json")
@needs(Role.VIEWER)
def schema(request: Request) -> JSONResponse:
    return JSONResponse(request.app.openapi())
