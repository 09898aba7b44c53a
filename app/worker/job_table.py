"""The jobs a worker holds: parsed, with their schedule, and invalid ones with the reason. Knows no clock."""

from collections.abc import Iterator
from dataclasses import dataclass
from zlib import crc32

from app.common import keys
from app.common.etcd import KeyValue
from app.common.models import InvalidJob, parse_with_schedule
from app.common.schedule import Schedule
from app.worker.worker_job import WorkerJob, worker_job


@dataclass(slots=True)
class HeldJob:
    """A valid job. `cursor` is the last plan time known to be claimed, the one before the next fire.
    `created` is the revision at which its key was put where there was none."""

    job: WorkerJob
    revision: int
    created: int
    schedule: Schedule
    seed: int
    cursor: int | None = None
    blocked_by: str = ""  # worker that was found holding the lock


@dataclass(frozen=True, slots=True)
class JobChange:
    """What a saved or deleted key means for planning. `replan`: the fires may have changed, or the job is
    new. `known`: a version of it was held before, valid or not."""

    name: str
    held: HeldJob | None
    replan: bool
    known: bool


class JobTable:
    def __init__(self, default_timezone: str) -> None:
        self._default_timezone = default_timezone
        self._held: dict[str, HeldJob] = {}
        self.invalid: dict[str, InvalidJob] = {}

    def __len__(self) -> int:
        return len(self._held)

    def __iter__(self) -> Iterator[HeldJob]:
        return iter(self._held.values())

    def names(self) -> set[str]:
        return self._held.keys() | self.invalid.keys()

    def get(self, name: str) -> HeldJob | None:
        return self._held.get(name)

    def save(self, kv: KeyValue) -> JobChange | None:
        """Take over a job as etcd has it. None if this revision is held already."""
        name = kv.key.removeprefix(keys.JOBS)
        before = self._held.get(name)
        if before and before.revision == kv.mod_revision:
            return None
        known = before is not None or name in self.invalid
        parsed = parse_with_schedule(kv.key, kv.value, self._default_timezone)
        if isinstance(parsed, InvalidJob):
            self._held.pop(name, None)
            self.invalid[name] = parsed
            return JobChange(name, None, True, known)
        self.invalid.pop(name, None)
        job, schedule = worker_job(parsed[0]), parsed[1]
        held = HeldJob(job, kv.mod_revision, kv.create_revision, schedule, crc32(name.encode()))
        replan = before is None or not job.same_schedule(before.job)
        if before and not replan:
            held.cursor, held.blocked_by = before.cursor, before.blocked_by
        self._held[name] = held
        return JobChange(name, held, replan, known)

    def delete(self, name: str) -> JobChange:
        known = self.invalid.pop(name, None) is not None
        return JobChange(name, None, True, self._held.pop(name, None) is not None or known)
