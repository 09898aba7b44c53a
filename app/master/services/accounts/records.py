"""What stands in etcd for an account. Times are epoch milliseconds."""

from typing import Annotated, TypeVar

from pydantic import Field, StringConstraints, ValidationError

from app.common.models.base import CamelModel
from app.master.security.roles import Role

UserName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_.@\-]{0,63}$")]


R = TypeVar("R", bound=CamelModel)


def parse(model: type[R], value: bytes | None) -> R | None:
    """None where there is nothing, or something put there by hand that is no such record."""
    try:
        return model.model_validate_json(value) if value is not None else None
    except ValidationError:
        return None


class UserRecord(CamelModel):
    """`/cron/users/<name>`. `id` tells a user from a later one of the same name. Sessions carry the `stamp`
    they were opened under: a new one ends them all.
    """

    id: str
    stamp: str
    role: Role = Field(strict=False)
    password_hash: str
    disabled: bool = False
    created_at: int


class TokenRecord(CamelModel):
    """`/cron/tokens/<digest>`. Its rights are never more than its user's of the moment."""

    id: str
    name: str
    user: str
    user_id: str
    role: Role = Field(strict=False)
    created_at: int
    expires_at: int | None = None


class LinkRecord(CamelModel):
    """`/cron/links/<digest>`, under a lease that ends with it. A new `stamp` of its user ends it too.

    The session that it opens ends with the one that made it, at the latest.
    """

    user: str
    stamp: str
    expires_at: int
    session_expires_at: int


class SessionRecord(CamelModel):
    """`/cron/sessions/<digest>`, under a lease that ends with it."""

    user: str
    stamp: str
    created_at: int
    expires_at: int
