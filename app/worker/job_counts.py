"""Counters of single jobs, for those that ask for it."""

from app.common.metrics import MAX_MEASURED_JOBS
from app.common.metrics.worker import JOB_RUN_SECONDS, JOB_RUNS
from app.common.models import Run

OTHERS = "(others)"  # not the name of any job


class SeriesNames:
    """Under which name each job is counted. The scheduler decides, so that all processes of a worker count a
    job alike.

    Shared memory gives no series back: those of jobs that are gone stay as long as the worker lives. So the
    first MAX_MEASURED_JOBS jobs get series, and all further ones share one.
    """

    def __init__(self) -> None:
        self._names: set[str] = set()

    def of(self, job: str) -> str:
        """For a job that asks for series."""
        if job not in self._names:
            if len(self._names) >= MAX_MEASURED_JOBS:
                return OTHERS
            self._names.add(job)
        return job


def count(row: Run, series: str) -> None:
    """A row that became final."""
    JOB_RUNS.labels(job_name=series, status=row.status.value).inc(row.count)
    if row.start_time and row.end_time:
        JOB_RUN_SECONDS.labels(job_name=series).inc(max(0, row.end_time - row.start_time) / 1000)
