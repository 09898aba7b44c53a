"""API tokens."""

from typing import Annotated

from fastapi import APIRouter, Depends

from app.master.bodies import JsonBody
from app.master.deps import CurrentPrincipal, Svc, problems
from app.master.routes.session import session_of
from app.master.schemas.accounts import NewToken, TokenIn, TokenList, token_view
from app.master.security.authenticate import Principal
from app.master.security.roles import Role, needs

router = APIRouter(prefix="/api/v1/tokens", tags=["Administration"])


@router.get("", summary="List API tokens", responses=problems())
@needs(Role.VIEWER)
def list_tokens(services: Svc, principal: CurrentPrincipal) -> TokenList:
    """Your own; an admin sees everybody's."""
    return TokenList(items=[token_view(record) for record in services.tokens.all(_whose(principal))])


@router.post("", summary="Create an API token", status_code=201, responses=problems(409))
@needs(Role.VIEWER)
def create_token(
    services: Svc, principal: CurrentPrincipal, wanted: Annotated[TokenIn, Depends(JsonBody(TokenIn))]
) -> NewToken:
    """For a program: `Authorization: Bearer yct_...`. Needs a sign-in with a password, so that no token makes
    others. The token is shown this once.
    """
    session_of(principal)
    expires_at = round(wanted.expires_at.timestamp() * 1000) if wanted.expires_at else None
    secret, record = services.tokens.create(wanted.name, wanted.role, expires_at, principal.actor)
    return NewToken(token=secret, **vars(token_view(record)))


@router.delete("/{token_id}", summary="Delete an API token", status_code=204, responses=problems(404))
@needs(Role.VIEWER)
def delete_token(services: Svc, principal: CurrentPrincipal, token_id: str) -> None:
    """It stops at once, on every master. Your own; an admin may delete everybody's."""
    services.tokens.delete(token_id, user=_whose(principal), actor=principal.actor)


def _whose(principal: Principal) -> str | None:
    return None if principal.role.allows(Role.ADMIN) else principal.user
