"""Links that sign in their maker, once."""

import logging
from typing import NoReturn

from app.common import keys
from app.common.etcd import EtcdClient, txn
from app.common.metrics.master import SIGN_INS
from app.master.clock import Clock
from app.master.problems import Problem
from app.master.security import secrets
from app.master.security.rate_limit import SignInLimit
from app.master.services.accounts.records import LinkRecord, UserRecord, parse
from app.master.services.accounts.sessions import Opened, Sessions
from app.master.services.audit import Actor, Audit

log = logging.getLogger(__name__)

TTL_SECONDS = 600
MAX_LINKS = 20  # of one user at the same time

REFUSED = "The link is not valid: it was used already, is older than 10 minutes, or was cut."


class SignInLinks:
    def __init__(
        self, client: EtcdClient, audit: Audit, limit: SignInLimit, sessions: Sessions, now: Clock
    ) -> None:
        self._client, self._audit, self._limit = client, audit, limit
        self._sessions, self._now = sessions, now

    def create(self, actor: Actor, session_expires_at: int) -> tuple[str, int]:
        """The secret, which is in the answer and nowhere else, and when it ends.

        `session_expires_at`: of the session that asks; else a chain of links would prolong it for ever.
        """
        found = self._client.scan(keys.LINKS).items
        own = [link for kv in found if (link := parse(LinkRecord, kv.value)) and link.user == actor.name]
        if len(own) >= MAX_LINKS:
            raise Problem(429, f"You have {MAX_LINKS} unused links. They end within 10 minutes.")
        user_kv = self._client.get(keys.user(actor.name))
        user = parse(UserRecord, user_kv.value) if user_kv else None
        if user_kv is None or user is None:
            raise Problem(401, "The account is gone.")
        secret = secrets.new_session()
        link = LinkRecord(
            user=actor.name,
            stamp=user.stamp,
            expires_at=min(self._now() + TTL_SECONDS * 1000, session_expires_at),
            session_expires_at=session_expires_at,
        )
        lease = self._client.grant(TTL_SECONDS)
        made = self._client.txn(
            [txn.mod_revision_is(user_kv.key, user_kv.mod_revision)],
            [
                txn.put(keys.link(secrets.digest(secret)), link.to_json(), lease),
                self._audit.put(actor, "session.link", "session", actor.name),
            ],
        )
        if not made.succeeded:
            raise Problem(409, "The account was changed at this moment. Try again.")
        return secret, link.expires_at

    def redeem(self, secret: str, address: str) -> Opened:
        """Sign in, and use the link up, in one transaction. Raises 401 and 429."""
        attempt = self._limit.admit(None, address)
        key = keys.link(secrets.digest(secret))
        kv = self._client.get(key)
        link = parse(LinkRecord, kv.value) if kv else None
        if kv is None or link is None or self._now() >= link.expires_at:
            self._refuse(address)
        user_kv = self._client.get(keys.user(link.user))
        user = parse(UserRecord, user_kv.value) if user_kv else None
        if user_kv is None or user is None or user.disabled or user.stamp != link.stamp:
            self._refuse(address)
        opened = self._sessions.open(
            link.user,
            user,
            Actor(link.user, "link", address),
            [txn.mod_revision_is(each.key, each.mod_revision) for each in (kv, user_kv)],
            [txn.delete(key)],
            until=link.session_expires_at,
        )
        if opened is None:  # somebody else was faster, or the account was changed
            self._refuse(address)
        self._limit.succeeded(attempt)
        return opened

    def _refuse(self, address: str) -> NoReturn:
        SIGN_INS.labels("refused").inc()
        self._client.txn(
            success=[
                self._audit.put(
                    Actor("(unknown)", "link", address), "session.refused", "session", "(unknown)"
                )
            ]
        )
        log.warning("A sign-in by link was refused.", extra={"action": "link-refused", "address": address})
        raise Problem(401, REFUSED)
