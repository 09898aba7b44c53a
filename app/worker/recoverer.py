"""Finds open records that nobody works on any more, when it is this worker's turn to close them."""

import logging
from collections.abc import Callable, Iterator
from dataclasses import replace
from zlib import crc32

from app.common import keys
from app.common.errors import EtcdError
from app.common.etcd import EtcdClient
from app.common.models import Status
from app.worker.cluster import Cluster
from app.worker.job_table import JobTable
from app.worker.process_tree import kill_leftovers
from app.worker.recovery import Recovered, abandoned_workers, open_records, recover
from app.worker.worker_job import WorkerJob

log = logging.getLogger(__name__)

SWEEP_SECONDS = 60.0  # between searches for records of workers whose end nobody saw
TURN_SECONDS = 3.0  # how long a survivor leaves the work to those before it
RETRY_SECONDS = 2.0


class Recoverer:
    """Times named `now` are epoch ms, `at` monotonic seconds. Recovery is idempotent; the order among
    survivors only saves work."""

    def __init__(
        self, client: EtcdClient, worker_id: str, table: JobTable, cluster: Cluster, retention_ms: int
    ) -> None:
        self._client = client
        self._worker = worker_id
        self._table, self._cluster = table, cluster
        self._retention_ms = retention_ms
        self._suspects: dict[str, float] = {}  # worker -> when it is this worker's turn
        self._own: dict[str, str] = {}  # key -> why its command is gone
        self._look_for_own = False
        self._looked_for_own = False
        self._strangers: dict[str, float] = {}  # own records that nobody here works on -> since when
        self._next_sweep = 0.0
        self._retry_at = 0.0

    def suspect(self, worker: str, at: float) -> None:
        """The registration of `worker` is gone."""
        place = self._cluster.place_of_all(crc32(worker.encode()), 0)
        self._suspects.setdefault(worker, at + TURN_SECONDS * (place or 0))

    def look_for_abandoned(self, at: float) -> None:
        self._next_sweep = min(self._next_sweep, at)

    def look_for_own(self) -> None:
        """Treat own records that no executor has as left behind by an earlier life."""
        self._look_for_own = True

    def add_own(self, key: str, reason: str) -> None:
        self._own[key] = reason

    def due(self, now: int, at: float, is_mine: Callable[[str], bool]) -> list[Recovered]:
        """What to close now. `is_mine(key)`: somebody works on the record at `key`."""
        if at < self._retry_at:
            return []
        found: list[Recovered] = []
        try:
            found += self._lost_here(now)
            if self._look_for_own:
                self._end_leftovers(is_mine)
                found += self._left_by(self._worker, "the worker was restarted", now, is_mine)
                found += self._gaps(now, is_mine)
                self._look_for_own, self._looked_for_own = False, True
            if at >= self._next_sweep:
                self._next_sweep = at + SWEEP_SECONDS
                for worker in abandoned_workers(self._client, self._cluster.registered()):
                    self.suspect(worker, at)
                if self._looked_for_own:
                    self._note_strangers(at, is_mine)
            for worker in [w for w, turn in self._suspects.items() if at >= turn]:
                if worker not in self._cluster.registered():
                    found += self._left_by(worker, f"worker {worker} died", now, is_mine)
                del self._suspects[worker]
        except EtcdError as error:
            log.warning("Recovery waits for etcd: %s", error, extra={"action": "recover"})
            self._retry_at = at + RETRY_SECONDS
            self._next_sweep = min(self._next_sweep, self._retry_at)
        return found

    def _lost_here(self, now: int) -> Iterator[Recovered]:
        for key, reason in list(self._own.items()):
            kv = self._client.get(key)
            del self._own[key]
            found = recover(kv, reason, self._find_job, now, self._retention_ms) if kv else None
            if found:
                yield found

    def _left_by(self, worker: str, reason: str, now: int, is_mine: Callable[[str], bool]) -> list[Recovered]:
        records = [kv for kv in open_records(self._client, worker) if not is_mine(kv.key)]
        if records and worker != self._worker and self._client.get(keys.worker(worker)):
            return []  # it is alive: the mirror has not heard of it yet
        if records:
            log.warning(
                "Recording runs that were left behind: %s.",
                reason,
                extra={"action": "recover", "owner": worker, "runs": len(records)},
            )
        found = (recover(kv, reason, self._find_job, now, self._retention_ms) for kv in records)
        return [each for each in found if each]

    def _gaps(self, now: int, is_mine: Callable[[str], bool]) -> Iterator[Recovered]:
        """Missed fires before runs that go on: their rows may have died with the scheduler that made them."""
        for kv in open_records(self._client, self._worker):
            found = recover(kv, "", self._find_job, now, self._retention_ms)
            if found and found.lock and is_mine(kv.key) and len(found.rows) > 1:
                gap = [row for row in found.rows if row.status is Status.MISSED]
                yield replace(found, rows=gap, rerun=None, lock=None, running=True)

    def _note_strangers(self, at: float, is_mine: Callable[[str], bool]) -> None:
        """A claim that etcd carried out late, when its scheduler was gone, leaves one nobody knows of."""
        found = [kv.key for kv in open_records(self._client, self._worker) if not is_mine(kv.key)]
        self._strangers = {key: self._strangers.get(key, at) for key in found}
        for key, since in self._strangers.items():
            if at - since >= SWEEP_SECONDS:
                self.add_own(key, "it was claimed, but never started")

    def _end_leftovers(self, is_mine: Callable[[str], bool]) -> None:
        """End what still runs of an earlier life of this worker that was killed with all its processes."""
        records = [kv.key for kv in open_records(self._client, self._worker) if not is_mine(kv.key)]
        if records:
            ended = kill_leftovers(self._worker, {keys.last_part(key) for key in records})
            log.warning("Ended commands of an earlier life.", extra={"action": "recover", "processes": ended})

    def _find_job(self, name: str) -> tuple[WorkerJob, int] | None:
        held = self._table.get(name)
        return (held.job, held.revision) if held else None
