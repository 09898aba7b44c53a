"""The few pages of the master itself, and the files they need."""

from pathlib import Path
from typing import Any

import fastapi_offline
from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, Response
from fastapi.staticfiles import StaticFiles

OWN = Path(__file__).parent / "static"
SWAGGER = Path(fastapi_offline.__file__).parent / "static"
OWN_PATH, SWAGGER_PATH = "/static/own", "/static/swagger"


class Assets(StaticFiles):
    """Files that change with a release only."""

    def file_response(self, *args: Any, **kwargs: Any) -> Response:
        response = super().file_response(*args, **kwargs)
        response.headers["Cache-Control"] = "public, max-age=3600"
        return response


def page(name: str) -> str:
    return (OWN / name).read_text(encoding="utf-8")


def wants_page(request: Request) -> bool:
    return request.method == "GET" and "text/html" in request.headers.get("Accept", "")


def sign_in() -> HTMLResponse:
    """The answer 401 for a browser that asks for any page; after the sign-in it loads that page again."""
    return HTMLResponse(page("signin.html"), 401, headers={"WWW-Authenticate": "Bearer"})


def mount_assets(app: FastAPI) -> None:
    """Open to everybody: they hold nothing of the cluster."""
    app.mount(OWN_PATH, Assets(directory=OWN), name="own")
    app.mount(SWAGGER_PATH, Assets(directory=SWAGGER), name="swagger")
