"""Four roles, each with all the rights of the one before, and how a route says which it needs."""

from collections.abc import Callable
from enum import StrEnum
from typing import Any, TypeVar

F = TypeVar("F", bound=Callable[..., Any])


class Role(StrEnum):
    """VIEWER reads. OPERATOR runs, kills, pauses and drains. EDITOR changes jobs, which is code execution on
    every worker. ADMIN manages accounts and reads the audit.
    """

    VIEWER = "viewer"
    OPERATOR = "operator"
    EDITOR = "editor"
    ADMIN = "admin"

    @property
    def rank(self) -> int:
        return list(Role).index(self)

    def allows(self, needed: "Role") -> bool:
        return self.rank >= needed.rank


class Access(StrEnum):
    """What is not a role: OPEN answers without credentials, METRICS also takes the token of the settings."""

    OPEN = "open"
    METRICS = "metrics"


def needs(access: Role | Access) -> Callable[[F], F]:
    """Marks an endpoint with who may call it. An endpoint without a mark answers nobody."""

    def mark(endpoint: F) -> F:
        endpoint.__dict__["needed_access"] = access
        return endpoint

    return mark


def needed_access(endpoint: Callable[..., Any]) -> Role | Access | None:
    return getattr(endpoint, "needed_access", None)
