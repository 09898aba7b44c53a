"""What becomes of open records whose worker is gone, or whose command this worker no longer has.

The rows are stored as lost (or as the missed and skipped fires they stand for); the record goes when the
store has them, and jobs with `onWorkerLoss: rerun` are ordered again in the same step.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass

from pydantic import ValidationError

from app.common import keys
from app.common.etcd import EtcdClient, KeyValue
from app.common.models import OpenRecord, Outcome, Run, RunOrder, Trigger, run_id
from app.worker import rows
from app.worker.worker_job import WorkerJob

log = logging.getLogger(__name__)

RERUN_EXPIRES_MS = 600_000
MAX_ATTEMPTS = 3  # of one fire: a command that takes its worker down must not take down one after the other


@dataclass(frozen=True, slots=True)
class Recovered:
    """An open record to close: the rows to store first, the order to give if the run stands as lost, and the
    lock that a run of it may still hold. `running`: its run goes on, and its own row is to come."""

    key: str
    revision: int
    rows: list[Run]
    rerun: tuple[str, str, RunOrder] | None
    lock: str | None
    running: bool = False


def abandoned_workers(client: EtcdClient, registered: set[str]) -> set[str]:
    """Workers that left open records behind and have no registration."""
    page = client.scan(keys.RUNNING, keys_only=True)
    return {keys.worker_of_running(kv.key) for kv in page.items} - registered


def open_records(client: EtcdClient, worker: str) -> list[KeyValue]:
    return client.scan(keys.running_of(worker)).items


def recover(
    kv: KeyValue,
    reason: str,
    find_job: Callable[[str], tuple[WorkerJob, int] | None],
    now: int,
    retention_ms: int,
) -> Recovered | None:
    """Decide for one open record; None for one that cannot be read: it stays, for whoever can.

    `find_job` gives the job and its revision as known now.
    """
    worker, row_id = keys.worker_of_running(kv.key), keys.last_part(kv.key)
    try:
        record = OpenRecord.model_validate_json(kv.value)
    except ValidationError:
        log.error(
            "An open record is unreadable and is left alone.", extra={"action": "recover", "key": kv.key}
        )
        return None
    expire_at = now + retention_ms
    found = rows.settled_rows(record, row_id, worker, expire_at)
    rerun = None
    if record.outcome is Outcome.RUN:
        known = find_job(record.job)
        same = known[0] if known and known[1] == record.job_revision else None
        found.append(rows.lost_row(record, row_id, worker, reason, same, now, expire_at))
        if record.rerun and known and record.attempt < MAX_ATTEMPTS:
            rerun = _next_attempt(record, now)
    lock = keys.lock(record.job) if record.outcome is Outcome.RUN else None
    return Recovered(kv.key, kv.mod_revision, found, rerun, lock)


def _next_attempt(record: OpenRecord, now: int) -> tuple[str, str, RunOrder]:
    attempt = record.attempt + 1
    order = RunOrder(
        by=record.by,
        at=now,
        expires_at=now + RERUN_EXPIRES_MS,
        trigger=Trigger.RETRY,
        plan=record.plan,
        attempt=attempt,
    )
    return record.job, run_id(record.job, record.plan, attempt), order
