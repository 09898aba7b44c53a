"""Metrics of masters and workers alike."""

from prometheus_client import Counter, Gauge, Histogram

REQUEST_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)

BUILD_INFO = Gauge(
    "cron_build_info",
    "Always 1: the version of this master or worker.",
    ["version", "role"],
    multiprocess_mode="mostrecent",
)
ETCD_REQUEST = Histogram(
    "cron_etcd_request_seconds",
    "From a request to etcd until its answer or its deadline, by kind of call.",
    ["call"],
    buckets=REQUEST_BUCKETS,
)
ETCD_FAILURES = Counter(
    "cron_etcd_request_failures", "Requests that etcd refused or did not answer.", ["call"]
)
STORE_REQUEST = Histogram(
    "cron_store_request_seconds",
    "From a request to the log store until its answer or its deadline, by operation.",
    ["operation"],
    buckets=REQUEST_BUCKETS,
)
STORE_FAILURES = Counter(
    "cron_store_request_failures", "Requests that the log store refused or did not answer.", ["operation"]
)
CLOCK_OFFSET = Gauge(
    "cron_clock_offset_seconds",
    "This clock minus the median of the cluster; of a master, minus that of the workers.",
    multiprocess_mode="mostrecent",
)
CERTIFICATE_EXPIRY = (
    "cron_certificate_expiry_timestamp_seconds",
    "When a configured certificate ends: etcd-ca, etcd-client, store-ca, store-client.",
)
"""Name and meaning: made from the files when asked for (app/common/certificates.py)."""
