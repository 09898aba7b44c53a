"""A lease that is kept alive: what a process writes under it disappears soon after the process does."""

import logging
import threading
import time
from collections.abc import Callable

from app.common.errors import EtcdError, EtcdUnavailable, LeaseNotFound
from app.common.etcd.client import EtcdClient
from app.common.reasons import Reasons

log = logging.getLogger(__name__)

RETRY_SECONDS = 1.0


class Session:
    """Holds one lease and renews it three times a TTL from a thread of its own.

    `on_opened(lease)` is called with every new lease, at the start and after the old one was lost, and must
    write the leased keys; if it raises, the session tries again with another lease. `on_renewed(lease,
    valid_until)` is called after it and after each renewal: `valid_until` is monotonic time, counted from
    when the renewal was sent, so that etcd cannot have ended the lease before it. `on_lost()` is called once
    per lost lease. `find_lease()` may name the lease of an earlier life, to go on with. All are called from
    the session's thread, which goes on if one raises.
    """

    def __init__(
        self,
        client: EtcdClient,
        ttl_seconds: int,
        *,
        on_opened: Callable[[int], None],
        on_renewed: Callable[[int, float], None],
        on_lost: Callable[[], None],
        find_lease: Callable[[], int] = lambda: 0,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client = client
        self._ttl = ttl_seconds
        self._on_opened, self._on_renewed, self._on_lost = on_opened, on_renewed, on_lost
        self._find_lease = find_lease
        self._monotonic = monotonic
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="session", daemon=True)
        self._reasons = Reasons()
        self.lease = 0
        self.valid_until = 0.0

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Stop renewing and give the lease back, so that its keys go at once."""
        self._stopping.set()
        self._thread.join(timeout=2 * self._client.timeout + 1)
        if self.lease:
            try:
                self._client.revoke(self.lease)
            except EtcdError as error:
                log.warning("The lease runs out by itself: %s", error, extra={"action": "revoke"})

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                pause = self._turn()
            except Exception:
                log.exception("The session goes on after a failure of its own.", extra={"action": "session"})
                pause = RETRY_SECONDS
            self._stopping.wait(pause)

    def _turn(self) -> float:
        """Renew the lease, or open one; returns the seconds until the next turn."""
        try:
            if self.lease:
                self._renew()
            else:
                self._open()
        except LeaseNotFound:
            if not self.lease:
                return RETRY_SECONDS
            self._lose()
            return 0.0
        except EtcdError as error:
            level = logging.WARNING if self._reasons.is_new(error) else logging.DEBUG
            log.log(level, "The lease could not be renewed: %s", error, extra={"action": "keepalive"})
            if self.lease and self._monotonic() >= self.valid_until:
                self._lose()
            return RETRY_SECONDS if isinstance(error, EtcdUnavailable) else 3 * RETRY_SECONDS
        self._reasons.clear()
        return self._ttl / 3

    def _open(self) -> None:
        sent = self._monotonic()
        found = self._living_lease()
        lease = found or self._client.grant(self._ttl)
        try:
            self._on_opened(lease)
        except Exception:
            if not found:
                self._client.revoke(lease)
            raise
        self.lease, self.valid_until = lease, sent + self._ttl
        self._on_renewed(lease, self.valid_until)

    def _living_lease(self) -> int:
        """The lease to go on with, renewed; 0 if there is none or it has ended."""
        found = self._find_lease()
        if found:
            try:
                self._client.keepalive(found)
            except LeaseNotFound:
                return 0
        return found

    def _renew(self) -> None:
        sent = self._monotonic()
        ttl = self._client.keepalive(self.lease)
        self.valid_until = sent + min(ttl, self._ttl)
        self._on_renewed(self.lease, self.valid_until)

    def _lose(self) -> None:
        log.error("The lease was lost.", extra={"action": "lease-lost", "lease": f"{self.lease:x}"})
        self.lease = 0
        self._on_lost()
