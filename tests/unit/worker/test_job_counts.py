import pytest
from prometheus_client import REGISTRY

from app.common.models import Run, Status
from app.worker import job_counts
from app.worker.job_counts import OTHERS, SeriesNames, count


def row(job: str, status: Status = Status.SUCCEEDED, took_ms: int | None = 1_500, count: int = 1) -> Run:
    start = None if took_ms is None else 1_000_000
    end = None if took_ms is None else 1_000_000 + took_ms
    return Run("id", job, 0, status, start_time=start, end_time=end, count=count)


def runs(job: str, status: str) -> float | None:
    return REGISTRY.get_sample_value("cron_job_runs_total", {"job_name": job, "status": status})


def seconds(job: str) -> float | None:
    return REGISTRY.get_sample_value("cron_job_run_seconds_total", {"job_name": job})


def test_rows_are_counted_by_job_and_status_with_the_time_they_took():
    for each in (row("counted"), row("counted"), row("counted", Status.FAILED, took_ms=500)):
        count(each, "counted")
    count(row("counted", Status.MISSED, took_ms=None, count=7), "counted")
    assert (runs("counted", "succeeded"), runs("counted", "failed")) == (2, 1)
    assert runs("counted", "missed") == 7
    assert seconds("counted") == 3.5


def test_a_clock_that_was_set_back_takes_no_time_away():
    count(row("set-back", took_ms=-2_000), "set-back")
    assert (runs("set-back", "succeeded"), seconds("set-back")) == (1, 0)


def test_rows_are_counted_under_the_name_given():
    before = runs(OTHERS, "succeeded") or 0
    count(row("one of many"), OTHERS)
    assert runs(OTHERS, "succeeded") == before + 1
    assert runs("one of many", "succeeded") is None


def test_jobs_beyond_the_bound_share_one_name(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(job_counts, "MAX_MEASURED_JOBS", 2)
    names = SeriesNames()
    given = [names.of(job) for job in ("first", "second", "third", "fourth", "first")]
    assert given == ["first", "second", OTHERS, OTHERS, "first"]
