"""What a failover is measured on: a whole system behind one address, and the faults that it can be given."""

import ssl
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from app.common.logstore import LogStore
from tests.harness.oracle import Oracle


@dataclass(frozen=True)
class Fault:
    """Something that is killed, and how it comes back.

    `inject` returns once it is done and may say more about what was hit. `mend` brings it back, after
    `down_seconds`; where something else does (systemd), both are nothing. `is_back`: it does its full work
    again, in the life after the fault.
    """

    name: str
    inject: Callable[[], str | None]
    is_back: Callable[[], bool]
    mend: Callable[[], None] = lambda: None
    down_seconds: float = 0


class Fleet(Protocol):
    """Ready for work, without jobs."""

    url: str  # of the load balancer
    trust: ssl.SSLContext
    admin_password: str
    store: LogStore

    @property
    def oracle(self) -> Oracle:
        """What the jobs wrote so far, on all hosts."""

    def command(self, then: str) -> str:
        """A command for a job that the oracle hears of; it goes on with `then`."""

    @property
    def faults(self) -> list[Fault]:
        """Of each part, in the order to give them."""
