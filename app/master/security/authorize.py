"""The check before every route: deny by default.

It is a dependency of the whole application and reads what the matched endpoint is marked with (see
`roles.needs`).
"""

from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Depends, Request

from app.common.etcd.txn import Operation
from app.common.settings import MasterSettings
from app.master.problems import Problem, no_such
from app.master.security import secrets
from app.master.security.authenticate import Authenticator, Principal
from app.master.security.roles import Access, Role, needed_access, read_along

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
CSRF_HEADER = "X-CSRF-Token"
CHALLENGE = {"WWW-Authenticate": 'Bearer realm="yuanya"'}


def cookie_name(settings: MasterSettings) -> str:
    """The prefix makes browsers refuse the cookie from anybody but this host over HTTPS."""
    return "__Host-yuanya_session" if settings.cookie_secure else "yuanya_session"


def client_address(request: Request) -> str:
    return request.client.host if request.client else ""


def authorize(request: Request) -> None:
    """Raises 401, 403 or 404; leaves the principal in `request.state` for those who ask for it."""
    endpoint = request.scope["route"].endpoint
    access = needed_access(endpoint)
    _refuse_encoded_slash(request)
    if request.method not in SAFE_METHODS:
        _refuse_foreign_origin(request)
    if access is Access.OPEN:
        return
    if access is Access.METRICS and _has_metrics_token(request):
        return
    principal = authenticate(request, read_along(endpoint, request))
    if principal is None:
        raise Problem(401, "Sign in, or send a valid token: Authorization: Bearer yct_...", headers=CHALLENGE)
    needed = Role.VIEWER if access is Access.METRICS else access
    if needed is None or not principal.role.allows(needed):
        raise Problem(403, f"This needs the role {needed}; you are {principal.role}.")
    request.state.principal = principal


def authenticate(request: Request, also: Operation | None = None) -> Principal | None:
    """Whoever the request's credentials belong to. A bearer token wins over a cookie. `also` is read with
    them.
    """
    state = request.app.state
    authenticator: Authenticator = state.authenticator
    address = client_address(request)
    token = _bearer(request)
    if token is not None:
        return authenticator.by_token(token, address, also)
    secret = request.cookies.get(cookie_name(state.settings))
    if not secret:
        return None
    principal = authenticator.by_session(secret, address, also)
    if principal and request.method not in SAFE_METHODS:
        given = request.headers.get(CSRF_HEADER, "")
        if not secrets.same(given, secrets.csrf_token(secret)):
            raise Problem(
                403, f"A write with a cookie needs the header {CSRF_HEADER}; GET /session has its value."
            )
    return principal


async def principal_of(request: Request) -> Principal:
    principal: Principal = request.state.principal
    return principal


CurrentPrincipal = Annotated[Principal, Depends(principal_of)]


def _bearer(request: Request) -> str | None:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


def _has_metrics_token(request: Request) -> bool:
    expected = request.app.state.settings.metrics_token
    given = _bearer(request)
    return expected is not None and given is not None and secrets.same(given, expected.get_secret_value())


def _refuse_encoded_slash(request: Request) -> None:
    """The path is decoded before it is matched: `/jobs/a%2Frun` would run job `a`."""
    if b"%2f" in request.scope.get("raw_path", b"").lower():
        raise no_such("page", request.url.path)


def _refuse_foreign_origin(request: Request) -> None:
    origin = request.headers.get("Origin")
    if origin is not None and urlsplit(origin).netloc != request.headers.get("Host"):
        raise Problem(403, "The request comes from a page of another site.")
