"""etcd, the log store, and the certificates of both."""

from tools.dashboards.page import dashboard
from tools.dashboards.panels import NONE_ALLOWED, Json, Query, bars, lines, quantile, stat, steps, table

FSYNC = "etcd_disk_wal_fsync_duration_seconds"
EXPIRY = (
    "cron_certificate_expiry_timestamp_seconds"
    ' or label_replace(probe_ssl_earliest_cert_expiry, "certificate", "$1", "job", "(.*)")'
)


def stores() -> Json:
    return dashboard(
        "yuanya-stores",
        "Yuanya: stores",
        "etcd, which holds jobs and claims, and the log store, which holds runs.",
        [("", _HEADLINES), ("etcd", _ETCD), ("Log store", _LOG), ("Certificates", _CERTIFICATES)],
    )


_HEADLINES = [
    stat(
        "etcd members up",
        "That answer Prometheus.",
        'sum(up{job="etcd"})',
        thresholds=steps((None, "red"), (1, "green")),
    ),
    stat(
        "Leader",
        "Whether every member knows one.",
        "min(etcd_server_has_leader)",
        words={"0": ("none", "red"), "1": ("yes", "green")},
    ),
    stat(
        "Space",
        "Of the quota, on the fullest member. A full etcd starts no job.",
        "max(etcd_mvcc_db_total_size_in_bytes / etcd_server_quota_backend_bytes)",
        unit="percentunit",
        thresholds=steps((None, "green"), (0.7, "orange"), (0.9, "red")),
    ),
    stat(
        "Disk of etcd (p99)",
        "To flush its log, on the slowest member. Up to 10 ms is good.",
        f"max({quantile(0.99, FSYNC, by='instance')})",
        unit="s",
        thresholds=steps((None, "green"), (0.05, "orange"), (0.25, "red")),
    ),
    stat(
        "Log store (p99)",
        "Of all requests of workers and masters.",
        quantile(0.99, "cron_store_request_seconds"),
        unit="s",
        thresholds=steps((None, "green"), (0.5, "orange"), (2, "red")),
    ),
    stat(
        "Spool",
        "Of its bound, on the worker where it is fullest.",
        "max(cron_spool_bytes / cron_spool_max_bytes)",
        unit="percentunit",
        thresholds=steps((None, "green"), (0.01, "orange"), (0.5, "red")),
    ),
    stat(
        "Batches not stored",
        "Attempts that failed, in the time shown. The rows went to disk.",
        'round(sum(increase(cron_log_batches_total{result="failed"}[$__range])))',
        thresholds=NONE_ALLOWED,
        no_value="0",
    ),
    stat(
        "Next certificate expires in",
        "Of those that masters, workers and Prometheus know.",
        f"min({EXPIRY}) - time()",
        unit="s",
        thresholds=steps((None, "red"), (259_200, "orange"), (1_814_400, "green")),
    ),
]

_ETCD = [
    lines(
        "Size of the database",
        "total: the file. in use: what defragmentation would leave.",
        Query("etcd_mvcc_db_total_size_in_bytes", "{{instance}} total"),
        Query("etcd_mvcc_db_total_size_in_use_in_bytes", "{{instance}} in use"),
        Query("min(etcd_server_quota_backend_bytes)", "quota"),
        unit="bytes",
    ),
    lines(
        "Disk (p99)",
        "To flush the log (fsync), and to commit to the database.",
        Query(quantile(0.99, FSYNC, by="instance"), "{{instance}} fsync"),
        Query(
            quantile(0.99, "etcd_disk_backend_commit_duration_seconds", by="instance"), "{{instance}} commit"
        ),
        unit="s",
    ),
    bars(
        "Changes of leader",
        "Each costs about a second. Several an hour mean a slow disk, CPU or network.",
        Query("max(increase(etcd_server_leader_changes_seen_total[$__interval]))", "changes"),
        color="orange",
    ),
    lines(
        "Writes",
        "Transactions, puts and deletes a second, on the busiest member.",
        Query("max(rate(etcd_mvcc_txn_total[$__rate_interval]))", "transactions"),
        Query("max(rate(etcd_mvcc_put_total[$__rate_interval]))", "puts"),
        Query("max(rate(etcd_mvcc_delete_total[$__rate_interval]))", "deletes"),
        unit="ops",
    ),
    lines(
        "Proposals",
        "waiting: written and not agreed upon yet. failed: a second.",
        Query("etcd_server_proposals_pending", "{{instance}} waiting"),
        Query("rate(etcd_server_proposals_failed_total[$__rate_interval])", "{{instance}} failed"),
    ),
    lines(
        "Requests, as workers and masters see them (p99)",
        "By kind of call.",
        Query(quantile(0.99, "cron_etcd_request_seconds", by="call"), "{{call}}"),
        unit="s",
    ),
    lines(
        "Requests to etcd",
        "Of workers and masters, by kind of call.",
        Query("sum by (call) (rate(cron_etcd_request_seconds_count[$__rate_interval]))", "{{call}}"),
        unit="reqps",
    ),
    bars(
        "Requests to etcd that failed",
        "Refused, or not answered in time.",
        Query("sum by (instance) (increase(cron_etcd_request_failures_total[$__interval]))", "{{instance}}"),
        color="red",
    ),
    lines(
        "Memory",
        "Of each member.",
        Query('process_resident_memory_bytes{job="etcd"}', "{{instance}}"),
        unit="bytes",
    ),
]

_LOG = [
    lines(
        "Requests (p99)",
        "Of workers and masters, by operation.",
        Query(quantile(0.99, "cron_store_request_seconds", by="operation"), "{{operation}}"),
        unit="s",
    ),
    lines(
        "Rows stored",
        "Acknowledged, a second, by worker.",
        Query("sum by (instance) (rate(cron_log_rows_total[$__rate_interval]))", "{{instance}}"),
    ),
    bars(
        "Batches of rows",
        "stored; failed: an attempt without success; spooled: written to disk instead.",
        Query("sum by (result) (increase(cron_log_batches_total[$__interval]))", "{{result}}"),
    ),
    lines(
        "Spool",
        "Rows on disk that wait for the log store.",
        Query("cron_spool_bytes", "{{instance}}"),
        unit="bytes",
    ),
    bars(
        "Requests to the log store that failed",
        "Refused, or not answered in time.",
        Query("sum by (instance) (increase(cron_store_request_failures_total[$__interval]))", "{{instance}}"),
        color="red",
    ),
    bars(
        "Audit entries",
        "Moved from etcd to the log store.",
        Query("sum(increase(cron_audit_moved_total[$__interval]))", "moved"),
        color="blue",
    ),
]

_CERTIFICATES = [
    table(
        "Certificates",
        "How long each is still good.",
        Query(f"sort(min by (certificate, instance) ({EXPIRY}) - time())", "expires in"),
        shown=("certificate", "instance"),
        unit="s",
    ),
]
