"""From an open record to the rows it stands for: the same for the worker that claimed it and for one that
recovers it. Pure."""

from app.common.models import MissedRange, OpenRecord, Outcome, Run, Status, Trigger
from app.common.models.run import run_id
from app.worker.worker_job import WorkerJob

MISSED_REASON = "no worker was alive and free to claim it in time"
DAY_MS = 86_400_000


def skip_id(job: str, first: int) -> str:
    """Id of the row for a range of skipped fires, named by its first."""
    return run_id(job, first, salt="skip")


def missed_id(job: str, first: int) -> str:
    """Id of the row for a range of missed fires, named by its first."""
    return run_id(job, first, salt="missed")


def started_row(record: OpenRecord, row_id: str, worker: str, fence: int, command: str) -> Run:
    """The row of a run that is about to start; whoever ends it completes it."""
    return Run(
        id=row_id,
        job_name=record.job,
        plan_time=record.plan,
        status=Status.RUNNING,
        trigger=record.trigger,
        attempt=record.attempt,
        command=command,
        schedule_time=record.claimed,
        worker=worker,
        by=record.by,
        fence=fence,
        job_revision=record.job_revision,
    )


def settled_rows(record: OpenRecord, row_id: str, worker: str, expire_at: int) -> list[Run]:
    """The rows that are final as soon as the claim is won: of missed and skipped fires."""
    rows = []
    if record.missed:
        reason = record.missed_reason or MISSED_REASON
        rows.append(_range_row(record, record.missed, Status.MISSED, reason, worker, expire_at))
    if record.outcome is Outcome.OVERLAP:
        reason = "the previous run was still in progress"
        if record.skipped:
            rows.append(_range_row(record, record.skipped, Status.SKIPPED, reason, worker, expire_at))
        else:
            rows.append(_single(record, row_id, Status.SKIPPED, reason, worker, expire_at))
    if record.outcome is Outcome.MISSED and not record.missed:
        reason = record.missed_reason or MISSED_REASON
        rows.append(_single(record, row_id, Status.MISSED, reason, worker, expire_at))
    return rows


def lost_row(
    record: OpenRecord, row_id: str, worker: str, reason: str, job: WorkerJob | None, now: int, expire_at: int
) -> Run:
    """The row of a run whose worker or executor died. `job` adds the command, if it is still that
    revision's."""
    row = _single(record, row_id, Status.LOST, reason, worker, expire_at)
    row.end_time = now
    row.command = job.command if job else ""
    return row


def _single(record: OpenRecord, row_id: str, status: Status, reason: str, worker: str, expire_at: int) -> Run:
    return Run(
        id=row_id,
        job_name=record.job,
        plan_time=record.plan,
        status=status,
        trigger=record.trigger,
        attempt=record.attempt,
        reason=reason,
        schedule_time=record.claimed,
        worker=worker,
        by=record.by,
        job_revision=record.job_revision,
        expire_at=expire_at,
    )


def _range_row(
    record: OpenRecord, fires: MissedRange, status: Status, reason: str, worker: str, expire_at: int
) -> Run:
    make_id = missed_id if status is Status.MISSED else skip_id
    row = _single(record, make_id(record.job, fires.first), status, reason, worker, expire_at)
    row.plan_time, row.last_plan_time, row.count = fires.first, fires.last, fires.count
    row.trigger, row.attempt = Trigger.CRON, 1
    return row
