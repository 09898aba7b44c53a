"""The watcher process: mirrors the keys that matter to a worker, keeps its lease and registration alive, and
compares clocks."""

import logging
import socket
import threading
import time
from pathlib import Path

from pydantic import ValidationError

import app
from app.common import keys
from app.common.errors import EtcdError, EtcdUnavailable, WorkerError
from app.common.etcd import EtcdClient, Event, KeyValue, Mirror, Session, txn
from app.common.metrics.shared import CLOCK_OFFSET
from app.common.metrics.worker import LEASE_LEFT, REBUILDS, WATCH_AGE
from app.common.models import WorkerInfo, WorkerState
from app.common.settings import WorkerSettings
from app.worker import messages as m
from app.worker.clock_check import LIMIT_MS, ClockCheck
from app.worker.identity import instance_of, is_alive_here, is_dead_predecessor, is_same_process
from app.worker.process import Parent, process_loop
from app.worker.queues import Inbox, Outbox

log = logging.getLogger(__name__)

PREFIXES = (keys.JOBS, keys.WORKERS, keys.KILLER, keys.ORDERS, keys.TAIL, keys.DRAIN)
TURN_SECONDS = 0.25
STARTING_SECONDS = 0.02  # of a turn while nothing may be claimed: the clock is not checked yet


def main(settings: WorkerSettings, sockets: Path, parent: Parent) -> None:
    """Entry point of the process."""
    process_loop(
        "watcher",
        settings,
        parent,
        lambda: Watcher(settings, EtcdClient.from_settings(settings), sockets, parent),
    )


class Watcher:
    """Three threads: this one (heartbeats, clock), the mirror's, and the session's. Each sends for itself."""

    def __init__(self, settings: WorkerSettings, client: EtcdClient, sockets: Path, parent: Parent) -> None:
        self._settings = settings
        self._client = client
        self._id = settings.worker_id
        self._pid = parent.pid
        self._inbox = Inbox(sockets, "watcher")
        self._to_scheduler = Outbox(sockets, "scheduler", self._greet_scheduler)
        self._to_executors = [
            Outbox(sockets, f"executor-{i}", self._greet_executor) for i in range(settings.executors)
        ]
        self._to_main = Outbox(sockets, "main")
        self._mirror = Mirror(
            client,
            PREFIXES,
            on_snapshot=self._on_snapshot,
            on_part=self._on_part,
            on_changes=self._on_changes,
            resync_seconds=settings.resync_seconds,
        )
        self._session = Session(
            client,
            settings.lease_ttl_seconds,
            find_lease=self._lease_of_this_worker,
            on_opened=self._register,
            on_renewed=self._on_renewed,
            on_lost=self._on_lost,
        )
        self._status = m.StatusReported(0, WorkerState.SUSPENDED, "the worker is starting", 0.0)
        self._started = int(time.time() * 1000)
        self._started_at = time.monotonic()
        self._beats = 0
        self._next_beat = 0.0
        self._clock = ClockCheck()
        self._clock_lock = threading.Lock()  # heartbeats arrive in the mirror's thread
        self._next_clock_report = 0.0
        self._clock_checked: m.ClockChecked | None = None
        self._peers: set[str] | None = None  # None until the first snapshot
        self._refused_until = time.monotonic() + settings.lease_ttl_seconds + 5
        # Greet the scheduler before the first snapshot; greeted during it, it would ask for a second one.
        self._to_scheduler.connect(timeout=10)
        self._mirror.start()
        self._session.start()

    def turn(self) -> bool:
        for message in self._inbox.receive(TURN_SECONDS if self._clock_checked else STARTING_SECONDS):
            if isinstance(message, m.StatusReported):
                self._report(message)
            elif isinstance(message, m.StopOrdered):
                return False
        now = time.monotonic()
        if now >= self._next_beat:
            self._next_beat = now + self._settings.heartbeat_seconds
            self._beat()
        self._check_clock(now)
        for outbox in (self._to_scheduler, self._to_main, *self._to_executors):
            outbox.flush()
        WATCH_AGE.set(self._mirror.age)
        LEASE_LEFT.set(max(0.0, self._session.valid_until - now))
        return True

    def close(self) -> None:
        self._session.stop()
        self._mirror.stop()
        for outbox in (self._to_scheduler, self._to_main, *self._to_executors):
            outbox.close()
        self._inbox.close()
        self._client.close()

    # Registration

    def _report(self, status: m.StatusReported) -> None:
        changed = status.state is not self._status.state
        self._status = status
        if changed:
            self._next_beat = 0.0  # the others should know at once

    def _info(self, lease: int) -> WorkerInfo:
        self._beats += 1
        checked = self._clock_checked
        return WorkerInfo(
            id=self._id,
            host=socket.gethostname(),
            pid=self._pid,
            instance=instance_of(self._pid),
            started=self._started,
            labels=self._settings.labels,
            capacity=self._settings.capacity,
            running=self._status.running,
            state=self._status.state,
            reason=self._status.reason,
            version=app.__version__,
            wall_clock=int(time.time() * 1000),
            clock_offset_ms=checked.offset_ms if checked else 0,
            heartbeat=self._beats,
            lease=lease,
            lateness_ms=round(self._status.lateness_ms, 1),
        )

    def _lease_of_this_worker(self) -> int:
        """A watcher that starts anew goes on with the lease of its predecessor: it holds the locks of the
        commands that run."""
        found = self._client.get(keys.worker(self._id))
        if found is None:
            return 0
        try:
            known = WorkerInfo.model_validate_json(found.value)
        except ValidationError:
            return 0
        return found.lease if is_same_process(known, self._pid) else 0

    def _register(self, lease: int) -> None:
        """Write the registration; another live worker with this id is left alone, and this one refuses to
        run."""
        key = keys.worker(self._id)
        found = self._client.get(key)
        if found:
            try:
                known = WorkerInfo.model_validate_json(found.value)
            except ValidationError:
                known = None
            if known and not (is_same_process(known, self._pid) or is_dead_predecessor(known)):
                self._refuse(known)
                raise EtcdUnavailable(f"worker id {self._id} is in use")
        revision = found.mod_revision if found else 0
        result = self._client.txn(
            [txn.mod_revision_is(key, revision)], [txn.put(key, self._info(lease).to_json(), lease)]
        )
        if not result.succeeded:
            raise EtcdUnavailable(f"another process registers as {self._id} at this moment")
        if found and found.lease and found.lease != lease:
            self._client.revoke(found.lease)  # frees the locks of the dead predecessor

    def _refuse(self, known: WorkerInfo) -> None:
        """Its lease may only be the remains of a worker that ran elsewhere: give it time to run out."""
        if time.monotonic() < self._refused_until and not is_alive_here(known):
            log.warning(
                "Waiting for the lease of %s on %s to end.",
                self._id,
                known.host,
                extra={"action": "register"},
            )
            return
        self._to_main.send(
            m.StartRefused(
                f"worker id {self._id!r} is in use by process {known.pid} on host {known.host}. "
                "Stop that worker, or give this one another id: YUANYA_WORKER_ID."
            )
        )

    def _beat(self) -> None:
        lease = self._session.lease
        if not lease:
            return
        try:
            self._client.put(keys.worker(self._id), self._info(lease).to_json(), lease)
        except EtcdError as error:
            log.warning("A heartbeat was not written: %s", error, extra={"action": "heartbeat"})

    # The session's thread

    def _on_renewed(self, lease: int, valid_until: float) -> None:
        renewed = m.SessionRenewed(lease, valid_until)
        self._to_scheduler.send(renewed)
        for outbox in self._to_executors:
            outbox.send(renewed)

    def _on_lost(self) -> None:
        self._to_scheduler.send(m.SessionLost())

    def _greet_scheduler(self) -> list[object]:
        """A scheduler that starts anew needs everything: the mirror's thread sends it a new snapshot."""
        self._mirror.replay()
        greeting: list[object] = list(self._greet_executor())
        if self._clock_checked:
            greeting.append(self._clock_checked)
        return greeting

    def _greet_executor(self) -> list[object]:
        session = self._session
        return [m.SessionRenewed(session.lease, session.valid_until)] if session.lease else []

    # The mirror's thread

    def _on_part(self, part: list[KeyValue], first: bool) -> None:
        self._tell_keys(m.KeysReplaced(part, first, last=False))
        self._to_scheduler.flush(block=5)

    def _on_snapshot(self, items: dict[str, KeyValue], revision: int, cause: str) -> None:
        REBUILDS.labels(cause=cause).inc()
        log.info("The mirror was built.", extra={"action": "mirror", "cause": cause, "keys": len(items)})
        self._peers = {keys.last_part(k) for k in items if k.startswith(keys.WORKERS)} - {self._id}
        self._tell_keys(m.KeysReplaced([], first=False, last=True))

    def _tell_keys(self, message: m.KeysReplaced | m.KeysChanged) -> None:
        """Raises WorkerError where there is no room for it, and the mirror begins anew: a scheduler without
        a part of a snapshot would take its jobs for deleted."""
        if not self._to_scheduler.send(message):
            raise WorkerError("the scheduler is too far behind to be told what etcd holds")

    def _on_changes(self, events: list[Event], revision: int) -> None:
        self._tell_keys(m.KeysChanged(events))
        for event in events:
            if not event.kv.key.startswith(keys.WORKERS):
                continue
            worker = keys.last_part(event.kv.key)
            if event.deleted:
                with self._clock_lock:
                    self._clock.gone(worker)
            elif worker != self._id:
                self._hear(worker, event.kv.value)

    def _hear(self, worker: str, value: bytes) -> None:
        try:
            info = WorkerInfo.model_validate_json(value)
        except ValidationError:
            return
        if not info.wall_clock:
            return
        with self._clock_lock:
            self._clock.heard(worker, info.wall_clock, int(time.time() * 1000), time.monotonic())

    # The clock

    def _check_clock(self, now: float) -> None:
        """Tell the scheduler whether to trust the clock: as soon as it can be told, and again with each
        heartbeat."""
        with self._clock_lock:
            jumped = self._clock.jumped(int(time.time() * 1000), now)
            offset = self._clock.offset(now)
        if jumped:
            log.warning("The clock of this host was set.", extra={"action": "clock"})
            self._started_at = now
            self._clock_checked = None
        if offset is None:
            # Without others, or while they are silent, there is nothing to compare with.
            silent = now - self._started_at > 2.5 * self._settings.heartbeat_seconds
            if self._peers is None or (self._peers and not silent):
                return
            offset = 0
        CLOCK_OFFSET.set(offset / 1000)
        checked = m.ClockChecked(offset, abs(offset) <= LIMIT_MS, now)
        before, self._clock_checked = self._clock_checked, checked
        if before is None or before.trusted is not checked.trusted or now >= self._next_clock_report:
            self._next_clock_report = now + self._settings.heartbeat_seconds
            self._to_scheduler.send(checked)
