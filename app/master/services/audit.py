"""The audit: every change leaves one entry, written to etcd in the transaction of the change itself (an
outbox), then moved to the log store by whichever master comes first.
"""

import logging
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter, ValidationError

from app.common import keys
from app.common.etcd import EtcdClient, txn
from app.common.etcd.txn import Operation
from app.common.logstore import AuditEntry, AuditPage, LogStore
from app.master.clock import Clock

log = logging.getLogger(__name__)

MOVED_AT_ONCE = 100  # entries; deleting as many fits one transaction
OUTBOX_SHOWN = 1_000  # entries still on their way that a reader gets to see

_adapter = TypeAdapter(AuditEntry)


@dataclass(frozen=True, slots=True)
class Actor:
    """Who does something, and how: `via` is `session`, `token:<name>` or empty."""

    name: str
    via: str = ""
    address: str = ""


class Outbox:
    """Writes entries, as part of the transactions of others."""

    def __init__(self, now: Clock) -> None:
        self._now = now

    def put(
        self,
        actor: Actor,
        action: str,
        kind: str,
        target: str,
        *,
        before: dict[str, Any] | None = None,
        after: dict[str, Any] | None = None,
        detail: dict[str, Any] | None = None,
    ) -> Operation:
        """The operation that records a change; belongs into the transaction that makes it."""
        at = self._now()
        about = {"via": actor.via, "address": actor.address, **(detail or {})}
        entry = AuditEntry(
            id=f"{at:013d}-{secrets.token_hex(6)}",
            at=at,
            actor=actor.name,
            action=action,
            kind=kind,
            target=target,
            before=before,
            after=after,
            detail={name: value for name, value in about.items() if value not in (None, "")},
        )
        return txn.put(keys.audit(entry.id), _adapter.dump_json(entry))


class Audit(Outbox):
    """Writes and reads entries."""

    def __init__(self, client: EtcdClient, store: LogStore, now: Clock) -> None:
        super().__init__(now)
        self._client, self._store = client, store

    def read(
        self,
        *,
        kind: str | None = None,
        target: str | None = None,
        actor: str | None = None,
        action: str | None = None,
        since: int | None = None,
        until: int | None = None,
        limit: int = 50,
        cursor: str | None = None,
    ) -> AuditPage:
        """Newest first. The first page also has what is still on its way to the store, beyond `limit`."""
        # The outbox is read first: an entry moved meanwhile is then seen twice, not never.
        waiting = [] if cursor else self._outbox(OUTBOX_SHOWN)
        page = self._store.audit(
            kind=kind,
            target=target,
            actor=actor,
            action=action,
            since=since,
            until=until,
            limit=limit,
            cursor=cursor,
        )
        stored = {entry.id for entry in page.entries}
        new = [
            entry
            for entry in waiting
            if entry.id not in stored
            and kind in (None, entry.kind)
            and target in (None, entry.target)
            and actor in (None, entry.actor)
            and action in (None, entry.action)
            and (since is None or since <= entry.at)
            and (until is None or entry.at < until)
        ]
        entries = sorted([*page.entries, *new], key=lambda entry: entry.id, reverse=True)
        return AuditPage(entries, page.next_cursor)

    def is_behind(self) -> bool:
        """Whether more is on its way to the store than a reader gets to see: the newest may be hidden."""
        return self._client.count(keys.AUDIT) > OUTBOX_SHOWN

    def move(self, on_moved: Callable[[list[AuditEntry]], None]) -> int:
        """Move a batch of the outbox to the store; returns how many. Safe to be repeated and to be done by
        several masters at once, because the store knows each entry by its id."""
        entries = self._outbox(MOVED_AT_ONCE)
        if entries:
            self._store.write_audit(entries)
            on_moved(entries)
            self._client.txn(success=[txn.delete(keys.audit(entry.id)) for entry in entries])
        return len(entries)

    def _outbox(self, limit: int) -> list[AuditEntry]:
        entries = []
        for kv in self._client.page(keys.AUDIT, limit=limit).items:
            try:
                entries.append(_adapter.validate_json(kv.value))
            except ValidationError:
                log.warning(
                    "A key under %s is no audit entry and is left alone.",
                    keys.AUDIT,
                    extra={"action": "audit", "key": kv.key},
                )
        return entries
