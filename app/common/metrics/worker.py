"""Metrics of a worker, for all of its processes."""

from bisect import bisect_left
from collections import Counter as Tally
from collections.abc import Collection

from prometheus_client import Counter, Gauge, Histogram

LATENESS_BUCKETS = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60, 300)
DURATION_BUCKETS = (0.01, 0.05, 0.1, 0.5, 1, 5, 15, 60, 300, 900, 3600, 14400, 86400)


class BatchHistogram(Histogram):
    """A histogram without labels that takes many observations at once."""

    def observe_all(self, amounts: Collection[float]) -> None:
        """The same as `observe` with each, but shared memory is written once a bucket."""
        self._sum.inc(sum(amounts))
        for bucket, count in Tally(bisect_left(self._upper_bounds, each) for each in amounts).items():
            self._buckets[bucket].inc(count)


# Fires and runs

RUNS = Counter(
    "cron_runs", "Rows that became final, by how they ended and what started them.", ["status", "trigger"]
)
LATENESS = BatchHistogram(
    "cron_lateness_seconds", "Start of a run minus its plan time (cron fires only).", buckets=LATENESS_BUCKETS
)
DURATION = BatchHistogram(
    "cron_run_duration_seconds", "From start to end of a run.", buckets=DURATION_BUCKETS
)
CLAIMS = Counter("cron_claims", "Claims by outcome.", ["outcome"])
CLAIM_TRANSACTIONS = Counter(
    "cron_claim_transactions", "Transactions and check reads sent to etcd for claims.", ["kind"]
)
CLAIM_BATCH = Histogram(
    "cron_claim_batch_size", "Fires a claim transaction.", buckets=(1, 2, 5, 10, 20, 40, 60, 120)
)

# State

JOBS = Gauge("cron_jobs", "Jobs held, by state.", ["state"], multiprocess_mode="mostrecent")
RUNNING = Gauge("cron_running", "Commands that run now.", multiprocess_mode="livesum")
PENDING = Gauge("cron_pending_fires", "Due fires that wait for a claim.", multiprocess_mode="mostrecent")
CAPACITY = Gauge("cron_capacity", "Commands that may run at the same time.", multiprocess_mode="mostrecent")
WATCH_AGE = Gauge(
    "cron_watch_age_seconds", "Since the watch last proved to be alive.", multiprocess_mode="mostrecent"
)
REBUILDS = Counter("cron_mirror_rebuilds", "New snapshots of the mirror, by cause.", ["cause"])
LEASE_LEFT = Gauge(
    "cron_lease_seconds_left", "Until the worker's lease runs out.", multiprocess_mode="mostrecent"
)
PROCESS_RESTARTS = Counter("cron_process_restarts", "Restarts of worker processes.", ["process"])

# Log writer

LOG_BATCHES = Counter("cron_log_batches", "Batches given to the log store.", ["result"])
LOG_ROWS = Counter("cron_log_rows", "Rows acknowledged by the log store.")
LOG_CONFLICTS = Counter("cron_log_conflicts", "Rows for which another worker's row existed: a doubled run.")
SPOOL_BYTES = Gauge(
    "cron_spool_bytes", "Rows on disk that wait for the log store.", multiprocess_mode="mostrecent"
)
SPOOL_MAX = Gauge("cron_spool_max_bytes", "Bound of the spool.", multiprocess_mode="mostrecent")
QUEUE_BYTES = Gauge(
    "cron_queue_bytes",
    "Messages that wait for a process of this worker, by its name.",
    ["queue"],
    multiprocess_mode="livesum",
)
DROPPED = Counter("cron_dropped_records", "Records lost because a bound was reached. Must stay 0.", ["where"])

# Jobs that ask for series of their own

JOB_RUNS = Counter(
    "cron_job_runs", "Rows of a job that became final, by how they ended.", ["job_name", "status"]
)
JOB_RUN_SECONDS = Counter("cron_job_run_seconds", "Time that runs of a job took.", ["job_name"])
