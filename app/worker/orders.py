"""Run-now orders as this worker sees them: who should claim each, and when. Pure."""

import logging
from dataclasses import dataclass
from zlib import crc32

from pydantic import ValidationError

from app.common import keys
from app.common.etcd import KeyValue
from app.common.models import RunOrder, Trigger
from app.common.models.run import run_id
from app.worker.cluster import Cluster
from app.worker.heap import DueHeap
from app.worker.job_table import JobTable
from app.worker.placement import delay_ms

log = logging.getLogger(__name__)

UNKNOWN_JOB_MS = 5_000


@dataclass(frozen=True, slots=True)
class HeldOrder:
    key: str
    job: str
    order_id: str
    order: RunOrder

    @property
    def plan(self) -> int:
        return self.order.at if self.order.plan is None else self.order.plan

    @property
    def run_id(self) -> str:
        """A manual run is told apart by its order; a second attempt of a fire by its number."""
        salt = self.order_id if self.order.trigger is Trigger.MANUAL else ""
        return run_id(self.job, self.plan, self.order.attempt, salt=salt)


class OrderBook:
    """Times are epoch ms. An order that nobody could take by its expiry is claimed to be recorded as
    missed."""

    def __init__(self, table: JobTable, cluster: Cluster) -> None:
        self._table = table
        self._cluster = cluster
        self._orders: dict[str, HeldOrder] = {}
        self._attempts = DueHeap()

    def __len__(self) -> int:
        return len(self._orders)

    def next_due(self) -> int | None:
        return self._attempts.next_due()

    def add(self, kv: KeyValue, now: int) -> None:
        try:
            order = RunOrder.model_validate_json(kv.value)
        except ValidationError as error:
            log.warning("An order is unreadable: %s", error, extra={"action": "order", "key": kv.key})
            return
        held = HeldOrder(kv.key, keys.job_of_order(kv.key), keys.last_part(kv.key), order)
        self._orders[kv.key] = held
        self._attempts.set(kv.key, self._when(held, now))

    def remove(self, key: str) -> None:
        self._orders.pop(key, None)
        self._attempts.discard(key)

    def place_again(self, now: int) -> None:
        """The live workers have changed, and with them whose turn it is."""
        for held in self._orders.values():
            self._attempts.set(held.key, self._when(held, now))

    def clear(self) -> None:
        self._orders.clear()
        self._attempts.clear()

    def collect(self, now: int) -> list[HeldOrder]:
        """Orders to claim now; give each back by `remove` or `again`."""
        return [self._orders[key] for key, _ in self._attempts.pop_due(now)]

    def again(self, held: HeldOrder, at: int) -> None:
        if held.key in self._orders:
            self._attempts.set(held.key, at)

    def expired(self, held: HeldOrder, now: int) -> bool:
        return now >= held.order.expires_at or self._table.get(held.job) is None

    def _when(self, held: HeldOrder, now: int) -> int:
        seed = crc32(held.order_id.encode())
        job = self._table.get(held.job)
        if held.order.target is not None:
            place = 0 if held.order.target == self._cluster.worker_id else None
        elif job is None:
            # Its event may be on the way; if the job is gone, that is what will be recorded.
            last = self._cluster.place_of_all(seed, held.plan)
            return now + UNKNOWN_JOB_MS + delay_ms(3 if last is None else last)
        else:
            place = self._cluster.place(job.job.worker_labels, seed, held.plan)
        if place is not None:
            return now + delay_ms(place)
        last = self._cluster.place_of_all(seed, held.plan)
        return max(held.order.expires_at, now) + delay_ms(3 if last is None else last)
