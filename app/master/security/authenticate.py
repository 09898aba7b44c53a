"""From a credential to a principal. Asks etcd at every request, so that whoever was disabled, deleted or
signed out is out at once, on every master.
"""

import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from app.common import keys
from app.common.etcd import EtcdClient, KeyValue, txn
from app.common.etcd.txn import Operation
from app.master.clock import Clock
from app.master.security import secrets
from app.master.security.roles import Role
from app.master.services.accounts.records import SessionRecord, TokenRecord, UserRecord, parse
from app.master.services.audit import Actor

REMEMBERED = 10_000  # credentials whose user is known


@dataclass(frozen=True, slots=True)
class Principal:
    """Who asks. `jobs_revision` is etcd's revision of the last job write of any master when the request came:
    what the answer must at least contain. `found`: what else was read, if the route asked for it.
    """

    user: str
    role: Role
    actor: Actor
    jobs_revision: int
    found: Sequence[KeyValue] = ()
    session_digest: str | None = None
    expires_at: int | None = None


class _Read(NamedTuple):
    """The credential's record, its user's, the mark of job writes, and what was asked for beside: all of one
    moment.
    """

    credential: bytes | None
    user: UserRecord | None
    jobs_revision: int
    also: Sequence[KeyValue]


_NOTHING = _Read(None, None, 0, ())


class Authenticator:
    """One read of etcd tells whether the credential holds, what its user may do, and how new the answer must
    be.
    """

    def __init__(self, client: EtcdClient, now: Clock) -> None:
        self._client, self._now = client, now
        self._users: OrderedDict[str, str] = OrderedDict()
        self._lock = threading.Lock()

    def by_token(self, token: str, address: str, also: Operation | None = None) -> Principal | None:
        if not token.startswith(secrets.TOKEN_PREFIX):
            return None
        read = self._read(keys.token(secrets.digest(token)), also)
        record, user = parse(TokenRecord, read.credential), read.user
        if record is None or user is None:
            return None
        if record.user_id != user.id or user.disabled or _over(record.expires_at, self._now()):
            return None
        role = min(record.role, user.role, key=lambda role: role.rank)
        actor = Actor(record.user, f"token:{record.name}", address)
        return Principal(
            record.user, role, actor, read.jobs_revision, read.also, expires_at=record.expires_at
        )

    def by_session(self, secret: str, address: str, also: Operation | None = None) -> Principal | None:
        digest = secrets.digest(secret)
        read = self._read(keys.session(digest), also)
        record, user = parse(SessionRecord, read.credential), read.user
        if record is None or user is None:
            return None
        if record.stamp != user.stamp or user.disabled or _over(record.expires_at, self._now()):
            return None
        actor = Actor(record.user, "session", address)
        return Principal(
            record.user, user.role, actor, read.jobs_revision, read.also, digest, record.expires_at
        )

    def _read(self, key: str, also: Operation | None) -> _Read:
        name = self._users.get(key)
        if name is None:
            # The user of a credential never changes, so it is looked up once.
            kv = self._client.get(key)
            if kv is None or (name := _user_in(kv.value)) is None:
                return _NOTHING
            self._remember(key, name)
        operations = [txn.get(key), txn.get(keys.user(name)), txn.get(keys.JOBS_MARK)]
        # Nothing is read for a credential that has gone.
        read = self._client.read([*operations, also] if also else operations, [txn.present(key)])
        if not read.succeeded:
            return _NOTHING
        (kv,), user, mark, *found = read.responses
        return _Read(
            kv.value,
            parse(UserRecord, user[0].value) if user else None,
            mark[0].mod_revision if mark else 0,
            found[0] if found else (),
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
