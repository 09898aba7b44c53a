"""Managing users."""

from typing import Any

from app.common import keys
from app.common.etcd import EtcdClient, KeyValue, txn
from app.master.clock import Clock
from app.master.problems import Problem, invalid, no_such
from app.master.security import passwords, secrets
from app.master.security.rate_limit import SignInLimit
from app.master.security.roles import Role
from app.master.services.accounts.records import SessionRecord, UserRecord, parse
from app.master.services.audit import Actor, Audit

ATTEMPTS = 10  # of a transaction that met another change of the same account

ADMIN = "admin"
BY_SETTINGS = Actor("settings")


class Users:
    def __init__(self, client: EtcdClient, audit: Audit, limit: SignInLimit, now: Clock) -> None:
        self._client, self._audit, self._limit, self._now = client, audit, limit, now

    def all(self) -> dict[str, UserRecord]:
        found = {
            keys.last_part(kv.key): parse(UserRecord, kv.value) for kv in self._client.scan(keys.USERS).items
        }
        return {name: record for name, record in found.items() if record}

    def any(self) -> bool:
        return self._client.count(keys.USERS) > 0

    def create_first(self, password: str) -> bool:
        """Make the account `admin` unless there is any account; whether it was made. Of several masters that
        try at once, one succeeds.
        """
        if self.any():
            return False
        record = self._new(Role.ADMIN, password)
        return self._client.txn(
            [txn.absent_prefix(keys.USERS)],
            [
                txn.put(keys.user(ADMIN), record.to_json()),
                self._audit.put(BY_SETTINGS, "user.create", "user", ADMIN, after=shown(record)),
            ],
        ).succeeded

    def create(self, name: str, role: Role, password: str, actor: Actor) -> UserRecord:
        record = self._new(role, password)
        key = keys.user(name)
        made = self._client.txn(
            [txn.absent(key)],
            [
                txn.put(key, record.to_json()),
                self._audit.put(actor, "user.create", "user", name, after=shown(record)),
            ],
        )
        if not made.succeeded:
            raise Problem(409, f"There is a user {name!r} already.")
        return record

    def change(
        self, name: str, *, role: Role | None, disabled: bool | None, password: str | None, actor: Actor
    ) -> UserRecord:
        """What is None stays. A new password ends the user's sessions."""
        update: dict[str, Any] = {
            field: value for field, value in (("role", role), ("disabled", disabled)) if value is not None
        }
        if password is not None:
            update |= {"password_hash": passwords.hash_password(password), "stamp": secrets.new_id()}
        for _ in range(ATTEMPTS):
            kv, before, others = self._find(name)
            after = before.model_copy(update=update)
            guard = [] if governs(after) or not governs(before) else [self._another_admin(others)]
            detail = {"password": "changed"} if password is not None else None
            changed = self._client.txn(
                [txn.mod_revision_is(kv.key, kv.mod_revision), *guard],
                [
                    txn.put(kv.key, after.to_json()),
                    self._audit.put(
                        actor,
                        "user.update",
                        "user",
                        name,
                        before=shown(before),
                        after=shown(after),
                        detail=detail,
                    ),
                ],
            )
            if changed.succeeded:
                return after
        raise Problem(409, f"User {name!r} is being changed by others. Try again.")

    def delete(self, name: str, actor: Actor) -> None:
        """The user's sessions and tokens stop with it."""
        for _ in range(ATTEMPTS):
            kv, before, others = self._find(name)
            guard = [self._another_admin(others)] if governs(before) else []
            deleted = self._client.txn(
                [txn.mod_revision_is(kv.key, kv.mod_revision), *guard],
                [
                    txn.delete(kv.key),
                    self._audit.put(actor, "user.delete", "user", name, before=shown(before)),
                ],
            )
            if deleted.succeeded:
                return
        raise Problem(409, f"User {name!r} is being changed by others. Try again.")

    def change_own_password(self, session_digest: str, actor: Actor, current: str, new: str) -> None:
        """Ends all other sessions of the user; the one at hand goes on.

        Guesses of the current password count as attempts to sign in: raises 429 as these do.
        """
        attempt = self._limit.admit(actor.name, actor.address)
        (user_kv, session_kv), _ = self._client.get_many(
            [keys.user(actor.name), keys.session(session_digest)]
        )
        before = parse(UserRecord, user_kv.value) if user_kv else None
        own = parse(SessionRecord, session_kv.value) if session_kv else None
        if user_kv is None or session_kv is None or before is None or own is None:
            raise Problem(401, "The session has ended.")
        if not passwords.check_password(current, before.password_hash):
            raise invalid("currentPassword", "is wrong", 403)
        self._limit.succeeded(attempt)
        stamp = secrets.new_id()
        after = before.model_copy(
            update={"password_hash": passwords.hash_password(new), "stamp": stamp},
        )
        session = own.model_copy(update={"stamp": stamp})
        changed = self._client.txn(
            [txn.mod_revision_is(kv.key, kv.mod_revision) for kv in (user_kv, session_kv)],
            [
                txn.put(user_kv.key, after.to_json()),
                txn.put(session_kv.key, session.to_json(), session_kv.lease),
                self._audit.put(actor, "user.password", "user", actor.name),
            ],
        )
        if not changed.succeeded:
            raise Problem(409, "The account was changed at this moment. Try again.")

    def _new(self, role: Role, password: str) -> UserRecord:
        return UserRecord(
            id=secrets.new_id(),
            stamp=secrets.new_id(),
            role=role,
            password_hash=passwords.hash_password(password),
            created_at=self._now(),
        )

    def _find(self, name: str) -> tuple[KeyValue, UserRecord, list[KeyValue]]:
        found = {kv.key: kv for kv in self._client.scan(keys.USERS).items}
        kv = found.pop(keys.user(name), None)
        record = parse(UserRecord, kv.value) if kv else None
        if kv is None or record is None:
            raise no_such("user", name)
        return kv, record, list(found.values())

    @staticmethod
    def _another_admin(others: list[KeyValue]) -> txn.Compare:
        """The condition that an enabled admin remains."""
        for kv in others:
            if governs(parse(UserRecord, kv.value)):
                return txn.mod_revision_is(kv.key, kv.mod_revision)
        raise Problem(409, "This is the last enabled admin; nobody could manage accounts any more.")


def shown(record: UserRecord) -> dict[str, Any]:
    """What the audit may hold: no hashes."""
    return {"role": record.role.value, "disabled": record.disabled}


def governs(record: UserRecord | None) -> bool:
    """Whether this user can manage accounts."""
    return record is not None and record.role is Role.ADMIN and not record.disabled
