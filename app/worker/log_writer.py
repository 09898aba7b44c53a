"""The log writer process: stores rows in batches, spools them to disk while the store is away, and tells the
scheduler what is safe."""

import logging
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from app.common.errors import StoreError, StoreUnavailable
from app.common.logstore import LiveOutput, LogStore, open_store
from app.common.metrics.worker import DROPPED, LOG_BATCHES, LOG_CONFLICTS, LOG_ROWS
from app.common.models import Run, Status
from app.common.reasons import Reasons
from app.common.settings import WorkerSettings
from app.worker import messages as m
from app.worker.process import Parent, process_loop, rest
from app.worker.queues import Inbox, Outbox
from app.worker.spool import Spool, SpoolFull

log = logging.getLogger(__name__)

BATCH = 1_000  # rows
BATCH_SECONDS = 0.25  # the oldest row of a batch waits no longer
GATHER_SECONDS = 0.05  # between looks at the queue while a batch gathers: a wake-up for each row costs most
GATHER_BYTES = (
    64 * 1024
)  # in one look; what comes faster is read without a pause, or its producers would wait
MAX_BUFFER_BYTES = 128 * 1024 * 1024  # rows in memory when neither store nor spool takes them
FULL_SECONDS = 1.0  # between tries when there is nowhere to put the rows
MAX_BACKOFF = 5.0  # seconds between tries while the store is away
PRUNE_SECONDS = 3600.0
CONFLICTS_LOGGED = 10  # of a batch
UNSTORABLE = "[this output was refused by the log store]"


def main(settings: WorkerSettings, sockets: Path, parent: Parent) -> None:
    """Entry point of the process."""

    def make() -> LogWriter:
        store = open_store(settings.store_url, settings.store_timeout_seconds)
        spool = Spool(settings.data_dir / "spool", settings.spool_max_bytes)
        return LogWriter(store, spool, Inbox(sockets, "log-writer"), Outbox(sockets, "scheduler"))

    process_loop("log-writer", settings, parent, make)


class LogWriter:
    def __init__(
        self,
        store: LogStore,
        spool: Spool,
        inbox: Inbox,
        to_scheduler: Outbox,
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store, self._spool = store, spool
        self._inbox, self._to_scheduler = inbox, to_scheduler
        self._monotonic = monotonic
        self._buffer: list[Run] = []
        self._buffer_bytes = 0
        self._oldest = 0.0
        self._slow = True  # little came last time
        self._full_until = 0.0  # neither store nor spool took the buffer; not tried before
        self._lost: list[Run] = []  # only the store can tell what they are; they never go to the spool
        self._prepared = False
        self._away_until = 0.0  # the store is not asked before
        self._backoff = 0.0
        self._reasons = Reasons()
        self._watched: set[str] = set()
        self._next_prune = monotonic() + 60
        self._stopping = False
        self._no_room = DROPPED.labels(where="log buffer")
        self._given_up = DROPPED.labels(where="refused by the store")
        for result in ("stored", "spooled", "failed"):
            LOG_BATCHES.labels(result=result)

    def turn(self) -> bool:
        self._receive()
        now = self._monotonic()
        full = len(self._buffer) >= BATCH or bool(self._lost) or self._stopping
        if self._buffer and (full or now - self._oldest >= BATCH_SECONDS) and now >= self._full_until:
            self._write_buffer()
        if self._spool and self._may_ask():
            self._replay()
        # The real result of a run that is taken for lost may be among the rows that wait.
        if self._lost and not self._buffer and not self._spool and self._may_ask():
            self._write_lost()
        if now >= self._next_prune and self._may_ask():
            self._prune()
        self._to_scheduler.flush()
        return not (self._stopping and not self._buffer)

    def close(self) -> None:
        self._to_scheduler.flush(block=2)
        self._to_scheduler.close()
        self._inbox.close()
        self._spool.close()
        self._store.close()

    def _receive(self) -> None:
        if self._buffer and self._slow:
            rest(min(GATHER_SECONDS, self._sleep()))
        before = self._buffer_bytes
        for message in self._inbox.receive(self._sleep()):
            self._take(message)
        self._slow = self._buffer_bytes - before < GATHER_BYTES

    def _take(self, message: object) -> None:
        if isinstance(message, list):
            self._add(message)
        elif isinstance(message, LiveOutput):
            self._write_live(message)
        elif isinstance(message, m.StopOrdered):
            self._stopping = True

    def _add(self, rows: list[Run]) -> None:
        if not self._buffer:
            self._oldest = self._monotonic()
        for row in rows:
            if row.status is Status.LOST:
                self._lost.append(row)
                continue
            size = len(row.output) + len(row.command) + 500
            if self._buffer_bytes + size > MAX_BUFFER_BYTES:
                # Its open record stays in etcd, so the run is not forgotten, only its details are.
                self._no_room.inc()
                continue
            self._buffer.append(row)
            self._buffer_bytes += size

    def _sleep(self) -> float:
        if self._spool and self._may_ask():
            return 0
        if self._buffer:
            return max(0.0, max(self._oldest + BATCH_SECONDS, self._full_until) - self._monotonic())
        return BATCH_SECONDS

    def _may_ask(self) -> bool:
        return self._monotonic() >= self._away_until

    def _write_buffer(self) -> None:
        rows = self._buffer
        if (self._may_ask() and self._write(rows)) or self._to_disk(rows):
            self._buffer, self._buffer_bytes = [], 0
            self._acknowledge([m.StoredRow(row.id, row.count, False) for row in rows])
        else:
            self._full_until = self._monotonic() + FULL_SECONDS

    def _write(self, rows: Sequence[Run]) -> bool:
        """Store a batch; whether it is safe. A row that the store refuses does not hold up the others."""
        if not self._usable():
            return False
        try:
            result = self._store.store(rows)
        except StoreUnavailable as error:
            self._stay_away(error)
            return False
        except StoreError as error:
            self._prepared = False  # rather the store than a row: see whether it is as it should be
            return self._usable() and self._write_apart(rows, error)
        self._backoff = 0.0
        self._reasons.clear()
        LOG_BATCHES.labels(result="stored").inc()
        LOG_ROWS.inc(result.stored + result.known)
        if result.conflicts:
            LOG_CONFLICTS.inc(len(result.conflicts))
            self._log_conflicts(rows, result.conflicts)
        finished = [row.id for row in rows if row.id in self._watched]
        if finished:
            self._clear_live(finished)
        return True

    def _log_conflicts(self, rows: Sequence[Run], conflicts: Sequence[str]) -> None:
        jobs = {row.id: row.job_name for row in rows}
        for run_id in conflicts[:CONFLICTS_LOGGED]:
            extra = {"action": "conflict", "runId": run_id, "job": jobs.get(run_id), "of": len(conflicts)}
            log.error("A run was doubled: another worker's row exists.", extra=extra)

    def _write_apart(self, rows: Sequence[Run], error: StoreError) -> bool:
        """Find the row that is refused by halving, and store it without its output."""
        if len(rows) > 1:
            middle = len(rows) // 2
            return self._write(rows[:middle]) and self._write(rows[middle:])
        row = rows[0]
        if row.output != UNSTORABLE:
            log.error("A row is refused: %s", error, extra=_about(row))
            row.output = UNSTORABLE
            return self._write([row])
        self._given_up.inc()
        log.error("A row is given up: %s", error, extra=_about(row))
        return True

    def _usable(self) -> bool:
        """Whether the store answers, and has what rows need. What it lacks is not the fault of the rows."""
        if not self._prepared:
            try:
                self._store.prepare()
                self._store.ping()
            except StoreError as error:
                self._stay_away(error)
                return False
            self._prepared = True
        return True

    def _stay_away(self, error: StoreError) -> None:
        if self._reasons.is_new(error):
            log.error("The log store is away; rows go to disk: %s", error, extra={"action": "store"})
        self._backoff = min(MAX_BACKOFF, self._backoff * 2 or 0.25)
        self._away_until = self._monotonic() + self._backoff
        LOG_BATCHES.labels(result="failed").inc()

    def _to_disk(self, rows: Sequence[Run]) -> bool:
        try:
            self._spool.append(rows)
        except SpoolFull as error:
            log.error("Rows wait in memory: %s", error, extra={"action": "spool", "rows": len(rows)})
            return False
        LOG_BATCHES.labels(result="spooled").inc()
        return True

    def _replay(self) -> None:
        rows = self._spool.read(BATCH)
        if not rows or self._write(rows):
            self._spool.consumed()
            if not self._spool:
                log.info("The spool is replayed.", extra={"action": "spool"})

    def _write_lost(self) -> None:
        rows = self._lost[:BATCH]
        if not self._write(rows):
            return
        try:
            found = [self._store.run(row.id) for row in rows]
        except StoreError as error:
            self._stay_away(error)
            return
        del self._lost[: len(rows)]
        self._acknowledge(
            [
                m.StoredRow(row.id, row.count, kept is not None and kept.status is Status.LOST)
                for row, kept in zip(rows, found, strict=True)
            ]
        )

    def _acknowledge(self, rows: list[m.StoredRow]) -> None:
        self._to_scheduler.send(m.RowsStored(rows))

    def _write_live(self, chunk: LiveOutput) -> None:
        if not (self._may_ask() and self._usable()):
            return
        self._watched.add(chunk.run_id)
        try:
            self._store.write_live(chunk)
        except StoreUnavailable as error:
            self._stay_away(error)  # the rows must not wait behind each chunk
        except StoreError as error:
            log.warning(
                "Live output was not passed on: %s", error, extra={"action": "live", "runId": chunk.run_id}
            )

    def _clear_live(self, run_ids: list[str]) -> None:
        self._watched.difference_update(run_ids)
        try:
            self._store.clear_live(run_ids)
        except StoreError as error:
            log.warning("Live output was not removed: %s", error, extra={"action": "live"})

    def _prune(self) -> None:
        if not self._usable():
            return
        self._next_prune = self._monotonic() + PRUNE_SECONDS
        try:
            pruned = self._store.prune(int(time.time() * 1000))
        except StoreError as error:
            log.warning("Old rows were not removed: %s", error, extra={"action": "prune"})
            return
        log.info("Removed old rows.", extra={"action": "prune", "rows": pruned})


def _about(row: Run) -> dict[str, str]:
    return {"action": "store", "runId": row.id, "job": row.job_name}
