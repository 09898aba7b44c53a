"""The live workers, and taking them out of service."""

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median_low
from typing import NamedTuple

from pydantic import ValidationError

from app.common import keys
from app.common.etcd import EtcdClient, Event, KeyValue, Mirror, txn
from app.common.models import WorkerInfo, WorkerState
from app.master.problems import no_such, unavailable
from app.master.services.audit import Actor, Outbox

SILENT = "silent"
SILENT_SECONDS = 15  # three heartbeats
CATCH_UP_SECONDS = 2.0
FOUND_LATE_MS = 60_000  # how old a registration may be that was found: that of a dead one stays for its lease


@dataclass(frozen=True, slots=True)
class WorkerStatus:
    """`silent`: registered, but without a heartbeat for long; nothing is placed there. `drained`: takes no
    new runs.
    """

    info: WorkerInfo
    silent: bool
    drained: bool


@dataclass(frozen=True, slots=True)
class WorkersTime:
    """Epoch ms; it may be up to `late` ms more."""

    at: int
    late: int


class Heard(NamedTuple):
    """`at` is monotonic. `beat`: it came as it was written; otherwise it was found, and may be older."""

    info: WorkerInfo
    at: float
    beat: bool


class Workers:
    """A mirror of the registrations and of who is drained."""

    def __init__(
        self, client: EtcdClient, audit: Outbox, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._client, self._audit, self._monotonic = client, audit, monotonic
        self._heard: dict[str, Heard] = {}
        self._listeners: list[Callable[[list[str]], None]] = []
        self.mirror = Mirror(
            client, [keys.WORKERS, keys.DRAIN], on_snapshot=self._rebuild, on_changes=self._apply
        )

    def on_change(self, listener: Callable[[list[str]], None]) -> None:
        """`listener(worker_ids)` is called from the mirror's thread; an empty list means all."""
        self._listeners.append(listener)

    def all(self) -> list[WorkerStatus]:
        """By id. Drains are read from etcd, so that a change of them shows at once."""
        if not self.mirror.wait_for(0, CATCH_UP_SECONDS):
            raise unavailable("The worker list", "this master has not heard from etcd in time.")
        drained = {keys.last_part(kv.key) for kv in self._client.scan(keys.DRAIN, keys_only=True).items}
        now = self._monotonic()
        return [
            WorkerStatus(heard.info, now - heard.at > SILENT_SECONDS, worker in drained)
            for worker, heard in sorted(self._heard.copy().items())
        ]

    def states(self) -> dict[str, int]:
        """How many there are in each state; a silent one, whatever it said last, counts as that."""
        now = self._monotonic()
        found = Counter(
            SILENT if now - heard.at > SILENT_SECONDS else heard.info.state.value
            for heard in self._heard.copy().values()
        )
        return {state: found[state] for state in (*(state.value for state in WorkerState), SILENT)}

    def time(self) -> WorkersTime | None:
        """By the clocks of the live workers: of an even number of middle ones the slower is believed, as
        workers do among themselves. None with no live worker.
        """
        now = self._monotonic()
        heard = [h for h in self._heard.copy().values() if h.info.wall_clock and now - h.at <= SILENT_SECONDS]
        beats = [h for h in heard if h.beat]
        clocks = [h.info.wall_clock + int((now - h.at) * 1000) for h in beats or heard]
        return WorkersTime(median_low(clocks), 0 if beats else FOUND_LATE_MS) if clocks else None

    def is_live(self, worker: str) -> bool:
        return self._client.get(keys.worker(worker)) is not None

    def drain(self, worker: str, actor: Actor) -> None:
        """Runs in progress finish; no new one starts there until `resume`. Doing it twice does it once."""
        if not self.is_live(worker):
            raise no_such("live worker", worker)
        key = keys.drain(worker)
        self._client.txn(
            [txn.absent(key)],
            [txn.put(key, actor.name.encode()), self._audit.put(actor, "worker.drain", "worker", worker)],
        )

    def resume(self, worker: str, actor: Actor) -> None:
        key = keys.drain(worker)
        resumed = self._client.txn(
            [txn.present(key)],
            [txn.delete(key), self._audit.put(actor, "worker.resume", "worker", worker)],
        )
        if not resumed.succeeded and not self.is_live(worker):
            raise no_such("live worker", worker)

    def _rebuild(self, items: dict[str, KeyValue], revision: int, cause: str) -> None:
        now = self._monotonic()
        # A heartbeat known before the rebuild is not heard anew by it.
        heard = {}
        for kv in items.values():
            if info := _parse(kv):
                known = self._heard.get(info.id)
                heard[info.id] = known if known and known.info == info else Heard(info, now, False)
        self._heard = heard
        self._tell([])

    def _apply(self, events: list[Event], revision: int) -> None:
        heard = dict(self._heard)
        now = self._monotonic()
        for event in events:
            if event.deleted and event.kv.key.startswith(keys.WORKERS):
                heard.pop(keys.last_part(event.kv.key), None)
            elif info := _parse(event.kv):
                heard[info.id] = Heard(info, now, True)
        self._heard = heard
        self._tell([keys.last_part(event.kv.key) for event in events])

    def _tell(self, workers: list[str]) -> None:
        for listener in self._listeners:
            listener(workers)


def _parse(kv: KeyValue) -> WorkerInfo | None:
    if not kv.key.startswith(keys.WORKERS):
        return None
    try:
        return WorkerInfo.model_validate_json(kv.value)
    except ValidationError:
        return None
