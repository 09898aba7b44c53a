"""Reads the cursors of jobs that are new or changed, and lets the planner plan them. A job that was put into
etcd by hand is adopted here: it counts from now on."""

import json
import logging
import secrets
from dataclasses import asdict

from app.common import keys
from app.common.errors import EtcdError
from app.common.etcd import EtcdClient
from app.common.logstore import AuditEntry
from app.common.models import Job, parse_job
from app.worker.backoff import Backoff
from app.worker.claims import Cursor, adopt, read_all_cursors, read_cursors
from app.worker.job_table import HeldJob, JobChange, JobTable
from app.worker.planner import Planner

log = logging.getLogger(__name__)

MAX_ADOPTIONS_A_TURN = 100  # each is a transaction of its own; fires must not wait behind thousands
NO_CURSOR = Cursor(None, 0)


class CursorReader:
    def __init__(self, client: EtcdClient, worker_id: str, table: JobTable, planner: Planner) -> None:
        self._client = client
        self._worker = worker_id
        self._table, self._planner = table, planner
        self._all = False
        self._waiting: dict[str, int] = {}  # name -> revision of the change of its schedule; 0: none was seen
        self._backoff = Backoff()

    @property
    def waiting(self) -> bool:
        return self._all or bool(self._waiting or self._planner.distrusted)

    def plan_all(self) -> None:
        self._all = True

    def plan_soon(self, change: JobChange) -> None:
        self._waiting[change.name] = change.held.revision if change.held and change.known else 0

    def plan_waiting(self, now: int) -> None:
        """Plan every job that waits for its cursor; when etcd does not answer, later. `now` is epoch ms."""
        if not self.waiting or self._backoff.holds(now):
            return
        try:
            self._plan(now)
            self._backoff.succeeded()
        except EtcdError as error:
            log.warning("Planning waits for etcd: %s", error, extra={"action": "plan"})
            self._backoff.failed(now)

    def _plan(self, now: int) -> None:
        while self._planner.distrusted:
            self._waiting.setdefault(self._planner.distrusted.pop(), 0)
        if self._all:
            cursors = read_all_cursors(self._client)
            names = [held.job.name for held in self._table]
        else:
            names = list(self._waiting)
            cursors = read_cursors(self._client, names)
        adopted = 0
        for name in names:
            held = self._table.get(name)
            if held is None or not held.job.enabled:
                self._waiting.pop(name, None)
                continue
            found = cursors.get(name, NO_CURSOR)
            changed = self._waiting.get(name, 0)
            # The API moves the cursor in the transaction that makes a job or changes when it fires.
            by_hand = found.revision < max(held.created, changed)
            if found.plan is None or by_hand:
                self._waiting.setdefault(name, 0)
                adopted += 1
                if adopted > MAX_ADOPTIONS_A_TURN or not self._adopt(held, found, now):
                    continue
            else:
                self._planner.plan(held, found.plan, now)
            self._waiting.pop(name, None)
        if self._all:
            log.info("All jobs are planned.", extra={"action": "plan", "jobs": len(names)})
            self._all = False

    def _adopt(self, held: HeldJob, found: Cursor, now: int) -> bool:
        """Move the cursor to now, with an audit entry; whoever comes first does it for all. The cursor only
        grows, so that no fire is claimed twice, be the clocks of two workers a little apart."""
        name = held.job.name
        kv = self._client.get(keys.job(name))
        if kv is None or kv.mod_revision != held.revision:
            return False  # it has changed again, which this worker is about to hear
        job = parse_job(kv.key, kv.value, held.schedule.timezone)
        assert isinstance(job, Job)
        plan = max(held.schedule.previous(now + 1) or now, found.plan or 0)
        entry = AuditEntry(
            id=f"{now:013d}-{secrets.token_hex(6)}",
            at=now,
            actor=f"worker:{self._worker}",
            action="job.adopted",
            kind="job",
            target=name,
            after=json.loads(job.to_json()),
            detail={
                "reason": "written to etcd without the API",
                "countsFrom": max(now, found.plan or 0),
                "claimedUntil": found.plan,
            },
        )
        record = (keys.audit(entry.id), json.dumps(asdict(entry), ensure_ascii=False).encode())
        if not adopt(self._client, name, held.revision, found, plan, record):
            return False
        self._planner.plan(held, plan, now)
        return True
