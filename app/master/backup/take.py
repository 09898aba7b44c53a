"""Taking a backup: everything as of one revision of etcd."""

import contextlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from typing import IO

from app.common import keys
from app.common.errors import BackupError
from app.common.etcd import EtcdClient
from app.common.etcd.connection import HistoryGone
from app.common.models import InvalidJob, parse_job
from app.master.backup import archive
from app.master.backup.archive import ListFile, Manifest
from app.master.backup.content import INVALID_JOBS, JOBS, SECTIONS, line_of

ATTEMPTS = 3  # a busy etcd may compact the revision away before all of it was read

Progress = Callable[[int, int], None]
"""Told how many keys are done, and of how many."""


@dataclass(frozen=True, slots=True)
class Taken:
    """`invalid`: names of jobs that are none, with the reason; they are in the backup as they are."""

    manifest: Manifest
    invalid: list[tuple[str, str]]


def take(client: EtcdClient, out: IO[bytes], timezone: str, progress: Progress) -> Taken:
    """Write a backup of what stands in etcd to `out`."""
    for _ in range(ATTEMPTS):
        try:
            return _take(client, out, timezone, progress)
        except HistoryGone:
            out.seek(0)
            out.truncate()
    raise BackupError("etcd forgets its history faster than it can be read; try again when it is less busy")


def _take(client: EtcdClient, out: IO[bytes], timezone: str, progress: Progress) -> Taken:
    now = int(time.time())
    revision = client.page(keys.JOBS, limit=1, keys_only=True).revision
    total = sum(client.count(section.prefix) for section in SECTIONS if section is not INVALID_JOBS)
    invalid: list[tuple[str, str]] = []
    with _files() as files:
        done = 0
        for section in SECTIONS:
            if section is INVALID_JOBS:
                continue  # filled with the jobs
            for page in client.pages(section.prefix, revision=revision):
                for kv in page.items:
                    if section is JOBS and isinstance(
                        job := parse_job(kv.key, kv.value, timezone), InvalidJob
                    ):
                        invalid.append((job.name, job.reason))
                        files[INVALID_JOBS.file].add(line_of(INVALID_JOBS, kv, job.reason))
                    else:
                        files[section.file].add(line_of(section, kv))
                done += len(page.items)
                progress(done, max(done, total))
        manifest = Manifest(
            version=version("yuanya-crontab"),
            taken_at=datetime.fromtimestamp(now, UTC).isoformat(),
            revision=revision,
            timezone=timezone,
            files={name: file.finish() for name, file in files.items()},
        )
        archive.write(out, manifest, files, now)
    return Taken(manifest, invalid)


@contextlib.contextmanager
def _files() -> Iterator[dict[str, ListFile]]:
    with contextlib.ExitStack() as stack:
        files = {section.file: ListFile() for section in SECTIONS}
        for file in files.values():
            stack.callback(file.close)
        yield files
