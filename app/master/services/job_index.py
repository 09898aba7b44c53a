"""All jobs, parsed, in the order of their names: a mirror of `/cron/jobs/` that lists are answered from."""

import bisect
import functools
import heapq
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from operator import attrgetter

from app.common import keys
from app.common.etcd import EtcdClient, Event, KeyValue, Mirror
from app.common.metrics.master import MASTER_JOBS
from app.common.models import InvalidJob, Job, parse_job
from app.common.schedule import Schedule
from app.master.problems import unavailable
from app.master.services.buckets import Buckets
from app.master.services.search import SearchText

CATCH_UP_SECONDS = 2.0
MAX_FACETS = 1_000


class JobStatus(StrEnum):
    """ENDED: enabled, but its schedule has no fire left."""

    ENABLED = "enabled"
    PAUSED = "paused"
    INVALID = "invalid"
    ENDED = "ended"


@dataclass(slots=True, eq=False)
class JobRow:
    """One key under `/cron/jobs/`: what lists filter and sort by. The whole job is parsed again when it is
    asked for, because a hundred thousand parsed jobs would take a gigabyte.

    `next_fire` and `status` depend on the time and are remembered until they change.
    """

    name: str
    revision: int
    value: bytes
    schedule: Schedule | None
    lasting: JobStatus  # the status, unless the schedule has ended
    bounded: bool  # whether the schedule can end
    group: str | None
    tags: tuple[str, ...]
    labels: tuple[str, ...]  # of workers that may run it, as `key=value`
    sort_key: tuple[str, str]
    text: str  # what a search looks in
    measured: bool = False  # whether it asks for metrics of its own
    success_within: int | None = None  # seconds
    _next: int | None = field(default=None, init=False)
    _asked_at: int | None = field(default=None, init=False)

    @property
    def firing(self) -> Schedule | None:
        """The schedule, unless it fires nothing because the job is paused."""
        return self.schedule if self.lasting is JobStatus.ENABLED else None

    def next_fire(self, now: int) -> int | None:
        """Epoch ms; None for a job that fires no more, is paused or invalid."""
        schedule = self.firing
        if schedule is None:
            return None
        known = self._asked_at is not None and self._asked_at <= now
        if not known or (self._next is not None and self._next <= now):
            self._next, self._asked_at = schedule.next(now), now
        return self._next

    def status(self, now: int) -> JobStatus:
        ended = self.bounded and self.lasting is JobStatus.ENABLED and self.next_fire(now) is None
        return JobStatus.ENDED if ended else self.lasting


class Published:
    """All rows by name as of one `generation`."""

    def __init__(self, generation: int, rows: list[JobRow]) -> None:
        self.generation, self.rows = generation, rows

    def containing(self, part: str) -> list[JobRow]:
        """Rows in whose text `part` stands, whatever the case; "" is in all."""
        if not part:
            return self.rows
        return [self.rows[place] for place in self._texts.places_of(part.casefold())]

    @functools.cached_property
    def _texts(self) -> SearchText:
        return SearchText([row.text for row in self.rows])

    @functools.cached_property
    def may_end(self) -> bool:
        """Whether the status of some job depends on the time."""
        return any(row.bounded for row in self.rows)

    @functools.cached_property
    def facets(self) -> "Facets":
        return Facets(
            groups=_counted(row.group for row in self.rows if row.group),
            tags=_counted(tag for row in self.rows for tag in row.tags),
            labels=_counted(label for row in self.rows for label in row.labels),
        )


@dataclass(frozen=True, slots=True)
class Facets:
    """Values with how many jobs have them, most used first, at most MAX_FACETS each."""

    groups: list[tuple[str, int]]
    tags: list[tuple[str, int]]
    labels: list[tuple[str, int]]


def _counted(values: Iterable[str]) -> list[tuple[str, int]]:
    return heapq.nsmallest(MAX_FACETS, Counter(values).items(), key=lambda item: (-item[1], item[0]))


class JobIndex:
    """Reads are from memory; `wait_for` makes them contain a certain write."""

    def __init__(self, client: EtcdClient, timezone: str) -> None:
        self._timezone = timezone
        self._lock = threading.Lock()
        self._rows: dict[str, JobRow] = {}
        self._ordered: list[JobRow] = []
        self._by_group: Buckets[str | None, JobRow] = Buckets(lambda row: (row.group,))
        self._by_tag: Buckets[str, JobRow] = Buckets(attrgetter("tags"))
        self._measured: Buckets[bool, JobRow] = Buckets(lambda row: (True,) if row.measured else ())
        self._published: Published | None = None
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

    def rows(self) -> Published:
        """All of them by name, as of one moment."""
        with self._lock:
            if self._published is None:
                self._published = Published(self.generation, list(self._ordered))
            return self._published

    def of_group(self, published: Published, group: str | None) -> list[JobRow] | None:
        """Those of `published` in a group, or in none; None if jobs have changed since."""
        with self._lock:
            return self._by_group.get(group) if published.generation == self.generation else None

    def of_tag(self, published: Published, tag: str) -> list[JobRow] | None:
        """As `of_group`."""
        with self._lock:
            return self._by_tag.get(tag) if published.generation == self.generation else None

    def measured(self) -> list[JobRow]:
        """Those that ask for metrics of their own, by name."""
        with self._lock:
            return self._measured.get(True)

    def get(self, name: str) -> JobRow | None:
        return self._rows.get(name)

    def row_of(self, kv: KeyValue) -> JobRow:
        """The row of a key read from etcd: the one at hand, if it is the same."""
        known = self._rows.get(kv.key.removeprefix(keys.JOBS))
        same = known is not None and (known.revision, known.value) == (kv.mod_revision, kv.value)
        return known if known and same else self._parse(kv)

    def _parse(self, kv: KeyValue) -> JobRow:
        job = parse_job(kv.key, kv.value, self._timezone)
        names = (job.name.casefold(), job.name)
        if isinstance(job, InvalidJob):
            return JobRow(
                job.name,
                kv.mod_revision,
                kv.value,
                None,
                JobStatus.INVALID,
                False,
                None,
                (),
                (),
                names,
                names[0],
            )
        return JobRow(
            name=job.name,
            revision=kv.mod_revision,
            value=kv.value,
            schedule=job.schedule(self._timezone),
            lasting=JobStatus.ENABLED if job.enabled else JobStatus.PAUSED,
            bounded=job.ends_at is not None or len(job.cron_expr.split()) == 7,
            group=sys.intern(job.group) if job.group else None,
            tags=tuple(map(sys.intern, job.tags)),
            labels=tuple(sys.intern(f"{key}={value}") for key, value in job.worker_labels.items()),
            sort_key=names,
            text="\n".join((job.name, job.command, job.description, *job.tags)).casefold(),
            measured=job.measured,
            success_within=job.success_within_seconds,
        )

    def job_of(self, row: JobRow) -> Job | InvalidJob:
        return parse_job(keys.job(row.name), row.value, self._timezone)

    def _rebuild(self, items: dict[str, KeyValue], revision: int, cause: str) -> None:
        rows = {row.name: row for row in map(self.row_of, items.values())}
        with self._lock:
            self._rows = rows
            self._ordered = sorted(rows.values(), key=attrgetter("sort_key"))
            self._by_group.rebuild(self._ordered)
            self._by_tag.rebuild(self._ordered)
            self._measured.rebuild(self._ordered)
            self._changed()
        self._tell([])

    def _apply(self, events: list[Event], revision: int) -> None:
        rows = [None if event.deleted else self.row_of(event.kv) for event in events]
        names = [event.kv.key.removeprefix(keys.JOBS) for event in events]
        with self._lock:
            before = self._those_of(names)
            for name, row in zip(names, rows, strict=True):
                old = self._rows.pop(name, None)
                if old:
                    place = bisect.bisect_left(self._ordered, old.sort_key, key=attrgetter("sort_key"))
                    del self._ordered[place]
                if row:
                    self._rows[name] = row
                    bisect.insort(self._ordered, row, key=attrgetter("sort_key"))
            after = self._those_of(names)
            self._by_group.change(before, after)
            self._by_tag.change(before, after)
            self._measured.change(before, after)
            self._changed()
        self._tell(names)

    def _those_of(self, names: list[str]) -> list[JobRow]:
        return [row for name in dict.fromkeys(names) if (row := self._rows.get(name))]

    def _changed(self) -> None:
        self._published = None
        self.generation += 1
        MASTER_JOBS.set(len(self._rows))

    def _tell(self, names: list[str]) -> None:
        for listener in self._listeners:
            listener(names)
