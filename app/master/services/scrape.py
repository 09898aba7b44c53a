"""Metrics that are made when they are asked for: of workers, and of jobs that ask for series of their own."""

from collections.abc import Callable, Iterator, Mapping
from typing import TypeVar

from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from app.common.errors import CronError
from app.common.logstore import JobState
from app.common.metrics import MAX_MEASURED_JOBS
from app.common.metrics.master import JOB_GAUGES, JOB_SERIES_LEFT_OUT, JOBS_FAILING, WORKERS
from app.master.clock import Clock
from app.master.problems import Problem
from app.master.services.job_facts import Began, Facts, JobFacts
from app.master.services.job_index import JobIndex, JobRow, JobStatus
from app.master.services.running import Running
from app.master.services.workers import Workers

RUNNING_PATIENCE_SECONDS = 2.0

T = TypeVar("T")


class Scrape(Collector):
    """What cannot be known at the moment has no samples: metrics themselves are always there."""

    def __init__(
        self, index: JobIndex, workers: Workers, running: Running, facts: JobFacts, now: Clock
    ) -> None:
        self._index, self._workers, self._running = index, workers, running
        self._facts, self._now = facts, now

    def collect(self) -> Iterator[Metric]:
        workers = GaugeMetricFamily(*WORKERS, labels=["state"])
        if self._workers.mirror.revision:
            for state, count in self._workers.states().items():
                workers.add_metric([state], count)
        yield workers
        facts = _if_known(self._facts.get)
        failing = GaugeMetricFamily(*JOBS_FAILING)
        if facts:
            failing.add_metric([], facts.failing)
        yield failing
        rows = self._index.measured()
        yield GaugeMetricFamily(*JOB_SERIES_LEFT_OUT, value=max(0, len(rows) - MAX_MEASURED_JOBS))
        yield from self._of_jobs(rows[:MAX_MEASURED_JOBS], facts)

    def _of_jobs(self, rows: list[JobRow], facts: Facts | None) -> Iterator[Metric]:
        running = (
            _if_known(lambda: self._running.counts(cold_seconds=RUNNING_PATIENCE_SECONDS)) if rows else None
        )
        now = self._now()
        gauges = {
            name: GaugeMetricFamily(name, meaning, labels=["job_name"])
            for name, meaning in JOB_GAUGES.items()
        }
        for row in rows:
            for name, value in job_values(row, now, facts, running).items():
                if value is not None:
                    gauges[f"cron_job_{name}"].add_metric([row.name], value)
        yield from gauges.values()


def job_values(
    row: JobRow, now: int, facts: Facts | None, running: Mapping[str, int] | None
) -> dict[str, float | None]:
    """The gauges of one job by the name behind `cron_job_`; None for what has no value."""
    status, next_fire = row.status(now), row.next_fire(now)
    values: dict[str, float | None] = {
        "enabled": status is JobStatus.ENABLED,
        "next_fire_timestamp_seconds": _seconds(next_fire),
        "running": None if running is None else running.get(row.name, 0),
    }
    if facts is None:
        return values
    state = facts.states.get(row.name)
    values["failures_in_row"] = state.failures_in_a_row if state else 0
    if state:
        took = state.last_end - state.last_start if state.last_start and state.last_end else None
        values["last_success_timestamp_seconds"] = _seconds(state.last_success)
        values["last_start_timestamp_seconds"] = _seconds(state.last_start)
        values["last_duration_seconds"] = None if took is None else max(0, took) / 1000
        values["typical_duration_seconds"] = _seconds(state.typical_duration_ms)
    if status is JobStatus.ENABLED:
        values["success_due_timestamp_seconds"] = _due(row, state, facts.began.get(row.name))
    return values


def _due(row: JobRow, state: JobState | None, began: Began | None) -> float | None:
    """None also while it is not known when the job began as it is: one that was just resumed, and had its
    last success long before, would look overdue.
    """
    if row.success_within is None or began is None or began.revision != row.revision:
        return None
    success = state.last_success if state else None
    since = max((at for at in (success, began.at) if at is not None), default=None)
    return None if since is None else since / 1000 + row.success_within


def _seconds(ms: float | None) -> float | None:
    return None if ms is None else ms / 1000


def _if_known(ask: Callable[[], T]) -> T | None:
    try:
        return ask()
    except (CronError, Problem):
        return None
