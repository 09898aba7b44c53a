"""All jobs, parsed, in the order of their names: a mirror of `/cron/jobs/` that lists are answered from."""

import bisect
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from operator import attrgetter

from app.common import keys
from app.common.etcd import EtcdClient, Event, KeyValue, Mirror
from app.common.metrics import MASTER_JOBS
from app.common.models import InvalidJob, Job, parse_job
from app.common.schedule import Schedule
from app.master.problems import unavailable

CATCH_UP_SECONDS = 2.0


class JobStatus(StrEnum):
    """ENDED: enabled, but its schedule has no fire left."""

    ENABLED = "enabled"
    PAUSED = "paused"
    INVALID = "invalid"
    ENDED = "ended"


@dataclass(slots=True, eq=False)
class JobRow:
    """One key under `/cron/jobs/`. `next_fire` and `status` depend on the time and are remembered until they
    change.
    """

    name: str
    revision: int
    job: Job | InvalidJob
    schedule: Schedule | None
    sort_key: tuple[str, str]
    text: str  # what a search looks in
    _next: int | None = field(default=None, init=False)
    _asked_at: int | None = field(default=None, init=False)

    def next_fire(self, now: int) -> int | None:
        """Epoch ms; None for a job that fires no more, is paused or invalid."""
        if self.schedule is None or not isinstance(self.job, Job) or not self.job.enabled:
            return None
        known = self._asked_at is not None and self._asked_at <= now
        if not known or (self._next is not None and self._next <= now):
            self._next, self._asked_at = self.schedule.next(now), now
        return self._next

    def status(self, now: int) -> JobStatus:
        if isinstance(self.job, InvalidJob):
            return JobStatus.INVALID
        if not self.job.enabled:
            return JobStatus.PAUSED
        # Only these can end; the others need not be asked for their next fire.
        bounded = self.job.ends_at is not None or len(self.job.cron_expr.split()) == 7
        return JobStatus.ENDED if bounded and self.next_fire(now) is None else JobStatus.ENABLED


class JobIndex:
    """Reads are from memory; `wait_for` makes them contain a certain write."""

    def __init__(self, client: EtcdClient, timezone: str) -> None:
        self._timezone = timezone
        self._lock = threading.Lock()
        self._rows: dict[str, JobRow] = {}
        self._ordered: list[JobRow] = []
        self._published: tuple[JobRow, ...] | None = ()
        self._listeners: list[Callable[[list[str]], None]] = []
        self.generation = 0
        self.mirror = Mirror(client, [keys.JOBS], on_snapshot=self._rebuild, on_changes=self._apply)

    def on_change(self, listener: Callable[[list[str]], None]) -> None:
        """`listener(names)` is called from the mirror's thread after jobs have changed; an empty list means
        all.
        """
        self._listeners.append(listener)

    def wait_for(self, revision: int) -> None:
        """Raises 503 when the copy is not there in time."""
        if not self.mirror.wait_for(revision, CATCH_UP_SECONDS):
            raise unavailable("The job list", "this master has not heard from etcd in time.")

    def rows(self) -> tuple[JobRow, ...]:
        """All of them by name, as of one moment."""
        with self._lock:
            if self._published is None:
                self._published = tuple(self._ordered)
            return self._published

    def get(self, name: str) -> JobRow | None:
        return self._rows.get(name)

    def row_of(self, kv: KeyValue) -> JobRow:
        """The row of a key just read from etcd."""
        job = parse_job(kv.key, kv.value, self._timezone)
        if isinstance(job, InvalidJob):
            schedule, texts = None, [job.name]
        else:
            schedule = job.schedule(self._timezone)
            texts = [job.name, job.command, job.description, *job.tags]
        return JobRow(
            name=job.name,
            revision=kv.mod_revision,
            job=job,
            schedule=schedule,
            sort_key=(job.name.casefold(), job.name),
            text="\n".join(texts).casefold(),
        )

    def _rebuild(self, items: dict[str, KeyValue], revision: int, cause: str) -> None:
        # Most of a new snapshot is the old one.
        rows = {}
        for kv in items.values():
            known = self._rows.get(kv.key.removeprefix(keys.JOBS))
            row = known if known and known.revision == kv.mod_revision else self.row_of(kv)
            rows[row.name] = row
        with self._lock:
            self._rows = rows
            self._ordered = sorted(rows.values(), key=attrgetter("sort_key"))
            self._changed()
        self._tell([])

    def _apply(self, events: list[Event], revision: int) -> None:
        rows = [None if event.deleted else self.row_of(event.kv) for event in events]
        names = [event.kv.key.removeprefix(keys.JOBS) for event in events]
        with self._lock:
            for name, row in zip(names, rows, strict=True):
                old = self._rows.pop(name, None)
                if old:
                    place = bisect.bisect_left(self._ordered, old.sort_key, key=attrgetter("sort_key"))
                    del self._ordered[place]
                if row:
                    self._rows[name] = row
                    bisect.insort(self._ordered, row, key=attrgetter("sort_key"))
            self._changed()
        self._tell(names)

    def _changed(self) -> None:
        self._published = None
        self.generation += 1
        MASTER_JOBS.set(len(self._rows))

    def _tell(self, names: list[str]) -> None:
        for listener in self._listeners:
            listener(names)
