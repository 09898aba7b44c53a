"""The nouns of the system: Job, Run, the records kept in etcd, and accounts."""

from app.common.models.job import (
    InvalidJob,
    Isolation,
    Job,
    Misfire,
    Overlap,
    WorkerLoss,
    parse_job,
    parse_with_schedule,
)
from app.common.models.records import (
    KillOrder,
    MissedRange,
    OpenRecord,
    Outcome,
    RunOrder,
    WorkerInfo,
    WorkerState,
)
from app.common.models.run import Run, Status, Trigger, run_id

__all__ = [
    "InvalidJob",
    "Isolation",
    "Job",
    "KillOrder",
    "Misfire",
    "MissedRange",
    "OpenRecord",
    "Outcome",
    "Overlap",
    "Run",
    "RunOrder",
    "Status",
    "Trigger",
    "WorkerInfo",
    "WorkerLoss",
    "WorkerState",
    "parse_job",
    "parse_with_schedule",
    "run_id",
]
