"""One job that has series of its own."""

from tools.dashboards.page import dashboard
from tools.dashboards.panels import NONE_ALLOWED, Json, Query, bars, lines, stat, steps, table


def job() -> Json:
    return dashboard(
        "yuanya-job",
        "Yuanya: one job",
        "A job that asks for series of its own: `metrics: true` or `successWithinSeconds` in its definition.",
        [("", _HEADLINES), ("Runs", _RUNS), ("All jobs with series of their own", _JOBS)],
        variable=("job_name", "Job", "label_values(cron_job_enabled, job_name)"),
    )


def _of_job(metric: str) -> str:
    """All masters tell the same."""
    return f'max({metric}{{job_name="$job_name"}})'


_HEADLINES = [
    stat(
        "State",
        "Whether it may fire.",
        _of_job("cron_job_enabled"),
        words={"0": ("paused", "orange"), "1": ("active", "green")},
    ),
    stat(
        "Failures in a row",
        "Since its last success.",
        _of_job("cron_job_failures_in_row"),
        thresholds=NONE_ALLOWED,
    ),
    stat(
        "Last success",
        "How long ago it ended.",
        f"time() - {_of_job('cron_job_last_success_timestamp_seconds')}",
        unit="s",
    ),
    stat(
        "Success due in",
        "Below 0: no success for longer than the job allows. Empty where it allows any time, or is paused.",
        f"{_of_job('cron_job_success_due_timestamp_seconds')} - time()",
        unit="s",
        thresholds=steps((None, "red"), (0, "green")),
    ),
    stat(
        "Next fire in",
        "Empty where there is none.",
        f"{_of_job('cron_job_next_fire_timestamp_seconds')} - time()",
        unit="s",
    ),
    stat("Last duration", "Of its last run.", _of_job("cron_job_last_duration_seconds"), unit="s"),
    stat(
        "Typical duration",
        "A moving average of its successful runs.",
        _of_job("cron_job_typical_duration_seconds"),
        unit="s",
    ),
    stat("Running", "Its runs in progress.", _of_job("cron_job_running")),
]

_RUNS = [
    bars(
        "Runs by how they ended",
        "Every planned fire ends in one of these.",
        Query(
            'sum by (status) (increase(cron_job_runs_total{job_name="$job_name"}[$__interval]))', "{{status}}"
        ),
        width=16,
    ),
    bars(
        "By worker",
        "Where it ran.",
        Query(
            'sum by (instance) (increase(cron_job_runs_total{job_name="$job_name"}[$__interval]))',
            "{{instance}}",
        ),
    ),
    lines(
        "Duration",
        "Of the last run, and the usual.",
        Query(_of_job("cron_job_last_duration_seconds"), "last"),
        Query(_of_job("cron_job_typical_duration_seconds"), "typical"),
        unit="s",
    ),
    lines(
        "Without success for",
        "The second line is what the job allows.",
        Query(f"time() - {_of_job('cron_job_last_success_timestamp_seconds')}", "without success"),
        Query(
            f"{_of_job('cron_job_success_due_timestamp_seconds')}"
            f" - {_of_job('cron_job_last_success_timestamp_seconds')}",
            "allowed",
        ),
        unit="s",
    ),
    lines(
        "Time spent running",
        "Seconds of run time a second: 1 means that it always runs.",
        Query('sum(rate(cron_job_run_seconds_total{job_name="$job_name"}[$__rate_interval]))', "running"),
    ),
]

_JOBS = [
    table(
        "Jobs",
        "Each job that asks for series of its own.",
        Query("max by (job_name) (cron_job_enabled)", "enabled"),
        Query("max by (job_name) (cron_job_failures_in_row)", "failures in a row"),
        Query("time() - max by (job_name) (cron_job_last_success_timestamp_seconds)", "last success, s ago"),
        Query("max by (job_name) (cron_job_success_due_timestamp_seconds) - time()", "success due in, s"),
        Query("max by (job_name) (cron_job_typical_duration_seconds)", "typical duration, s"),
        shown=("job_name",),
        width=20,
        height=10,
    ),
    stat(
        "Left out",
        "Jobs that ask for series and have none, because 1,000 others have.",
        "max(cron_job_series_left_out)",
        thresholds=NONE_ALLOWED,
        no_value="0",
        width=4,
    ),
]
