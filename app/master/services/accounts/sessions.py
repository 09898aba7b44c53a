"""Signing in and out."""

import logging
from collections.abc import Sequence
from typing import NamedTuple, NoReturn

from app.common import keys
from app.common.etcd import EtcdClient, txn
from app.common.etcd.txn import Compare, Operation
from app.common.metrics.master import SIGN_INS
from app.master.clock import Clock
from app.master.problems import Problem
from app.master.security import passwords, secrets
from app.master.security.rate_limit import SignInLimit
from app.master.services.accounts.records import SessionRecord, UserRecord, parse
from app.master.services.audit import Actor, Audit

log = logging.getLogger(__name__)

REFUSED = "The user name or the password is wrong."


class Opened(NamedTuple):
    secret: str  # for the cookie, and stored nowhere
    user: UserRecord
    session: SessionRecord


class Sessions:
    def __init__(
        self, client: EtcdClient, audit: Audit, limit: SignInLimit, hours: float, now: Clock
    ) -> None:
        self._client, self._audit, self._limit, self._now = client, audit, limit, now
        self._ttl_seconds = max(1, round(hours * 3600))

    def sign_in(self, user: str, password: str, address: str) -> Opened:
        """Raises 401 without saying which part was wrong, and 429."""
        attempt = self._limit.admit(user, address)
        kv = self._client.get(keys.user(user))
        record = parse(UserRecord, kv.value) if kv else None
        right = passwords.check_password(password, record.password_hash if record else None)
        if kv is None or record is None or not right or record.disabled:
            # A name that is none of ours may be a password typed into the wrong field.
            self._refuse(user if record else "(unknown)", address)
        unchanged = txn.mod_revision_is(kv.key, kv.mod_revision)
        opened = self.open(user, record, Actor(user, "session", address), [unchanged])
        if opened is None:
            raise Problem(409, "The account was changed at this moment. Sign in again.")
        self._limit.succeeded(attempt)
        return opened

    def open(
        self,
        user: str,
        record: UserRecord,
        actor: Actor,
        conditions: Sequence[Compare],
        operations: Sequence[Operation] = (),
        until: int | None = None,
    ) -> Opened | None:
        """A new session, in one transaction with `operations`; None where `conditions` do not hold.

        It ends as all do, or at `until` if that is sooner.
        """
        now = self._now()
        ends = now + self._ttl_seconds * 1000
        session = SessionRecord(
            user=user,
            stamp=record.stamp,
            created_at=now,
            expires_at=ends if until is None else min(ends, until),
        )
        secret = secrets.new_session()
        lease = self._client.grant(max(1, -(-(session.expires_at - now) // 1000)))
        opened = self._client.txn(
            conditions,
            [
                txn.put(keys.session(secrets.digest(secret)), session.to_json(), lease),
                self._audit.put(actor, "session.create", "session", user),
                *operations,
            ],
        )
        if not opened.succeeded:
            return None
        SIGN_INS.labels("succeeded").inc()
        return Opened(secret, record, session)

    def sign_out(self, digest: str, actor: Actor) -> None:
        key = keys.session(digest)
        self._client.txn(
            [txn.present(key)],
            [txn.delete(key), self._audit.put(actor, "session.delete", "session", actor.name)],
        )

    def _refuse(self, user: str, address: str) -> NoReturn:
        SIGN_INS.labels("refused").inc()
        self._client.txn(
            success=[self._audit.put(Actor(user, "", address), "session.refused", "session", user)]
        )
        log.warning(
            "A sign-in was refused.", extra={"action": "sign-in-refused", "user": user, "address": address}
        )
        raise Problem(401, REFUSED)
