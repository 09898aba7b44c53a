"""The scheduler process: sleeps until the next fire or message, claims what is due, hands runs to executors,
and closes what the log writer has stored. It owns the capacity and the table of running commands."""

import gc
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from app.common import keys
from app.common.errors import LeaseNotFound
from app.common.etcd import EtcdClient, Event, KeyValue
from app.common.metrics.worker import CAPACITY, JOBS, PENDING, RUNS
from app.common.models import KillOrder, Outcome, Overlap, Run, Status, Trigger, WorkerInfo, WorkerState
from app.common.settings import WorkerSettings
from app.worker import job_counts, rows
from app.worker import messages as m
from app.worker.claimer import Claimer, Won
from app.worker.clock_check import JUMP_MS
from app.worker.cluster import Cluster
from app.worker.job_counts import SeriesNames
from app.worker.job_table import JobTable
from app.worker.orders import OrderBook
from app.worker.planner import Planner
from app.worker.planning import CursorReader
from app.worker.process import Parent, process_loop, rest
from app.worker.queues import Inbox, Outbox
from app.worker.recoverer import Recoverer
from app.worker.run_table import OpenEntry, RunningRun, RunTable
from app.worker.settler import Settler

log = logging.getLogger(__name__)

SOON = 0.02  # seconds until what waits is looked at again
MAX_SLEEP = 0.5  # seconds; bounds how late a jump of the wall clock is noticed
REST = 0.02  # seconds at most between turns while no fire is due: what comes meanwhile goes together
REST_A_SLOT = 1e-4  # seconds of it a run of capacity: 10,000 runs a second leave no executor idle
EXECUTORS_TIMEOUT = 10.0  # seconds for executors to report what they hold before own leftovers count as lost
FIRST_TIMEOUT = 0.5  # seconds; all that is asked here may be asked again, and fires wait meanwhile
DAY_MS = 86_400_000


@dataclass(slots=True)
class _Arriving:
    """A snapshot not complete yet: the names of its jobs, and its other keys."""

    jobs: set[str] = field(default_factory=set)
    others: dict[str, KeyValue] = field(default_factory=dict)


def main(settings: WorkerSettings, sockets: Path, parent: Parent) -> None:
    """Entry point of the process."""
    process_loop(
        "scheduler",
        settings,
        parent,
        lambda: Scheduler(settings, EtcdClient.from_settings(settings, first_timeout=FIRST_TIMEOUT), sockets),
    )


class Scheduler:
    def __init__(
        self,
        settings: WorkerSettings,
        client: EtcdClient,
        sockets: Path,
        *,
        clock: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings = settings
        self._clock, self._monotonic = clock, monotonic
        self._id = settings.worker_id
        self._retention_ms = settings.run_retention_days * DAY_MS

        self._inbox = Inbox(sockets, "scheduler")
        self._to_watcher = Outbox(sockets, "watcher")
        self._to_main = Outbox(sockets, "main")
        self._to_writer = Outbox(sockets, "log-writer", self._greet_writer)
        self._to_executors = {i: Outbox(sockets, f"executor-{i}") for i in range(settings.executors)}

        self._table = JobTable(settings.timezone)
        self._cluster = Cluster(self._id, settings.capacity, settings.labels, settings.heartbeat_seconds)
        self._planner = Planner(self._table, self._cluster, int(settings.misfire_grace_seconds * 1000))
        self._orders = OrderBook(self._table, self._cluster)
        self._runs = RunTable()
        self._settler = Settler(client)
        self._claimer = Claimer(client, self._id, self._table, self._planner, self._orders, self._runs.holds)
        self._cursors = CursorReader(client, self._id, self._table, self._planner)
        self._recoverer = Recoverer(client, self._id, self._table, self._cluster, self._retention_ms)

        self._series = SeriesNames()
        self._watched: set[str] = set()
        self._arriving: _Arriving | None = None
        self._snapshots = 0
        self._session = m.SessionRenewed(0, 0.0)
        self._clock_check: m.ClockChecked | None = None
        self._rest = min(REST, settings.capacity * REST_A_SLOT)
        self._turned = 0.0  # when the last turn began
        self._clock_seen = (0, 0.0)  # wall and monotonic clock at the last turn
        self._distrusted_at = 0.0
        self._drained = False
        self._stop: m.StopOrdered | None = None
        self._stop_passed_on = False
        self._finished = False
        self._ready_executors: dict[int, int] = {}  # index -> pid
        self._kills: dict[str, KeyValue] = {}  # standing orders to kill, by job
        self._started = monotonic()
        self._recovered_own = False
        self._second = 0.0
        self._lateness_ms = 0.0
        self._state = WorkerState.SUSPENDED
        CAPACITY.set(settings.capacity)
        for status in (Status.SKIPPED, Status.MISSED, Status.LOST):
            RUNS.labels(status=status.value, trigger=Trigger.CRON.value)

        self._handlers: dict[type, Callable[[Any], None]] = {
            m.KeysReplaced: self._on_keys_replaced,
            m.KeysChanged: self._on_keys_changed,
            m.SessionRenewed: self._on_session_renewed,
            m.SessionLost: self._on_session_lost,
            m.ClockChecked: self._on_clock_checked,
            m.ExecutorReady: self._on_executor_ready,
            m.ExecutorDied: self._on_executor_died,
            m.RunsEnded: self._on_runs_ended,
            m.RowsStored: self._on_rows_stored,
            m.StopOrdered: self._on_stop_ordered,
        }

    # The loop

    def turn(self) -> bool:
        """One turn: wait, listen, act. False when there is nothing left to do after a stop."""
        sleep = self._sleep()
        pause = 0.0 if self._loading else max(0.0, min(sleep, self._turned + self._rest - self._monotonic()))
        rest(pause)
        for message in self._inbox.receive(sleep - pause):
            self._handlers[type(message)](message)
        now, self._turned = self._now(), self._monotonic()
        self._notice_jump(now, self._turned)
        if self._monotonic() - self._second >= 1:
            self._every_second()
        # Before claims: the next fire of a run that has ended must find the lock free.
        self._settler.flush(now, at_once=self._claimer.may_claim(now))
        if self._snapshots:
            if self._clock_is_right:  # adopting a job moves its cursor to now
                self._cursors.plan_waiting(now)
            self._recover(now)
        if self._may_claim():
            self._claim(now)
        if self._stop:
            self._go_on_stopping()
        self._flush()
        return not self._finished

    def close(self) -> None:
        for outbox in (self._to_watcher, self._to_main, self._to_writer, *self._to_executors.values()):
            outbox.flush(block=2)
            outbox.close()
        self._inbox.close()

    def _now(self) -> int:
        return int(self._clock() * 1000)

    def _sleep(self) -> float:
        """Seconds until something is due."""
        to_plan = self._cursors.waiting and self._clock_is_right
        waiting = len(self._settler) or to_plan or not self._idle_outboxes()
        longest = SOON if waiting else MAX_SLEEP
        if not self._may_claim():
            return longest
        times = (self._planner.next_due(), self._orders.next_due(), self._claimer.next_due())
        due = min((t for t in times if t is not None), default=None)
        if due is None or not self._live_executors():
            return longest
        due = max(due, self._claimer.not_before)
        return min(max(due / 1000 - self._clock(), 0), longest)

    def _idle_outboxes(self) -> bool:
        return all(o.idle for o in (self._to_watcher, self._to_writer, *self._to_executors.values()))

    def _flush(self) -> None:
        for outbox in (self._to_watcher, self._to_main, self._to_writer, *self._to_executors.values()):
            outbox.flush()

    @property
    def _loading(self) -> bool:
        """Whether a snapshot is on its way. It comes through a socket that holds a tenth of one of its parts:
        each rest would be one of hundreds."""
        return self._arriving is not None or not self._snapshots

    @property
    def _clock_is_right(self) -> bool:
        return self._clock_check is not None and self._clock_check.trusted

    def _may_claim(self) -> bool:
        return (
            self._state is WorkerState.ACTIVE
            and self._snapshots > 0
            and bool(self._session.lease)
            and self._monotonic() < self._session.valid_until
        )

    def _every_second(self) -> None:
        self._second = self._monotonic()
        self._update_state()
        self._refresh_cluster()
        self._to_watcher.send(
            m.StatusReported(len(self._runs), self._state, self._reason(), self._lateness_ms)
        )
        self._lateness_ms *= 0.95
        JOBS.labels(state="planned").set(self._planner.planned)
        JOBS.labels(state="held").set(len(self._table))
        JOBS.labels(state="invalid").set(len(self._table.invalid))
        PENDING.set(self._planner.pending)

    def _update_state(self) -> None:
        before = self._state
        if self._stop:
            self._state = WorkerState.STOPPING
        elif not self._clock_is_right:
            self._state = WorkerState.SUSPENDED
        elif self._drained:
            self._state = WorkerState.DRAINED
        else:
            self._state = WorkerState.ACTIVE
        if self._state is not before:
            log.warning(
                "The worker is now %s. %s", self._state.value, self._reason(), extra={"action": "state"}
            )
            self._refresh_cluster()
            if self._state is WorkerState.ACTIVE:
                # Fires that came due meanwhile, and that no other worker has taken.
                self._cursors.plan_all()

    def _refresh_cluster(self) -> None:
        if self._cluster.refresh(self._monotonic(), own_active=self._state is WorkerState.ACTIVE):
            self._orders.place_again(self._now())

    def _reason(self) -> str:
        if self._state is not WorkerState.SUSPENDED:
            return ""
        if self._clock_check is None:
            return "the clock is not yet compared with the other workers'"
        return f"the clock is {self._clock_check.offset_ms} ms off the median of the cluster"

    def _notice_jump(self, now: int, at: float) -> None:
        """A clock that was set is not trusted until the watcher has compared it anew."""
        wall, before = self._clock_seen
        self._clock_seen = (now, at)
        if before and abs((now - wall) - (at - before) * 1000) > JUMP_MS:
            self._clock_check = None
            self._distrusted_at = at
            self._update_state()

    # What the watcher tells

    def _on_keys_replaced(self, part: m.KeysReplaced) -> None:
        if part.first:
            self._arriving = _Arriving()
        arriving = self._arriving
        if arriving is None:
            return  # the beginning was sent to this process's predecessor; the watcher sends it all again
        for kv in part.items:
            if kv.key.startswith(keys.JOBS):
                # Nearly everything there is: parsed while the rest is still on its way.
                arriving.jobs.add(kv.key.removeprefix(keys.JOBS))
                self._job_saved(kv)
            else:
                arriving.others[kv.key] = kv
        if part.last:
            self._arriving = None
            self._take_snapshot(arriving.jobs, arriving.others)

    def _take_snapshot(self, jobs: set[str], items: dict[str, KeyValue]) -> None:
        """`items` are those of all keys that are not jobs."""
        for name in self._table.names() - jobs:
            self._job_deleted(name)
        for worker in self._cluster.registered() - {
            keys.last_part(k) for k in items if k.startswith(keys.WORKERS)
        }:
            self._cluster.gone(worker)
        self._orders.clear()
        self._watched.clear()
        self._kills.clear()
        self._drained = keys.drain(self._id) in items
        for kv in items.values():
            self._key_saved(kv)
        self._snapshots += 1
        # A watch that was away may have missed anything: compare every cursor with the schedule.
        self._cursors.plan_all()
        self._recoverer.look_for_abandoned(self._monotonic())
        self._update_state()
        # Jobs live long and hold no cycles: the collector need not stop claims to walk through all of them.
        gc.freeze()
        log.info(
            "Took a snapshot.",
            extra={"action": "snapshot", "jobs": len(self._table), "invalid": len(self._table.invalid)},
        )

    def _on_keys_changed(self, changed: m.KeysChanged) -> None:
        if not self._snapshots:
            return
        for event in changed.events:
            if event.deleted:
                self._key_deleted(event)
            else:
                self._key_saved(event.kv)

    def _key_saved(self, kv: KeyValue) -> None:
        key = kv.key
        if key.startswith(keys.JOBS):
            self._job_saved(kv)
        elif key.startswith(keys.WORKERS):
            self._worker_heard(kv)
        elif key.startswith(keys.ORDERS):
            self._orders.add(kv, self._now())
        elif key.startswith(keys.KILLER):
            self._kill(kv)
        elif key.startswith(keys.TAIL):
            self._watch_output(keys.last_part(key), True)
        elif key == keys.drain(self._id):
            self._drained = True

    def _key_deleted(self, event: Event) -> None:
        key = event.kv.key
        if key.startswith(keys.JOBS):
            self._job_deleted(key.removeprefix(keys.JOBS))
        elif key.startswith(keys.WORKERS):
            worker = keys.last_part(key)
            self._cluster.gone(worker)
            if worker != self._id:
                self._recoverer.suspect(worker, self._monotonic())
        elif key.startswith(keys.ORDERS):
            self._orders.remove(key)
        elif key.startswith(keys.KILLER):
            self._kills.pop(keys.last_part(key), None)
        elif key.startswith(keys.TAIL):
            self._watch_output(keys.last_part(key), False)
        elif key == keys.drain(self._id):
            self._drained = False

    def _job_saved(self, kv: KeyValue) -> None:
        change = self._table.save(kv)
        if change is None:
            return
        self._claimer.forget(change.name)
        if change.held is None:
            self._planner.forget(change.name)
            log.warning(
                "A job is invalid: %s",
                self._table.invalid[change.name].reason,
                extra={"action": "job", "job": change.name},
            )
        elif change.replan:
            self._planner.forget(change.name)
            self._cursors.plan_soon(change)

    def _job_deleted(self, name: str) -> None:
        self._table.delete(name)
        self._planner.forget(name)
        self._claimer.forget(name)

    def _worker_heard(self, kv: KeyValue) -> None:
        try:
            self._cluster.heard(WorkerInfo.model_validate_json(kv.value), self._monotonic())
        except ValidationError:
            log.warning("A registration is unreadable.", extra={"action": "cluster", "key": kv.key})

    def _kill(self, kv: KeyValue) -> None:
        job = keys.last_part(kv.key)
        self._kills[job] = kv
        for run in self._runs.of_job(job):
            self._apply_standing_kill(run)

    def _apply_standing_kill(self, run: RunningRun) -> None:
        """Kill what was claimed before the order was given; what was claimed after it is a new run."""
        kv = self._kills.get(run.job)
        if kv is None or run.fence > kv.mod_revision:
            return
        order = KillOrder.parse(kv.value)
        if order.run_ids is None or run.run_id in order.run_ids:
            self._to_executors[run.executor].send(m.KillOrdered([run.run_id], order.by))

    def _watch_output(self, run_id: str, watched: bool) -> None:
        (self._watched.add if watched else self._watched.discard)(run_id)
        run = self._runs.running.get(run_id)
        if run:
            self._to_executors[run.executor].send(m.OutputWatched(run_id, watched))

    def _on_session_renewed(self, session: m.SessionRenewed) -> None:
        if session.lease != self._session.lease:
            # A new lease does not hold the locks of runs that went on while the old one ended.
            for run in self._runs.running.values():
                if run.lock:
                    self._settler.take_lock_again(run.lock, self._id, run.run_id, session.lease)
        self._session = session

    def _on_session_lost(self, _: m.SessionLost) -> None:
        self._session = m.SessionRenewed(0, 0.0)

    def _on_clock_checked(self, check: m.ClockChecked) -> None:
        if check.at >= self._distrusted_at:
            self._clock_check = check
            self._update_state()

    # Claiming and launching

    def _claim(self, now: int) -> None:
        executors = self._live_executors()
        if not executors:
            return
        free = self._settings.capacity - len(self._runs)
        try:
            won = self._claimer.attempt(now, self._session.lease, free)
        except LeaseNotFound:
            log.error("Claims wait for a new lease.", extra={"action": "claim"})
            self._session = m.SessionRenewed(0, 0.0)
            return
        launches: dict[int, list[m.FireClaimed]] = {}
        settled: list[Run] = []
        for claim in won:
            if claim.overtaken:
                self._recoverer.add_own(claim.key, "another run had begun before this claim was known")
                continue
            final = rows.settled_rows(claim.record, claim.run_id, self._id, now + self._retention_ms)
            settled += final
            counts = {row.id: row.count for row in final}
            if claim.record.outcome is Outcome.RUN:
                counts[claim.run_id] = 1
                executor = self._runs.least_loaded(executors)
                launch = self._launch(claim, executor)
                launches.setdefault(executor, []).append(launch)
            self._runs.open(claim.key, claim.revision, counts)
        self._store(settled)
        for executor, batch in launches.items():
            watched = [m.OutputWatched(f.run.id, True) for f in batch if f.run.id in self._watched]
            self._to_executors[executor].send(*batch, *watched)
            for fire in batch:
                self._apply_standing_kill(self._runs.running[fire.run.id])

    def _live_executors(self) -> list[int]:
        """The word of an executor's end comes only when all that it had started is ended."""
        return [i for i in self._ready_executors if self._to_executors[i].connected]

    def _launch(self, claim: Won, executor: int) -> m.FireClaimed:
        assert claim.held is not None
        job = claim.held.job
        lock = None if job.overlap is Overlap.ALLOW else keys.lock(job.name)
        self._runs.start(RunningRun(claim.run_id, job.name, executor, claim.revision, lock))
        if lock:
            claim.held.blocked_by = self._id
        return m.FireClaimed(
            run=rows.started_row(claim.record, claim.run_id, self._id, claim.revision, job.command),
            shell=job.shell,
            cwd=job.cwd,
            env={**job.env, **claim.order.order.env} if claim.order else job.env,
            timeout=job.timeout_seconds,
            grace=job.kill_grace_seconds,
            output_limit=job.output_limit_bytes,
            expire_after_ms=self._retention_ms,
            kill_on_isolation=job.on_isolation == "kill",
            lock=lock,
            series=self._series.of(job.name) if job.measured else "",
        )

    def _greet_writer(self) -> list[object]:
        """For a log writer that starts anew: what its predecessor may have taken with it."""
        unstored = self._runs.unstored()
        return [unstored] if unstored else []

    def _store(self, final: list[Run]) -> None:
        if final:
            self._runs.sent(final)
            self._to_writer.send(final)
            for row in final:
                RUNS.labels(status=row.status.value, trigger=row.trigger.value).inc(row.count)
                if row.status is Status.LOST:
                    log.warning(
                        "A run is lost: %s.",
                        row.reason,
                        extra={"action": "lost", "runId": row.id, "job": row.job_name, "owner": row.worker},
                    )
                held = self._table.get(row.job_name)
                if held and held.job.measured:
                    job_counts.count(row, self._series.of(row.job_name))

    # What executors and the log writer tell

    def _on_executor_ready(self, ready: m.ExecutorReady) -> None:
        if self._ready_executors.get(ready.executor, ready.pid) != ready.pid:
            self._executor_gone(ready.executor)  # it is back before the word of its end came through
        self._ready_executors[ready.executor] = ready.pid
        for held in ready.held:
            key = keys.running(self._id, held.run_id)
            if not held.ended and held.run_id not in self._runs.running:
                run = RunningRun(held.run_id, held.job_name, ready.executor, held.fence, held.lock)
                self._runs.start(run)
                self._apply_standing_kill(run)
                if run.lock and self._session.lease:
                    self._settler.take_lock_again(run.lock, self._id, run.run_id, self._session.lease)
            if not self._runs.holds(key):
                self._runs.open(key, held.fence, {held.run_id: 1})
            if held.ended:
                self._end(held.run_id, held.job_name, held.lock)

    def _on_executor_died(self, died: m.ExecutorDied) -> None:
        if self._ready_executors.get(died.executor, died.pid) == died.pid:
            self._executor_gone(died.executor)

    def _executor_gone(self, executor: int) -> None:
        self._ready_executors.pop(executor, None)
        self._to_executors[executor].clear()  # its next life must not start what is recorded as lost
        for run in self._runs.of_executor(executor):
            self._end(run.run_id, run.job, run.lock)
        for run_id in self._runs.unstored_of(executor):
            self._recoverer.add_own(keys.running(self._id, run_id), "its executor died")

    def _on_runs_ended(self, ended: m.RunsEnded) -> None:
        self._lateness_ms = max(self._lateness_ms, ended.max_lateness_ms)
        for run in ended.runs:
            known = self._runs.running.get(run.run_id)
            if known:
                self._end(run.run_id, known.job, known.lock)

    def _end(self, run_id: str, job: str, lock: str | None) -> None:
        self._runs.end(run_id)
        if lock:
            self._settler.release_lock(lock, self._id, run_id)
            held = self._table.get(job)
            if held and held.blocked_by == self._id:
                held.blocked_by = ""

    def _on_rows_stored(self, stored: m.RowsStored) -> None:
        settled: dict[int, list[str]] = {executor: [] for executor in self._ready_executors}
        for row in stored.rows:
            keeper = self._runs.executor_of(row.row_id)
            for executor in self._ready_executors if keeper is None else {keeper} & settled.keys():
                settled[executor].append(row.row_id)
            entry = self._runs.stored(row)
            if entry:
                self._close(entry)
        for executor, row_ids in settled.items():
            if row_ids:
                self._to_executors[executor].send(m.RowsSettled(row_ids))

    def _close(self, entry: OpenEntry) -> None:
        if entry.lost and entry.rerun:
            job, order_id, order = entry.rerun
            self._settler.close_and_rerun(entry.key, entry.revision, job, order_id, order)
        else:
            self._settler.close_record(entry.key, entry.revision)

    # Recovery

    def _recover(self, now: int) -> None:
        if not self._recovered_own:
            self._recovered_own = self._recover_own_leftovers()
        for found in self._recoverer.due(now, self._monotonic(), self._runs.holds):
            counts = {row.id: row.count for row in found.rows}
            if found.running:
                counts[keys.last_part(found.key)] = 1
            entry = self._runs.open(found.key, found.revision, counts)
            entry.rerun = found.rerun
            if found.lock:
                owner, run_id = keys.worker_of_running(found.key), keys.last_part(found.key)
                self._settler.release_lock(found.lock, owner, run_id)
            if found.rows:
                self._store(found.rows)
            else:
                self._settler.close_record(found.key, found.revision)

    def _recover_own_leftovers(self) -> bool:
        """What an earlier life of this worker left behind, once the executors have said what they still
        have."""
        waited = self._monotonic() - self._started
        if len(self._ready_executors) < len(self._to_executors) and waited < EXECUTORS_TIMEOUT:
            return False
        if not self._session.lease:
            return False  # another live worker may have this id
        self._recoverer.look_for_own()
        return True

    # Stopping

    def _on_stop_ordered(self, stop: m.StopOrdered) -> None:
        self._stop = stop
        self._update_state()
        log.info(
            "Stopping: no new runs; those in progress may finish.",
            extra={
                "action": "stop",
                "running": len(self._runs),
                "seconds": stop.deadline - self._monotonic(),
            },
        )

    def _go_on_stopping(self) -> None:
        assert self._stop is not None
        late = self._monotonic() - self._stop.deadline
        if late >= 0 and not self._stop_passed_on:
            self._stop_passed_on = True
            for outbox in self._to_executors.values():
                outbox.send(self._stop)
        if (self._runs.idle and not len(self._settler)) or late > self._settings.etcd_timeout_seconds + 10:
            if not self._runs.idle:
                log.error(
                    "Stopped with runs that are not closed; the next start records them.",
                    extra={"action": "stop", "running": len(self._runs), "open": self._runs.unsettled},
                )
            self._to_main.send(m.Drained())
            self._finished = True
