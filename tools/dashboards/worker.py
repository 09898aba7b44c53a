"""One worker."""

from tools.dashboards.page import dashboard
from tools.dashboards.panels import (
    FEW_ALLOWED,
    NONE_ALLOWED,
    Json,
    Query,
    bars,
    lines,
    quantile,
    stat,
    steps,
)

W = 'instance="$instance"'
WHERE = f"{{{W}}}"


def worker() -> Json:
    return dashboard(
        "yuanya-worker",
        "Yuanya: one worker",
        "What a worker runs and claims, and how it stands with etcd, the log store and the clock.",
        [
            ("", _HEADLINES),
            ("Runs", _RUNS),
            ("Claims", _CLAIMS),
            ("etcd and the clock", _ETCD),
            ("Log writer", _LOG),
        ],
        variable=("instance", "Worker", 'label_values(up{job="yuanya-worker"}, instance)'),
    )


_HEADLINES = [
    stat(
        "Answers",
        "Whether it answers Prometheus.",
        f'up{{job="yuanya-worker", {W}}}',
        words={"0": ("down", "red"), "1": ("up", "green")},
    ),
    stat("Version", "What it runs.", f'cron_build_info{{role="worker", {W}}}', legend="{{version}}"),
    stat(
        "Running",
        "As a share of its capacity.",
        f"cron_running{{{W}}} / cron_capacity{{{W}}}",
        unit="percentunit",
        thresholds=steps((None, "green"), (0.7, "orange"), (0.9, "red")),
    ),
    stat(
        "Clock",
        "Off the median of the cluster. From 2 s on it claims nothing.",
        f'abs(cron_clock_offset_seconds{{job="yuanya-worker", {W}}})',
        unit="s",
        thresholds=steps((None, "green"), (1, "orange"), (2, "red")),
    ),
    stat(
        "Lease left",
        "At 0 others take it for dead.",
        f"cron_lease_seconds_left{{{W}}}",
        unit="s",
        thresholds=steps((None, "red"), (3, "green")),
    ),
    stat(
        "Spool",
        "Rows on its disk that wait.",
        f"cron_spool_bytes{{{W}}}",
        unit="bytes",
        thresholds=FEW_ALLOWED,
    ),
    stat(
        "Dropped",
        "Records lost because a bound was reached, in the time shown.",
        f"round(sum(increase(cron_dropped_records_total{{{W}}}[$__range])))",
        thresholds=NONE_ALLOWED,
        no_value="0",
    ),
    stat(
        "Deaths",
        "Of its processes, which were started again, in the time shown.",
        f"round(sum(increase(cron_process_restarts_total{{{W}}}[$__range])))",
        thresholds=FEW_ALLOWED,
        no_value="0",
    ),
]

_RUNS = [
    bars(
        "Runs by how they ended",
        "Of this worker.",
        Query(f"sum by (status) (increase(cron_runs_total{{{W}}}[$__interval]))", "{{status}}"),
    ),
    lines(
        "Running, and room for it",
        "Where the lines meet, fires wait or go to others.",
        Query(f"cron_running{{{W}}}", "running"),
        Query(f"cron_capacity{{{W}}}", "capacity"),
    ),
    lines(
        "Lateness",
        "Start of a run minus its plan time.",
        *(
            Query(
                quantile(share, "cron_lateness_seconds", where=WHERE),
                name,
            )
            for share, name in ((0.5, "p50"), (0.99, "p99"))
        ),
        unit="s",
    ),
]

_CLAIMS = [
    bars(
        "Claims by outcome",
        "taken: another worker was first. gap: fires that nobody had claimed were found.",
        Query(f"sum by (outcome) (increase(cron_claims_total{{{W}}}[$__interval]))", "{{outcome}}"),
    ),
    lines(
        "Transactions and reads for claims",
        "Sent to etcd, a second.",
        Query(f"sum by (kind) (rate(cron_claim_transactions_total{{{W}}}[$__rate_interval]))", "{{kind}}"),
        unit="ops",
    ),
    lines(
        "Fires a claim transaction, and fires waiting",
        "Large batches mean high load.",
        Query(
            f"rate(cron_claim_batch_size_sum{{{W}}}[$__rate_interval])"
            f" / rate(cron_claim_batch_size_count{{{W}}}[$__rate_interval])",
            "fires a transaction",
        ),
        Query(f"cron_pending_fires{{{W}}}", "waiting"),
    ),
]

_ETCD = [
    lines(
        "Requests to etcd (p99)",
        "By kind of call.",
        Query(quantile(0.99, "cron_etcd_request_seconds", by="call", where=WHERE), "{{call}}"),
        unit="s",
        width=6,
    ),
    lines(
        "Since the watch last proved to be alive",
        "Above 10 s nothing is heard from etcd.",
        Query(f"cron_watch_age_seconds{{{W}}}", "watch"),
        Query(f"cron_lease_seconds_left{{{W}}}", "lease left"),
        unit="s",
        width=6,
    ),
    lines(
        "Clock",
        "This clock minus the median of the cluster.",
        Query(f'abs(cron_clock_offset_seconds{{job="yuanya-worker", {W}}})', "off"),
        unit="s",
        thresholds=steps((None, "transparent"), (2, "red")),
        width=6,
    ),
    bars(
        "New snapshots of the mirror",
        "By cause.",
        Query(f"sum by (cause) (increase(cron_mirror_rebuilds_total{{{W}}}[$__interval]))", "{{cause}}"),
        width=6,
    ),
]

_LOG = [
    lines(
        "Rows stored",
        "Acknowledged by the log store, a second.",
        Query(f"rate(cron_log_rows_total{{{W}}}[$__rate_interval])", "rows"),
        width=6,
    ),
    lines(
        "Requests to the log store (p99)",
        "By operation.",
        Query(quantile(0.99, "cron_store_request_seconds", by="operation", where=WHERE), "{{operation}}"),
        unit="s",
        width=6,
    ),
    lines(
        "Spool",
        "Rows on disk, and the bound.",
        Query(f"cron_spool_bytes{{{W}}}", "spool"),
        Query(f"cron_spool_max_bytes{{{W}}}", "bound"),
        unit="bytes",
        width=6,
    ),
    lines(
        "Messages between its processes",
        "What waits, by receiver.",
        Query(f"cron_queue_bytes{{{W}}}", "{{queue}}"),
        unit="bytes",
        width=6,
    ),
]
