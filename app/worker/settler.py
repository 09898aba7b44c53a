"""Closing what claims opened: locks are released when a command ends, open records deleted when their rows
are stored. Batched, repeated until etcd has taken it.

A transaction costs etcd and its client as much as some 15 operations in it, so what becomes ready within
PAUSE_MS goes together. After a quiet time nothing waits.
"""

import logging
from collections import deque

from app.common import keys
from app.common.errors import EtcdError, EtcdUnavailable, LeaseNotFound
from app.common.etcd import EtcdClient, txn
from app.common.models import RunOrder
from app.worker.backoff import Backoff
from app.worker.claims import lock_value

log = logging.getLogger(__name__)

BATCH = 100  # operations a transaction; each nests at most two more
PAUSE_MS = 25


class Settler:
    """Every operation is idempotent: it names what it expects, so repeating it is harmless."""

    def __init__(self, client: EtcdClient) -> None:
        self._client = client
        self._operations: dict[tuple[str, ...], txn.Operation] = {}  # the key makes each unique
        self._flushed_at = 0
        self._backoff = Backoff()

    def __len__(self) -> int:
        return len(self._operations)

    def release_lock(self, lock: str, worker: str, run_id: str) -> None:
        self._operations["lock", lock, run_id] = txn.nested(
            [txn.value_is(lock, lock_value(worker, run_id))], [txn.delete(lock)]
        )

    def take_lock_again(self, lock: str, worker: str, run_id: str, lease: int) -> None:
        """Put the lock of a running command under a new lease, unless another run has it by now."""
        self._operations["lock", lock, run_id] = txn.nested(
            [txn.absent(lock), txn.present(keys.running(worker, run_id))],
            [txn.put(lock, lock_value(worker, run_id), lease)],
        )

    def close_record(self, key: str, revision: int) -> None:
        """Delete an open record, unless it was written again after `revision`."""
        self._operations["record", key, str(revision)] = txn.nested(
            [txn.mod_revision_is(key, revision)], [txn.delete(key)]
        )

    def close_and_rerun(self, key: str, revision: int, job: str, order_id: str, order: RunOrder) -> None:
        """Delete a lost run's open record and order the next attempt, in one step: one order, however many
        workers try."""
        self._operations["rerun", key] = txn.nested(
            [txn.mod_revision_is(key, revision)],
            [txn.delete(key), txn.put(keys.order(job, order_id), order.to_json())],
        )

    def flush(self, now: int, *, at_once: bool = True) -> None:
        """Send what waits, unless `at_once` is False and something was sent less than PAUSE_MS ago. What etcd
        does not take is kept for later. `now` is epoch ms."""
        if self._backoff.holds(now):
            return
        if not self._operations or (not at_once and 0 <= now - self._flushed_at < PAUSE_MS):
            return
        self._flushed_at = now
        waiting = list(self._operations)
        batches = deque(waiting[start : start + BATCH] for start in range(0, len(waiting), BATCH))
        refusal: EtcdError | None = None
        while batches:
            batch = batches.popleft()
            try:
                self._client.txn(success=[self._operations[key] for key in batch])
            except EtcdUnavailable as error:
                self._back_off(now, error)
                return
            except EtcdError as error:
                if len(batch) > 1:
                    # One bad operation must not hold up the others: find it by sending them one by one.
                    batches.extendleft([key] for key in reversed(batch))
                    continue
                if not isinstance(error, LeaseNotFound):
                    refusal = error
                    continue
                log.warning(
                    "A lock was not taken again: its lease has ended.",
                    extra={"action": "settle", "key": batch[0]},
                )
            for key in batch:
                del self._operations[key]
        if refusal:
            self._back_off(now, refusal)
        else:
            self._backoff.succeeded()

    def _back_off(self, now: int, error: EtcdError) -> None:
        level = logging.WARNING if self._backoff.at_rest else logging.DEBUG  # told once
        log.log(level, "Closing runs waits for etcd: %s", error, extra={"action": "settle"})
        self._backoff.failed(now)
