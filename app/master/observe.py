"""Measures every request by its route template, so that labels stay few whatever clients ask for; and gives
it an id, which log lines and problems carry.
"""

import re
import secrets
import time

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.common.logs import request_id
from app.common.metrics.master import API_LATENCY

_GIVEN = re.compile(r"[A-Za-z0-9_.-]{8,64}")

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class Observe:
    """ASGI middleware. Event streams are left out: they last as long as their readers."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id.set(_id_of(scope))
        began = time.perf_counter()
        status, stream = 500, False

        async def watch(message: Message) -> None:
            nonlocal status, stream
            if message["type"] == "http.response.start":
                status = message["status"]
                stream = (b"content-type", b"text/event-stream") in [
                    (name, value[:17]) for name, value in message["headers"]
                ]
            await send(message)

        try:
            await self._app(scope, receive, watch)
        finally:
            if not stream:
                route = getattr(scope.get("route"), "path", "unmatched")
                method = scope["method"] if scope["method"] in METHODS else "other"
                API_LATENCY.labels(route, method, f"{status // 100}xx").observe(time.perf_counter() - began)


def _id_of(scope: Scope) -> str:
    """The one that a proxy gave it, for its own log, or a new one."""
    given = next((value for name, value in scope["headers"] if name == b"x-request-id"), b"").decode(
        "latin-1"
    )
    return given if _GIVEN.fullmatch(given) else secrets.token_hex(8)
