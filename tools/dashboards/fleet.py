"""The whole cluster on one page: how was the night."""

from tools.dashboards.page import dashboard
from tools.dashboards.panels import (
    FEW_ALLOWED,
    NONE_ALLOWED,
    Json,
    Query,
    bars,
    heatmap,
    lines,
    quantile,
    stat,
    steps,
    table,
)


def fleet() -> Json:
    return dashboard(
        "yuanya-fleet",
        "Yuanya: fleet",
        "The whole cluster: what ran, what did not, how late, and on how many workers.",
        [("", _HEADLINES), ("", _ALERTS), ("Runs", _RUNS), ("Workers and masters", _PROCESSES)],
    )


def _in_range(metric: str) -> str:
    return f"round(sum(increase({metric}[$__range])))"


_HEADLINES = [
    stat(
        "Workers active",
        "Registered workers that may claim fires, as masters see them.",
        'max(cron_workers{state="active"})',
        thresholds=steps((None, "red"), (1, "green")),
    ),
    stat("Jobs", "Jobs there are, paused ones too.", "max(cron_master_jobs)"),
    stat(
        "Jobs failing",
        "Jobs whose last run did not end well.",
        "max(cron_jobs_failing)",
        thresholds=FEW_ALLOWED,
    ),
    stat(
        "Runs",
        "Commands that ran, however they ended, in the time shown.",
        _in_range('cron_runs_total{status=~"succeeded|failed|timeout|killed"}'),
    ),
    stat(
        "Missed",
        "Fires that nobody could start, in the time shown.",
        _in_range('cron_runs_total{status="missed"}'),
        thresholds=NONE_ALLOWED,
        no_value="0",
    ),
    stat(
        "Lost",
        "Runs whose worker or executor died, in the time shown.",
        _in_range('cron_runs_total{status="lost"}'),
        thresholds=NONE_ALLOWED,
        no_value="0",
    ),
    stat(
        "Doubled",
        "Fires that ran on two workers, in the time shown. Must be 0.",
        _in_range("cron_log_conflicts_total"),
        thresholds=NONE_ALLOWED,
    ),
    stat(
        "Records dropped",
        "Details of runs that were lost because a bound was reached, in the time shown. Must be 0.",
        _in_range("cron_dropped_records_total"),
        thresholds=NONE_ALLOWED,
        no_value="0",
    ),
    stat(
        "Late (p99)",
        "99 of 100 runs started at most this late, in the time shown.",
        quantile(0.99, "cron_lateness_seconds", window="$__range"),
        unit="s",
        thresholds=steps((None, "green"), (1, "orange"), (5, "red")),
    ),
    stat(
        "Running",
        "Commands that run, as a share of what all workers may run.",
        "sum(cron_running) / sum(cron_capacity)",
        unit="percentunit",
        thresholds=steps((None, "green"), (0.7, "orange"), (0.9, "red")),
    ),
    stat(
        "Fires waiting",
        "Due, and not claimed yet.",
        "sum(cron_pending_fires)",
        thresholds=steps((None, "green"), (100, "orange")),
    ),
    stat(
        "Spool",
        "Rows on the disks of workers that wait for the log store.",
        "sum(cron_spool_bytes)",
        unit="bytes",
        thresholds=FEW_ALLOWED,
    ),
    stat(
        "Invalid jobs",
        "Written straight into etcd with a bad value; they never run.",
        'max(cron_jobs{state="invalid"})',
        thresholds=FEW_ALLOWED,
    ),
    stat(
        "Masters up",
        "Masters that answer Prometheus.",
        'sum(up{job="yuanya-master"})',
        thresholds=steps((None, "red"), (1, "green")),
    ),
    stat(
        "Console",
        "Whether the console answers by way of nginx.",
        'min(probe_success{job="yuanya-console"})',
        words={"0": ("down", "red"), "1": ("up", "green")},
    ),
    stat(
        "Alerts",
        "Alerts of this system that fire.",
        'count(ALERTS{alertname=~"Cron.+", alertstate="firing"}) or vector(0)',
        thresholds=NONE_ALLOWED,
    ),
]

_ALERTS = [
    table(
        "Alerts",
        "Pending and firing alerts of this system.",
        Query(
            'count by (alertname, severity, alertstate, instance, job_name) (ALERTS{alertname=~"Cron.+"})',
            "count",
        ),
        shown=("alertname", "severity", "alertstate", "instance", "job_name"),
        width=16,
        height=8,
    ),
    table(
        "Jobs that fail",
        "Of the jobs that have series of their own: those whose last run failed.",
        Query("max by (job_name) (cron_job_failures_in_row) > 0", "failures in a row"),
        shown=("job_name",),
        width=8,
        height=8,
    ),
]

_RUNS = [
    bars(
        "Runs by how they ended",
        "Every planned fire ends in one of these.",
        Query("sum by (status) (increase(cron_runs_total[$__interval]))", "{{status}}"),
        width=16,
    ),
    bars(
        "Missed and lost",
        "What did not run, or did not end. A good night is empty.",
        Query(
            'sum by (status) (increase(cron_runs_total{status=~"missed|lost"}[$__interval]))', "{{status}}"
        ),
    ),
    lines(
        "Lateness",
        "Start of a run minus its plan time.",
        Query(
            quantile(0.5, "cron_lateness_seconds"),
            "p50",
        ),
        Query(
            quantile(0.99, "cron_lateness_seconds"),
            "p99",
        ),
        unit="s",
    ),
    heatmap(
        "Lateness, all runs",
        "How many runs started how late.",
        Query("sum by (le) (increase(cron_lateness_seconds_bucket[$__interval]))", "{{le}}"),
        unit="s",
    ),
    lines(
        "Duration",
        "From start to end of a run.",
        Query(
            quantile(0.5, "cron_run_duration_seconds"),
            "p50",
        ),
        Query(
            quantile(0.99, "cron_run_duration_seconds"),
            "p99",
        ),
        unit="s",
    ),
    lines(
        "Running, and room for it",
        "Where the lines meet, fires wait.",
        Query("sum(cron_running)", "running"),
        Query("sum(cron_capacity)", "capacity"),
    ),
    lines(
        "Fires waiting",
        "Due, and not claimed yet.",
        Query("sum by (instance) (cron_pending_fires)", "{{instance}}"),
    ),
    bars(
        "Runs by what started them",
        "Schedules, people, other jobs, repetitions.",
        Query("sum by (trigger) (increase(cron_runs_total[$__interval]))", "{{trigger}}"),
    ),
]

_PROCESSES = [
    bars(
        "Runs by worker",
        "How the work is shared.",
        Query("sum by (instance) (increase(cron_runs_total[$__interval]))", "{{instance}}"),
    ),
    lines(
        "Workers by state",
        "As masters see them.",
        Query("max by (state) (cron_workers)", "{{state}}"),
    ),
    lines(
        "Clocks",
        "How far each clock is from the median of the cluster. From 2 s on a worker claims nothing.",
        Query("abs(cron_clock_offset_seconds)", "{{instance}}"),
        unit="s",
        thresholds=steps((None, "transparent"), (2, "red")),
    ),
    lines(
        "Answers of the API (p99)",
        "From the arrival of a request to its last byte, without streams.",
        Query(
            quantile(0.99, "cron_api_request_seconds", by="instance"),
            "{{instance}}",
        ),
        unit="s",
    ),
    lines(
        "Requests to the API",
        "By class of status.",
        Query("sum by (status) (rate(cron_api_request_seconds_count[$__rate_interval]))", "{{status}}"),
        unit="reqps",
    ),
    lines(
        "Deaths of processes",
        "Processes of workers that were started again, in an hour.",
        Query(
            "sum by (instance, process) (increase(cron_process_restarts_total[1h])) > 0",
            "{{instance}} {{process}}",
        ),
    ),
    table(
        "Versions",
        "What runs where.",
        Query("max by (instance, role, version) (cron_build_info)", "running"),
        shown=("instance", "role", "version"),
    ),
]
