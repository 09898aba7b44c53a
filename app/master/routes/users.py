"""User accounts."""

from typing import Annotated

from fastapi import APIRouter, Depends, Response

from app.master.bodies import JsonBody
from app.master.deps import CurrentPrincipal, Svc, problems
from app.master.schemas.accounts import UserIn, UserList, UserPatch, UserView, user_view
from app.master.security.roles import Role, needs

router = APIRouter(prefix="/api/v1/users", tags=["Administration"])


@router.get("", summary="List users", responses=problems())
@needs(Role.ADMIN)
def list_users(services: Svc) -> UserList:
    return UserList(items=[user_view(name, record) for name, record in services.users.all().items()])


@router.post("", summary="Create a user", status_code=201, responses=problems(409))
@needs(Role.ADMIN)
def create_user(
    services: Svc,
    principal: CurrentPrincipal,
    wanted: Annotated[UserIn, Depends(JsonBody(UserIn))],
    response: Response,
) -> UserView:
    record = services.users.create(wanted.name, wanted.role, wanted.password, principal.actor)
    response.headers["Location"] = f"/api/v1/users/{wanted.name}"
    return user_view(wanted.name, record)


@router.patch("/{name}", summary="Change a user", responses=problems(404, 409))
@needs(Role.ADMIN)
def change_user(
    services: Svc,
    principal: CurrentPrincipal,
    name: str,
    wanted: Annotated[UserPatch, Depends(JsonBody(UserPatch))],
) -> UserView:
    """Acts at once on every master. A new password ends the user's sessions. The last enabled admin stays
    one.
    """
    record = services.users.change(
        name,
        role=wanted.role,
        disabled=wanted.disabled,
        password=wanted.password,
        actor=principal.actor,
    )
    return user_view(name, record)


@router.delete("/{name}", summary="Delete a user", status_code=204, responses=problems(404, 409))
@needs(Role.ADMIN)
def delete_user(services: Svc, principal: CurrentPrincipal, name: str) -> None:
    """The user's sessions and tokens stop at once."""
    services.users.delete(name, principal.actor)
