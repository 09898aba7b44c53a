"""Runs that are not in the log store yet: open records and orders in etcd."""

from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import ValidationError

from app.common import keys
from app.common.etcd import EtcdClient, KeyValue, txn
from app.common.models import OpenRecord, Outcome, Run, RunOrder, Status, Trigger, run_id

MAX_RECORDS = 100_000  # read at most; more means that nothing is being stored
PAGE = 5_000
FIRST_RECORDS = txn.get_prefix(keys.RUNNING, PAGE)


@dataclass(frozen=True, slots=True)
class OpenRun:
    """An open record with what its key says."""

    id: str
    worker: str
    record: OpenRecord

    @property
    def runs(self) -> bool:
        return self.record.outcome is Outcome.RUN

    def as_run(self) -> Run:
        record = self.record
        return Run(
            id=self.id,
            job_name=record.job,
            plan_time=record.plan,
            status=Status.RUNNING,
            trigger=record.trigger,
            attempt=record.attempt,
            schedule_time=record.claimed,
            worker=self.worker,
            by=record.by,
            job_revision=record.job_revision,
        )


@dataclass(frozen=True, slots=True)
class WaitingOrder:
    """An order to run a job that no worker has taken yet."""

    run_id: str
    job: str
    order: RunOrder


class OpenRuns:
    def __init__(self, client: EtcdClient) -> None:
        self._client = client

    def records(self, first: Sequence[KeyValue] | None = None) -> list[OpenRun]:
        """Open records of all outcomes; what is none is passed over. `first`: what FIRST_RECORDS has found,
        where it was asked for.
        """
        items: Sequence[KeyValue] = first or ()
        more = first is None or len(first) == PAGE
        found = [run for kv in items if (run := _parse(kv))]
        seen = len(items)
        while more and seen < MAX_RECORDS:
            page = self._client.page(keys.RUNNING, after=items[-1].key if items else None, limit=PAGE)
            items, more = page.items, page.more
            found.extend(run for kv in items if (run := _parse(kv)))
            seen += len(items)
        return found

    def of_job(self, name: str) -> list[OpenRun]:
        return [run for run in self.records() if run.runs and run.record.job == name]

    def find(self, wanted: str) -> OpenRun | None:
        """The run in progress of this id."""
        return next((run for run in self.records() if run.id == wanted and run.runs), None)

    def waiting(self, wanted: str) -> WaitingOrder | None:
        for kv in self._client.scan(keys.ORDERS).items:
            try:
                order = RunOrder.model_validate_json(kv.value)
            except ValidationError:
                continue
            job, order_id = keys.job_of_order(kv.key), keys.last_part(kv.key)
            plan = order.at if order.plan is None else order.plan
            salt = order_id if order.trigger is Trigger.MANUAL else ""
            if run_id(job, plan, order.attempt, salt=salt) == wanted:
                return WaitingOrder(wanted, job, order)
        return None


def _parse(kv: KeyValue) -> OpenRun | None:
    try:
        record = OpenRecord.model_validate_json(kv.value)
    except ValidationError:
        return None
    return OpenRun(keys.last_part(kv.key), keys.worker_of_running(kv.key), record)
