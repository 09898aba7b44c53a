"""Four roles, each with all the rights of the one before, and how a route says which it needs."""

from collections.abc import Callable
from enum import StrEnum
from typing import Any, TypeVar

from fastapi import Request

from app.common.etcd.txn import Operation

F = TypeVar("F", bound=Callable[..., Any])
Reads = Callable[[Request], Operation | None]


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


def needs(access: Role | Access, *, reads: Reads | None = None) -> Callable[[F], F]:
    """Marks an endpoint with who may call it. An endpoint without a mark answers nobody.

    `reads`: what it needs of etcd beside, to be read with the credentials in one transaction. It finds the
    answer in `Principal.found`.
    """

    def mark(endpoint: F) -> F:
        endpoint.__dict__["needed_access"] = access
        endpoint.__dict__["reads"] = reads
        return endpoint

    return mark


def needed_access(endpoint: Callable[..., Any]) -> Role | Access | None:
    return getattr(endpoint, "needed_access", None)


def read_along(endpoint: Callable[..., Any], request: Request) -> Operation | None:
    reads: Reads | None = getattr(endpoint, "reads", None)
    return reads(request) if reads else None
