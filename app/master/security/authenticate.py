"""From a credential to a principal. Asks etcd at every request, so that whoever was disabled, deleted or
signed out is out at once, on every master.
"""

import threading
from collections import OrderedDict
from dataclasses import dataclass

from app.common import keys
from app.common.etcd import EtcdClient
from app.master.clock import Clock
from app.master.security import secrets
from app.master.security.roles import Role
from app.master.services.accounts.records import SessionRecord, TokenRecord, UserRecord, parse
from app.master.services.audit import Actor

REMEMBERED = 10_000  # credentials whose user is known


@dataclass(frozen=True, slots=True)
class Principal:
    """Who asks. `jobs_revision` is etcd's revision of the last job write of any master when the request came:
    what the answer must at least contain.
    """

    user: str
    role: Role
    actor: Actor
    jobs_revision: int
    session_digest: str | None = None
    expires_at: int | None = None


class Authenticator:
    """One read of etcd tells whether the credential holds, what its user may do, and how new the answer must
    be.
    """

    def __init__(self, client: EtcdClient, now: Clock) -> None:
        self._client, self._now = client, now
        self._users: OrderedDict[str, str] = OrderedDict()
        self._lock = threading.Lock()

    def by_token(self, token: str, address: str) -> Principal | None:
        if not token.startswith(secrets.TOKEN_PREFIX):
            return None
        value, user, revision = self._read(keys.token(secrets.digest(token)))
        record = parse(TokenRecord, value)
        if record is None or user is None:
            return None
        if record.user_id != user.id or user.disabled or _over(record.expires_at, self._now()):
            return None
        role = min(record.role, user.role, key=lambda role: role.rank)
        actor = Actor(record.user, f"token:{record.name}", address)
        return Principal(record.user, role, actor, revision, expires_at=record.expires_at)

    def by_session(self, secret: str, address: str) -> Principal | None:
        digest = secrets.digest(secret)
        value, user, revision = self._read(keys.session(digest))
        record = parse(SessionRecord, value)
        if record is None or user is None:
            return None
        if record.stamp != user.stamp or user.disabled or _over(record.expires_at, self._now()):
            return None
        actor = Actor(record.user, "session", address)
        return Principal(record.user, user.role, actor, revision, digest, record.expires_at)

    def _read(self, key: str) -> tuple[bytes | None, UserRecord | None, int]:
        """The credential's record, its user's, and the mark of job writes, all of one moment."""
        name = self._users.get(key)
        if name is None:
            # The user of a credential never changes, so it is looked up once.
            kv = self._client.get(key)
            if kv is None or (name := _user_in(kv.value)) is None:
                return None, None, 0
            self._remember(key, name)
        (kv, user, mark), _ = self._client.get_many([key, keys.user(name), keys.JOBS_MARK])
        return (
            kv.value if kv else None,
            parse(UserRecord, user.value) if user else None,
            mark.mod_revision if mark else 0,
        )

    def _remember(self, key: str, name: str) -> None:
        with self._lock:
            self._users[key] = name
            if len(self._users) > REMEMBERED:
                self._users.popitem(last=False)


def _user_in(value: bytes) -> str | None:
    record = parse(SessionRecord, value) or parse(TokenRecord, value)
    return record.user if record else None


def _over(expires_at: int | None, now: int) -> bool:
    return expires_at is not None and now >= expires_at
