"""Which fires this worker should claim, and when: the heap of next fires, and the due ones not yet decided.

Knows no clock and speaks to nobody: time is an argument, and the scheduler carries out what `collect`
returns.
"""

import sys
from dataclasses import dataclass
from itertools import islice

from app.common.models import Misfire, MissedRange
from app.worker.cluster import Cluster
from app.worker.heap import DueHeap
from app.worker.job_table import HeldJob, JobTable
from app.worker.placement import delay_ms
from app.worker.worker_job import WorkerJob

WITNESSES = 2  # workers that may not run a fire and yet look whether somebody has claimed it
RETRY_MS = 200  # until a fire is tried again that found no capacity here


@dataclass(slots=True)
class Fire:
    """A due fire not yet decided. At most one a job: a later one takes in the earlier as missed.

    `cursor` is the value to expect in etcd; `read` tells whether it was read there (else it is what this
    worker believes). `behind`: fires between the cursor and this one came due while this worker was not
    looking. `first` is set when this worker is the first of the order: it claims without looking.
    `unplaceable`: no live worker has the labels; the fire is only recorded.
    """

    name: str
    plan: int
    cursor: int
    first: bool
    read: bool = False
    behind: bool = False
    unplaceable: bool = False


@dataclass(frozen=True, slots=True)
class Due:
    """`claim` at once; `check` first whether somebody has claimed them."""

    claim: list[Fire]
    check: list[Fire]


class Planner:
    """All times are epoch ms."""

    def __init__(self, table: JobTable, cluster: Cluster, grace_ms: int) -> None:
        self._table = table
        self._cluster = cluster
        self._grace_ms = grace_ms
        self._upcoming = DueHeap()
        self._attempts = DueHeap()
        self._pending: dict[str, Fire] = {}
        self._waiting: dict[str, None] = {}  # names of pending fires that wait for room here, oldest first
        self.distrusted: set[str] = set()

    @property
    def pending(self) -> int:
        return len(self._pending)

    @property
    def planned(self) -> int:
        return len(self._upcoming)

    @property
    def waits_for_room(self) -> bool:
        return bool(self._waiting)

    def next_due(self) -> int | None:
        return min(
            (due for due in (self._upcoming.next_due(), self._attempts.next_due()) if due is not None),
            default=None,
        )

    def forget(self, name: str) -> None:
        """The job is gone, paused or about to be planned anew."""
        self._upcoming.discard(name)
        self._drop(name)

    def distrust(self, name: str) -> None:
        """Its cursor was removed or overwritten by hand: nothing is claimed until it is planned anew."""
        self.forget(name)
        self.distrusted.add(name)

    def plan(self, held: HeldJob, cursor: int, now: int) -> None:
        """Plan a job from its cursor. Fires since then that nobody claimed become one due fire, the last."""
        name = held.job.name
        self.forget(name)
        held.cursor = cursor
        if not held.job.enabled:
            return
        upcoming = held.schedule.next(cursor)
        if upcoming is not None and upcoming <= now:
            latest = held.schedule.previous(now + 1)
            assert latest is not None
            self._make_due(held, Fire(name, latest, cursor, first=False, read=True), now)
            held.cursor = latest
            upcoming = held.schedule.next(now)
        if upcoming is not None:
            self._upcoming.set(name, upcoming)

    def collect(self, now: int, limit: int = sys.maxsize) -> Due:
        """Take what is due out of the heaps, at most `limit` fires, oldest first; what is left stays due.
        Each fire must be given back by `decided`, `again` or `wait_for_room`."""
        first = 0
        while first < limit and (popped := self._upcoming.pop_due(now, 1)):
            ((name, plan),) = popped
            first += self._come_due(name, plan, now)
        due = Due([], [])
        for name, _ in self._attempts.pop_due(now, limit):
            fire = self._pending[name]
            self._waiting.pop(name, None)
            (due.claim if fire.first or fire.read else due.check).append(fire)
        return due

    def _come_due(self, name: str, plan: int, now: int) -> bool:
        """Whether this worker is the first to claim it."""
        held = self._table.get(name)
        if held is None or held.cursor is None:
            return False
        following = held.schedule.next(plan)
        behind = following is not None and following <= now
        if behind:
            plan = held.schedule.previous(now + 1) or plan
            following = held.schedule.next(plan)
        fire = Fire(name, plan, held.cursor, first=False, behind=behind)
        held.cursor = plan
        if following is not None:
            self._upcoming.set(name, following)
        self._make_due(held, fire, now)
        return fire.first

    def decided(self, fire: Fire) -> None:
        """Somebody claimed it, or it is no longer this worker's business."""
        if self._pending.get(fire.name) is fire:
            self._drop(fire.name)

    def again(self, fire: Fire, at: int) -> None:
        """Try it again at `at`, unless a later fire has replaced it."""
        if self._pending.get(fire.name) is fire:
            self._attempts.set(fire.name, at)

    def wait_for_room(self, fire: Fire) -> None:
        """No capacity is left here: keep the fire until `make_room`, or until it is too late to run it and
        that is to be recorded."""
        held = self._table.get(fire.name)
        if held and self._pending.get(fire.name) is fire:
            self._waiting[fire.name] = None
            self._attempts.set(fire.name, fire.plan + self._patience_ms(held.job) + 1)

    def make_room(self, free: int) -> None:
        """There is capacity for `free` runs: those that have waited longest are due."""
        for name in list(islice(self._waiting, max(free, 0))):
            del self._waiting[name]
            self._attempts.set(name, self._pending[name].plan)

    def gap(self, held: HeldJob, fire: Fire) -> MissedRange | None:
        """The unclaimed fires between the cursor and the fire itself."""
        if not (fire.read or fire.behind):
            return None
        first, last = held.schedule.next(fire.cursor), held.schedule.previous(fire.plan)
        if first is None or last is None or first > last:
            return None
        return MissedRange(first=first, last=last, count=held.schedule.count(fire.cursor, last))

    def may_run(self, held: HeldJob, fire: Fire, now: int) -> bool:
        """Whether the fire still runs, by its age and the job's misfire policy."""
        if fire.unplaceable:
            return False
        return now - fire.plan <= self._patience_ms(held.job)

    def is_misfire(self, fire: Fire, now: int) -> bool:
        return now - fire.plan > self._grace_ms

    def _patience_ms(self, job: WorkerJob) -> int:
        """How old a fire of the job may be and still run."""
        if job.misfire is Misfire.LATEST:
            return max(self._grace_ms, job.misfire_window_seconds * 1000)
        return self._grace_ms

    def _make_due(self, held: HeldJob, fire: Fire, now: int) -> None:
        job = held.job
        if held.blocked_by == self._cluster.worker_id:
            # It runs here: this worker records its skipped fires, so that they become one growing row.
            place: int | None = 0
        else:
            place = self._cluster.place(job.worker_labels, held.seed, fire.plan)
            if held.blocked_by and place is not None:
                place = max(place, 3)  # whoever runs it is first
        at, others_can = max(fire.plan, now), True
        if place is None:
            place = self._cluster.place_of_all(held.seed, 0)
            others_can = self._cluster.can_anybody(job.worker_labels)
            if place is None or (others_can and place >= WITNESSES):
                self._drop(fire.name)
                return
            # Those that may run it may die before they claim it: somebody must put that on record.
            fire.unplaceable = True
            at = max(fire.plan + self._patience_ms(job), now)
        before = self._pending.get(fire.name)
        at += delay_ms(place)
        stranded = fire.unplaceable and not others_can and job.misfire is not Misfire.LATEST
        if stranded and before and before.unplaceable:
            # Later fires must not put off the record for ever. (A fire to be caught up is never too late.)
            at = min(at, self._attempts.due_of(fire.name) or at)
        fire.first = place == 0 and not fire.unplaceable
        if fire.first:
            at = fire.plan  # however late it comes up, before fires of others that are no older
        self._pending[fire.name] = fire
        self._waiting.pop(fire.name, None)
        self._attempts.set(fire.name, at)

    def _drop(self, name: str) -> None:
        self._pending.pop(name, None)
        self._waiting.pop(name, None)
        self._attempts.discard(name)
