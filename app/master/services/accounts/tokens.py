"""API tokens: for programs, with a role of their own, shown once."""

from app.common import keys
from app.common.etcd import EtcdClient, KeyValue, txn
from app.master.clock import Clock
from app.master.problems import Problem, invalid, no_such
from app.master.security import secrets
from app.master.security.roles import Role
from app.master.services.accounts.records import TokenRecord, UserRecord, parse
from app.master.services.audit import Actor, Audit

MAX_TOKENS = 100  # of one user


class Tokens:
    def __init__(self, client: EtcdClient, audit: Audit, now: Clock) -> None:
        self._client, self._audit, self._now = client, audit, now

    def all(self, user: str | None) -> list[TokenRecord]:
        """Newest first; of one user, or of everybody."""
        records = [record for _, record in self._scan() if user in (None, record.user)]
        return sorted(records, key=lambda record: record.created_at, reverse=True)

    def create(self, name: str, role: Role, expires_at: int | None, actor: Actor) -> tuple[str, TokenRecord]:
        """The token itself is in the answer and nowhere else."""
        now = self._now()
        if expires_at is not None and expires_at <= now:
            raise invalid("expiresAt", "must be in the future")
        user_kv = self._client.get(keys.user(actor.name))
        user = parse(UserRecord, user_kv.value) if user_kv else None
        if user_kv is None or user is None:
            raise Problem(401, "The account is gone.")
        if not user.role.allows(role):
            raise invalid("role", f"must not be more than your own, {user.role}", 403)
        own = self.all(actor.name)
        if any(token.name == name for token in own):
            raise Problem(409, f"You have a token {name!r} already.")
        if len(own) >= MAX_TOKENS:
            raise Problem(409, f"You have {MAX_TOKENS} tokens already. Delete one first.")
        secret = secrets.new_token()
        record = TokenRecord(
            id=secrets.new_id(),
            name=name,
            user=actor.name,
            user_id=user.id,
            role=role,
            created_at=now,
            expires_at=expires_at,
        )
        made = self._client.txn(
            [txn.mod_revision_is(user_kv.key, user_kv.mod_revision)],
            [
                txn.put(keys.token(secrets.digest(secret)), record.to_json()),
                self._audit.put(
                    actor,
                    "token.create",
                    "token",
                    record.id,
                    after={"name": name, "user": actor.name, "role": role.value, "expiresAt": expires_at},
                ),
            ],
        )
        if not made.succeeded:
            raise Problem(409, "The account was changed at this moment. Try again.")
        return secret, record

    def delete(self, token_id: str, *, user: str | None, actor: Actor) -> None:
        """`user`: only if it is this user's."""
        for kv, record in self._scan():
            if record.id == token_id and user in (None, record.user):
                before = {"name": record.name, "user": record.user, "role": record.role.value}
                self._client.txn(
                    [txn.present(kv.key)],
                    [
                        txn.delete(kv.key),
                        self._audit.put(actor, "token.delete", "token", token_id, before=before),
                    ],
                )
                return
        raise no_such("token", token_id)

    def _scan(self) -> list[tuple[KeyValue, TokenRecord]]:
        found = ((kv, parse(TokenRecord, kv.value)) for kv in self._client.scan(keys.TOKENS).items)
        return [(kv, record) for kv, record in found if record]
