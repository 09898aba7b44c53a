"""What a backup holds compared with what stands in etcd: all of it is checked before any of it is written."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice

from app.common import keys
from app.common.errors import BackupError
from app.common.etcd import EtcdClient, KeyValue
from app.common.models import parse_job
from app.master.backup.archive import MANIFEST, Archive
from app.master.backup.content import (
    INVALID_JOBS,
    SECTIONS,
    USERS,
    Entry,
    Part,
    Section,
    entry_of,
    sections,
)
from app.master.services.accounts.records import UserRecord, parse
from app.master.services.accounts.users import governs

AT_ONCE = 100  # keys read by one request
NAMED = 20  # of what is wrong

Progress = Callable[[int], None]
"""Told how many more items are done."""


class Change(StrEnum):
    CREATED = "created"
    CHANGED = "changed"
    UNCHANGED = "unchanged"


@dataclass(frozen=True, slots=True)
class Step:
    """What a restore does with one key; `before`: what stands there."""

    section: Section
    entry: Entry
    before: KeyValue | None
    change: Change


def check(archive: Archive, timezone: str, progress: Progress) -> dict[Part, set[str]]:
    """Read the whole archive; its keys by part. Raises BackupError that names the first items which are wrong
    and counts them all.
    """
    archive.verify()
    found: dict[Part, set[str]] = {part: set() for part in Part}
    wrong: list[str] = []
    bad = 0
    for section in SECTIONS:
        facts, items = archive.manifest.files.get(section.file), 0
        if facts is None:
            raise BackupError(f"{section.file} is missing; the backup is not whole")
        for line in archive.lines(section.file):
            items += 1
            try:
                entry = entry_of(section, line, timezone)
                if entry.key in found[section.part]:
                    raise BackupError(f"{entry.key} is there twice")
                found[section.part].add(entry.key)
            except BackupError as error:
                bad += 1
                wrong += [f"{section.file}: {error}"] if len(wrong) < NAMED else []
            progress(1)
        if facts.items != items:
            raise BackupError(f"{section.file} has {items} items, not {facts.items} as {MANIFEST} says")
    if bad:
        more = [f"and {bad - len(wrong)} more"] if bad > len(wrong) else []
        raise BackupError(
            "\n".join(
                [*wrong, *more, f"{bad} items of the backup cannot be restored here. Nothing was written."]
            )
        )
    return found


def steps(client: EtcdClient, archive: Archive, parts: Sequence[Part], timezone: str) -> Iterator[Step]:
    """What restoring would do, key by key."""
    for section in sections(parts):
        lines = archive.lines(section.file)
        while entries := [entry_of(section, line, timezone) for line in islice(lines, AT_ONCE)]:
            there, _revision = client.get_many([entry.key for entry in entries])
            for entry, kv in zip(entries, there, strict=True):
                yield Step(section, entry, kv, change_of(section, entry, kv, timezone))


def change_of(section: Section, entry: Entry, kv: KeyValue | None, timezone: str) -> Change:
    if kv is None:
        return Change.CREATED
    if kv.value == entry.value or _means_the_same(section, entry, kv, timezone):
        return Change.UNCHANGED
    return Change.CHANGED


def others(client: EtcdClient, parts: Sequence[Part], known: dict[Part, set[str]]) -> list[str]:
    """Keys that are there and not in the backup."""
    found = []
    for section in sections(parts):
        if section is not INVALID_JOBS:  # its keys stand among the jobs
            for page in client.pages(section.prefix, keys_only=True):
                found += [kv.key for kv in page.items if kv.key not in known[section.part]]
    return found


def keep_an_admin(client: EtcdClient, archive: Archive, timezone: str) -> None:
    """Raises BackupError where nobody could manage accounts after the restore, and somebody can now."""
    now = {kv.key: kv.value for kv in client.scan(keys.USERS).items}
    entries = [entry_of(USERS, line, timezone) for line in archive.lines(USERS.file)]
    after = now | {entry.key: entry.value for entry in entries}
    if _governed(now) and not _governed(after):
        raise BackupError("After this no enabled admin would be left. Nothing was written.")


def _governed(users: dict[str, bytes]) -> bool:
    return any(governs(parse(UserRecord, value)) for value in users.values())


def _means_the_same(section: Section, entry: Entry, kv: KeyValue, timezone: str) -> bool:
    if section.part is Part.JOBS:
        return parse_job(kv.key, kv.value, timezone) == parse_job(kv.key, entry.value, timezone)
    if section is USERS:
        # Each restore gives a stamp of its own, see `restore`.
        now, then = parse(UserRecord, kv.value), parse(UserRecord, entry.value)
        return now is not None and then is not None and now == then.model_copy(update={"stamp": now.stamp})
    return False
