"""Users, tokens, sessions and the audit as the API shows them."""

from typing import Any, Literal

from pydantic import ConfigDict, Field

from app.common.logstore import AuditEntry
from app.common.models.base import CamelModel
from app.common.models.job import Name
from app.master.schemas.common import (
    BodyTime,
    Moment,
    MomentParameter,
    PageParameters,
    Parameters,
    QueryText,
    Schema,
)
from app.master.security.passwords import MAX_PASSWORD
from app.master.security.roles import Role
from app.master.services.accounts.records import TokenRecord, UserName, UserRecord


class SignIn(CamelModel):
    model_config = ConfigDict(json_schema_extra={"examples": [{"username": "admin", "password": "..."}]})

    username: str = Field(min_length=1, max_length=64)
    password: str = Field(min_length=1, max_length=MAX_PASSWORD)


class SessionView(Schema):
    user: str
    role: Role
    csrf_token: str | None = Field(
        None, description="Send it as X-CSRF-Token with every write; None for a token, which needs none"
    )
    expires_at: Moment | None = None


class SignInLink(Schema):
    path: str = Field(description="Of the console, on any master", examples=["/#/sign-in?link=..."])
    expires_at: Moment


class Redeem(CamelModel):
    link: str = Field(min_length=1, max_length=256, description="What the link has behind `link=`")


class NewPassword(CamelModel):
    current_password: str = Field(min_length=1, max_length=MAX_PASSWORD)
    password: str = Field(min_length=1, max_length=MAX_PASSWORD, description="At least 12 characters")


class UserIn(CamelModel):
    model_config = ConfigDict(
        json_schema_extra={"examples": [{"name": "li.wei", "role": "operator", "password": "..."}]}
    )

    name: UserName
    role: Role = Field(strict=False)
    password: str = Field(min_length=1, max_length=MAX_PASSWORD, description="At least 12 characters")


class UserPatch(CamelModel):
    role: Role | None = Field(None, strict=False)
    disabled: bool | None = None
    password: str | None = Field(None, min_length=1, max_length=MAX_PASSWORD)


class UserView(Schema):
    name: str
    role: Role
    disabled: bool
    created_at: Moment


class UserList(Schema):
    items: list[UserView]


class TokenIn(CamelModel):
    model_config = ConfigDict(json_schema_extra={"examples": [{"name": "ci", "role": "editor"}]})

    name: Name
    role: Role = Field(strict=False, description="Not more than your own")
    expires_at: BodyTime | None = Field(None, description="Default: never")


class TokenView(Schema):
    id: str
    name: str
    user: str
    role: Role
    created_at: Moment
    expires_at: Moment | None


class NewToken(TokenView):
    token: str = Field(description="Shown this once", examples=["yct_..."])


class TokenList(Schema):
    items: list[TokenView]


class AuditFilter(Parameters):
    kind: QueryText | None = Field(None, description="job, run, worker, user, token or session")
    target: QueryText | None = None
    actor: QueryText | None = None
    action: QueryText | None = Field(None, examples=["job.update"])
    since: MomentParameter | None = None
    until: MomentParameter | None = None


class AuditParameters(AuditFilter, PageParameters):
    pass


class AuditExportParameters(AuditFilter):
    format: Literal["csv", "jsonl"] = "csv"


class AuditView(Schema):
    id: str
    at: Moment
    actor: str
    action: str
    kind: str
    target: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    detail: dict[str, Any]


class AuditListPage(Schema):
    items: list[AuditView] = Field(description="Newest first")
    next: str | None = None


def user_view(name: str, record: UserRecord) -> UserView:
    return UserView(name=name, role=record.role, disabled=record.disabled, created_at=record.created_at)


def token_view(record: TokenRecord) -> TokenView:
    return TokenView(**{name: getattr(record, name) for name in TokenView.model_fields})


def audit_view(entry: AuditEntry) -> AuditView:
    return AuditView(**{name: getattr(entry, name) for name in AuditView.model_fields})
