"""Signing in and out."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from app.master.bodies import JsonBody
from app.master.deps import Address, CurrentPrincipal, Svc, problems
from app.master.problems import Problem
from app.master.schemas.accounts import NewPassword, Redeem, SessionView, SignIn, SignInLink
from app.master.security import secrets
from app.master.security.authorize import cookie_name
from app.master.security.roles import Access, Role, needs
from app.master.services.accounts.sessions import Opened

router = APIRouter(prefix="/api/v1/session", tags=["Session"])


@router.post("", summary="Sign in", responses=problems(429))
@needs(Access.OPEN)
def sign_in(
    services: Svc,
    request: Request,
    address: Address,
    wanted: Annotated[SignIn, Depends(JsonBody(SignIn))],
    response: Response,
) -> SessionView:
    """Sets the session's cookie. Send `csrfToken` as the header `X-CSRF-Token` with every write."""
    return _opened(request, response, services.sessions.sign_in(wanted.username, wanted.password, address))


@router.post("/link", summary="Make a link that signs in", responses=problems(429))
@needs(Role.VIEWER)
def create_link(services: Svc, principal: CurrentPrincipal) -> SignInLink:
    """Opens the console signed in as you, once, within 10 minutes: on another device, say. Whoever has the
    link can use it. What it opens ends when your session does by itself. Needs a sign-in with a password, not
    a token.
    """
    session_of(principal)
    assert principal.expires_at is not None, "sessions end"
    secret, expires_at = services.links.create(principal.actor, principal.expires_at)
    return SignInLink(path=f"/#/sign-in?link={secret}", expires_at=expires_at)


@router.post("/redeem", summary="Sign in by a link", responses=problems(429))
@needs(Access.OPEN)
def redeem_link(
    services: Svc,
    request: Request,
    address: Address,
    wanted: Annotated[Redeem, Depends(JsonBody(Redeem))],
    response: Response,
) -> SessionView:
    """As `POST /session`. A link works once; 401 for any other."""
    return _opened(request, response, services.links.redeem(wanted.link, address))


@router.get("", summary="Who am I", responses=problems())
@needs(Role.VIEWER)
def show_session(request: Request, principal: CurrentPrincipal) -> SessionView:
    secret = request.cookies.get(cookie_name(request.app.state.settings), "")
    return SessionView(
        user=principal.user,
        role=principal.role,
        csrf_token=secrets.csrf_token(secret) if principal.session_digest else None,
        expires_at=principal.expires_at,
    )


@router.delete("", summary="Sign out", status_code=204, responses=problems())
@needs(Role.VIEWER)
def sign_out(services: Svc, request: Request, principal: CurrentPrincipal, response: Response) -> None:
    services.sessions.sign_out(session_of(principal), principal.actor)
    settings = request.app.state.settings
    response.delete_cookie(
        cookie_name(settings), path="/", secure=settings.cookie_secure, httponly=True, samesite="strict"
    )


@router.put("/password", summary="Change your own password", status_code=204, responses=problems(409, 429))
@needs(Role.VIEWER)
def change_password(
    services: Svc, principal: CurrentPrincipal, wanted: Annotated[NewPassword, Depends(JsonBody(NewPassword))]
) -> None:
    """Ends all your other sessions. API tokens stay."""
    services.users.change_own_password(
        session_of(principal), principal.actor, wanted.current_password, wanted.password
    )


def _opened(request: Request, response: Response, opened: Opened) -> SessionView:
    secret, user, session = opened
    settings = request.app.state.settings
    response.set_cookie(
        cookie_name(settings),
        secret,
        max_age=(session.expires_at - session.created_at) // 1000,
        path="/",
        secure=settings.cookie_secure,
        httponly=True,
        samesite="strict",
    )
    return SessionView(
        user=session.user,
        role=user.role,
        csrf_token=secrets.csrf_token(secret),
        expires_at=session.expires_at,
    )


def session_of(principal: CurrentPrincipal) -> str:
    """What a token must not do needs a session: whoever holds a token does not know the password."""
    if principal.session_digest is None:
        raise Problem(403, "This needs a sign-in with a password, not a token.")
    return principal.session_digest
