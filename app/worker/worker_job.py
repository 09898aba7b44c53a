"""What a worker needs of a job: it holds every job of the cluster, and a whole `Job` takes 2 kB."""

import sys
from datetime import datetime
from typing import NamedTuple

from app.common.models import Isolation, Job, Misfire, Overlap, WorkerLoss

_NONE: dict[str, str] = {}  # of all jobs without labels or environment; never changed


class WorkerJob(NamedTuple):
    """The fields of `Job` that planning, claiming and running ask for, under the same names."""

    name: str
    command: str
    cron_expr: str
    timezone: str | None
    starts_at: datetime | None
    ends_at: datetime | None
    enabled: bool
    overlap: Overlap
    misfire: Misfire
    misfire_window_seconds: int
    timeout_seconds: float | None
    kill_grace_seconds: float
    on_worker_loss: WorkerLoss
    on_isolation: Isolation
    worker_labels: dict[str, str]
    shell: str
    cwd: str | None
    env: dict[str, str]
    output_limit_bytes: int
    measured: bool

    def same_schedule(self, other: "WorkerJob") -> bool:
        """Whether both fire at the same times, as `Job.same_schedule` says."""
        return all(getattr(self, field) == getattr(other, field) for field in Job.WHEN)


def worker_job(job: Job) -> WorkerJob:
    return WorkerJob(
        job.name,
        job.command,
        sys.intern(job.cron_expr),
        sys.intern(job.timezone) if job.timezone else None,
        job.starts_at,
        job.ends_at,
        job.enabled,
        job.overlap,
        job.misfire,
        job.misfire_window_seconds,
        job.timeout_seconds,
        job.kill_grace_seconds,
        job.on_worker_loss,
        job.on_isolation,
        job.worker_labels or _NONE,
        sys.intern(job.shell),
        job.cwd,
        job.env or _NONE,
        job.output_limit_bytes,
        job.measured,
    )
