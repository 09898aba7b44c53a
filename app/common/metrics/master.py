"""Metrics of a master. Those that are only a name and a meaning here are made when they are asked for."""

from prometheus_client import Counter, Gauge, Histogram

from app.common.metrics.shared import REQUEST_BUCKETS

API_LATENCY = Histogram(
    "cron_api_request_seconds",
    "From the arrival of a request to its last byte, by route template and class of status, without streams.",
    ["route", "method", "status"],
    buckets=REQUEST_BUCKETS,
)
SIGN_INS = Counter("cron_sign_ins", "Sign-ins by result: succeeded, refused, limited.", ["result"])
MIRROR_AGE = Gauge(
    "cron_mirror_age_seconds", "Since etcd last proved that the master's copy is complete.", ["mirror"]
)
MASTER_JOBS = Gauge("cron_master_jobs", "Jobs in the master's copy.")
EVENT_CLIENTS = Gauge("cron_event_clients", "Open event streams.")
EVENTS_DROPPED = Counter("cron_events_dropped", "Events that a slow client was told to fetch again instead.")
AUDIT_MOVED = Counter("cron_audit_moved", "Audit entries moved from etcd to the log store.")

WORKERS = ("cron_workers", "Registered workers by state; silent: without a heartbeat for long.")
JOBS_FAILING = ("cron_jobs_failing", "Jobs whose last run did not end well.")
JOB_GAUGES = {
    "cron_job_enabled": "1 while the job may fire; 0 while it is paused, or its schedule has ended.",
    "cron_job_failures_in_row": "Runs that did not end well since the last one that did.",
    "cron_job_last_success_timestamp_seconds": "End of the last run that succeeded.",
    "cron_job_last_start_timestamp_seconds": "Start of the last run.",
    "cron_job_last_duration_seconds": "How long the last run took.",
    "cron_job_typical_duration_seconds": "How long its runs take: a moving average of those that succeeded.",
    "cron_job_next_fire_timestamp_seconds": "When it fires next.",
    "cron_job_running": "Its runs in progress.",
    "cron_job_success_due_timestamp_seconds": "By when it must have succeeded again (successWithinSeconds).",
}
"""Of jobs that ask for series of their own, labelled `job_name`, since `job` is a label of Prometheus itself.
Absent where there is nothing to say."""
JOB_SERIES_LEFT_OUT = (
    "cron_job_series_left_out",
    "Jobs that ask for series of their own and get none, because others have used up the bound.",
)
