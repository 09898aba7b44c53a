"""Writing what a backup holds into etcd, as the master's own writes: many keys a transaction, each with its
audit entry, and each job with a cursor that lets nothing of the past count as missed.

A restore that broke off is repeated: what is as it should be is passed over.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import Any

from app.common import keys
from app.common.errors import BackupError, EtcdUnavailable
from app.common.etcd import EtcdClient, KeyValue, txn
from app.common.models import Job, parse_job
from app.master.backup.archive import Archive
from app.master.backup.content import TOKENS, USERS, Entry, Part, Section, entry_of, sections
from app.master.backup.survey import Change, change_of
from app.master.clock import Clock, wall_clock_ms
from app.master.security import secrets
from app.master.services.accounts.records import TokenRecord, UserRecord, parse
from app.master.services.accounts.users import shown as shown_user
from app.master.services.audit import Actor, Outbox
from app.master.services.cluster_clock import ClusterClock
from app.master.services.job_write import claimed_until, job_write, shown, unchanged
from app.master.services.workers import Workers

AT_ONCE = 40  # keys read and written together: of a job, job, cursor and audit entry, and etcd allows 128
REQUEST_BYTES = 1024 * 1024  # etcd refuses more than 1.5 MiB
IN_FLIGHT = 4  # batches; etcd writes what comes together to disk as one
ATTEMPTS = 8
BACKOFF_SECONDS = (0.1, 2.0)
HEARTBEAT_SECONDS = 7.0  # in which a live worker is heard

ACTOR = Actor("restore")


@dataclass(frozen=True, slots=True)
class Write:
    """One key's part of a transaction; `size` is about that of its request in bytes."""

    entry: Entry
    change: Change
    compare: list[txn.Compare]
    operations: list[txn.Operation]
    size: int


class Restore:
    """`replace`: overwrite what differs; else it is refused. `clock` is the time fires are planned by."""

    def __init__(
        self, client: EtcdClient, archive: Archive, clock: Clock, timezone: str, *, replace: bool
    ) -> None:
        self._client, self._archive, self._clock = client, archive, clock
        self._timezone, self._replace = timezone, replace
        self._audit = Outbox(wall_clock_ms)
        self._detail = {"backup": archive.manifest.taken_at}

    def run(self, parts: Sequence[Part], progress: Callable[[int], None]) -> Counter[Change]:
        """How many keys were created, changed, or were as they should be.

        Raises BackupError where others change the same keys, EtcdError where etcd does not come back.
        """
        done: Counter[Change] = Counter()
        with ThreadPoolExecutor(IN_FLIGHT, thread_name_prefix="restore") as pool:
            for section in sections(parts):
                batches = self._batches(section)
                while together := list(islice(batches, IN_FLIGHT)):
                    for changes in pool.map(
                        lambda batch: self._write(*batch), [(section, b) for b in together]
                    ):
                        done += changes
                        progress(changes.total())
        return done

    def _batches(self, section: Section) -> Iterator[list[Entry]]:
        lines = self._archive.lines(section.file)
        while entries := [entry_of(section, line, self._timezone) for line in islice(lines, AT_ONCE)]:
            yield entries

    def _write(self, section: Section, entries: list[Entry]) -> Counter[Change]:
        done: dict[str, Change] = {}
        pause, longest = BACKOFF_SECONDS
        for _ in range(ATTEMPTS):
            try:
                entries = self._attempt(section, entries, done)
            except EtcdUnavailable:
                # Whether it was written is unknown; the next look at the keys tells.
                time.sleep(pause)
                pause = min(2 * pause, longest)
            if not entries:
                return Counter(done.values())
        self._client.get(entries[0].key)  # raises where etcd is what is missing
        raise BackupError(f"{entries[0].key} is being changed by others. Restore again to go on.")

    def _attempt(self, section: Section, entries: list[Entry], done: dict[str, Change]) -> list[Entry]:
        """Those that met another's change."""
        fired = [keys.fired(_name(section, entry)) for entry in entries] if section.part is Part.JOBS else []
        found, _revision = self._client.get_many([*(entry.key for entry in entries), *fired])
        writes = []
        for place, entry in enumerate(entries):
            cursor = found[len(entries) + place] if fired else None
            write = self._plan(section, entry, found[place], cursor)
            if write is None:
                done.setdefault(entry.key, Change.UNCHANGED)
            else:
                writes.append(write)
        refused = []
        for group in _groups(writes):
            compare = [each for write in group for each in write.compare]
            operations = [each for write in group for each in write.operations]
            if fired:
                operations.append(txn.put(keys.JOBS_MARK, b""))
            if self._client.txn(compare, operations).succeeded:
                done.update({write.entry.key: write.change for write in group})
            else:
                refused += [write.entry for write in group]
        return refused

    def _plan(
        self, section: Section, entry: Entry, kv: KeyValue | None, cursor: KeyValue | None
    ) -> Write | None:
        """None where it is as it should be."""
        change = change_of(section, entry, kv, self._timezone)
        if change is Change.UNCHANGED:
            return None
        if change is Change.CHANGED and not self._replace:
            raise BackupError(
                f"{entry.key} was changed meanwhile by somebody else. Look, then restore again."
            )
        if section.part is Part.JOBS:
            compare, operations = self._job(entry, kv, cursor)
        else:
            compare, operations = [unchanged(entry.key, kv)], self._account_or_drain(section, entry, kv)
        return Write(entry, change, compare, operations, 2 * len(entry.value) + (len(kv.value) if kv else 0))

    def _job(
        self, entry: Entry, kv: KeyValue | None, fired: KeyValue | None
    ) -> tuple[list[txn.Compare], list[txn.Operation]]:
        """What the backup calls invalid may be valid here, by a later version or another zone; else it goes
        back as it was: it fires nothing, and shows as invalid. What stood there before counts until now.
        """
        old = parse_job(kv.key, kv.value, self._timezone) if kv else None
        job, now = parse_job(entry.key, entry.value, self._timezone), self._clock()
        if isinstance(job, Job):
            schedule = job.schedule(self._timezone)
            return job_write(self._audit, ACTOR, kv, fired, old, job, schedule, now, detail=self._detail)
        record = self._audit.put(
            ACTOR,
            "job.update" if kv else "job.create",
            "job",
            job.name,
            before=shown(old),
            after=shown(job),
            detail={**self._detail, "claimedUntil": claimed_until(fired), "countsFrom": now},
        )
        compare = [unchanged(entry.key, kv), unchanged(keys.fired(job.name), fired)]
        return compare, [txn.put(entry.key, entry.value), record]

    def _account_or_drain(self, section: Section, entry: Entry, kv: KeyValue | None) -> list[txn.Operation]:
        value, name = entry.value, _name(section, entry)
        after: dict[str, Any] | None = None
        kind, action = (
            ("worker", "drain") if section.part is Part.SYSTEM else ("", "update" if kv else "create")
        )
        if section is USERS:
            kind = "user"
            if user := parse(UserRecord, value):
                # Sessions of before the restore, perhaps ended by a new password since, must not live again.
                value = user.model_copy(update={"stamp": secrets.new_id()}).to_json()
                after = shown_user(user)
        elif section is TOKENS:
            kind, name = "token", ""
            if token := parse(TokenRecord, value):
                name = token.id
                after = {"name": token.name, "user": token.user, "role": token.role.value}
        record = self._audit.put(ACTOR, f"{kind}.{action}", kind, name, after=after, detail=self._detail)
        return [txn.put(entry.key, value), record]


@contextmanager
def cluster_clock(client: EtcdClient) -> Iterator[Clock]:
    """This host's clock, unless those of the live workers say otherwise: fires are planned by theirs."""
    workers = Workers(client, Outbox(wall_clock_ms))
    workers.mirror.start()
    try:
        deadline = time.monotonic() + HEARTBEAT_SECONDS
        workers.mirror.wait_for(0, HEARTBEAT_SECONDS)
        while (heard := workers.time()) and heard.late and time.monotonic() < deadline:
            time.sleep(0.05)
        yield ClusterClock(wall_clock_ms, workers.time)
    finally:
        workers.mirror.stop()


def _name(section: Section, entry: Entry) -> str:
    return entry.key.removeprefix(section.prefix)


def _groups(writes: Sequence[Write]) -> Iterator[list[Write]]:
    group: list[Write] = []
    for write in writes:
        if group and sum(each.size for each in group) + write.size > REQUEST_BYTES:
            yield group
            group = []
        group.append(write)
    if group:
        yield group
