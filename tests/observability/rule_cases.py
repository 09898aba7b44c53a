"""What each alert rule is tried with: a healthy fleet, and one difference at a time.

Minutes count from 0; series have one sample a minute, in promtool's notation (`1x60 0x59`: 61 times 1, then
60 times 0).
"""

from dataclasses import dataclass, field

MINUTES = 120
DAY = 86_400
YEAR = 365 * DAY

HEALTHY = {
    'up{job="yuanya-worker",instance="w1"}': "1x120",
    'up{job="yuanya-worker",instance="w2"}': "1x120",
    'up{job="yuanya-master",instance="m1"}': "1x120",
    'up{job="yuanya-master",instance="m2"}': "1x120",
    'up{job="etcd",instance="e1"}': "1x120",
    'up{job="etcd",instance="e2"}': "1x120",
    'up{job="etcd",instance="e3"}': "1x120",
    'probe_success{job="yuanya-console",instance="console"}': "1x120",
    'probe_ssl_earliest_cert_expiry{job="yuanya-console",instance="console"}': f"{YEAR}x120",
    'cron_certificate_expiry_timestamp_seconds{certificate="etcd-client",instance="w1"}': f"{YEAR}x120",
    'cron_workers{state="active",instance="m1"}': "2x120",
    'cron_workers{state="active",instance="m2"}': "2x120",
    'cron_master_jobs{instance="m1"}': "100x120",
    'cron_jobs_failing{instance="m1"}': "10x120",
    'cron_jobs{state="invalid",instance="w1"}': "0x120",
    'cron_job_enabled{job_name="backup",instance="m1"}': "1x120",
    'cron_job_failures_in_row{job_name="backup",instance="m1"}': "0x120",
    'cron_job_success_due_timestamp_seconds{job_name="backup",instance="m1"}': "7200x120",
    'cron_job_success_due_timestamp_seconds{job_name="backup",instance="m2"}': "7200x120",
    'cron_runs_total{status="succeeded",trigger="cron",instance="w1"}': "0+60x120",
    'cron_runs_total{status="missed",trigger="cron",instance="w1"}': "7x120",
    'cron_runs_total{status="lost",trigger="cron",instance="w1"}': "0x120",
    'cron_lateness_seconds_bucket{le="5",instance="w1"}': "0+60x120",
    'cron_lateness_seconds_bucket{le="15",instance="w1"}': "0+60x120",
    'cron_lateness_seconds_bucket{le="+Inf",instance="w1"}': "0+60x120",
    'cron_clock_offset_seconds{instance="w1"}': "-0.9x120",
    'cron_watch_age_seconds{instance="w1"}': "2x120",
    'cron_mirror_age_seconds{mirror="jobs",instance="m1"}': "2x120",
    'cron_spool_bytes{instance="w1"}': "0x120",
    'cron_spool_max_bytes{instance="w1"}': "1000x120",
    'cron_dropped_records_total{where="log buffer",instance="w1"}': "0x120",
    'cron_log_conflicts_total{instance="w1"}': "0x120",
    'cron_process_restarts_total{process="executor-1",instance="w1"}': "0x120",
    'cron_log_batches_total{result="failed",instance="w1"}': "3x120",
    'cron_store_request_failures_total{operation="read",job="yuanya-master",instance="m1"}': "0x120",
    'etcd_server_has_leader{instance="e1"}': "1x120",
    'etcd_mvcc_db_total_size_in_bytes{instance="e1"}': "69x120",
    'etcd_server_quota_backend_bytes{instance="e1"}': "100x120",
    'etcd_disk_wal_fsync_duration_seconds_bucket{le="0.016",instance="e1"}': "0+600x120",
    'etcd_disk_wal_fsync_duration_seconds_bucket{le="0.512",instance="e1"}': "0+600x120",
    'etcd_disk_wal_fsync_duration_seconds_bucket{le="+Inf",instance="e1"}': "0+600x120",
    'cron_etcd_request_seconds_bucket{call="txn",le="1",instance="w1"}': "0+600x120",
    'cron_etcd_request_seconds_bucket{call="txn",le="2.5",instance="w1"}': "0+600x120",
    'cron_etcd_request_seconds_bucket{call="txn",le="+Inf",instance="w1"}': "0+600x120",
}


@dataclass
class Case:
    """`series` replace those of the healthy fleet (None: not there). `fires`: what fires at a minute, and
    nothing else, as `ALERT SEVERITY [HOW MANY]`."""

    name: str
    series: dict[str, str | None]
    fires: dict[int, list[str]] = field(default_factory=dict)


def only(*parts: str) -> list[str]:
    """The series of the healthy fleet whose text has all parts."""
    found = [series for series in HEALTHY if all(part in series for part in parts)]
    assert found
    return found


def down(*parts: str, after: int = 60) -> dict[str, str | None]:
    return dict.fromkeys(only(*parts), f"1x{after} 0x{MINUTES - after}")


def at(minute: int, before: object, after: object) -> str:
    """`before` until `minute`, then `after`. The second value is at that minute."""
    return f"{before}x{minute - 1} {after}x{MINUTES - minute}"


FAILURES = only("failures_in_row")[0]
DUE = only("success_due")
MISSED = only('"missed"')[0]
LOST = only('"lost"')[0]
CONFLICTS = only("conflicts")[0]
FSYNC = only("fsync", '"0.016"')[0]
CERTIFICATE = only("certificate_expiry")[0]
PROBE_CERTIFICATE = only("probe_ssl")[0]

CASES = [
    Case("healthy", {}, {1: [], 20: [], 60: [], 120: []}),
    Case("a job fails", {FAILURES: at(60, 0, 2)}, {61: [], 62: ["CronJobFailing warning"]}),
    Case(
        "a job that fails is paused",
        {FAILURES: at(60, 0, 2), only("job_enabled")[0]: at(90, 1, 0)},
        {80: ["CronJobFailing warning"], 95: []},
    ),
    Case(
        "two masters tell of one job that fails",
        {FAILURES: at(60, 0, 2), FAILURES.replace("m1", "m2"): at(60, 0, 2)},
        {70: ["CronJobFailing warning"]},
    ),
    Case("no success in time", dict.fromkeys(DUE, "3600x120"), {60: [], 62: ["CronJobOverdue critical"]}),
    Case("one master has an older answer", {DUE[0]: "3600x120"}, {110: []}),
    Case(
        "many jobs fail",
        {only("jobs_failing")[0]: at(60, 10, 11)},
        {69: [], 71: ["CronJobsFailing warning"]},
    ),
    Case(
        "few of few jobs fail", {only("jobs_failing")[0]: "4x120", only("master_jobs")[0]: "8x120"}, {60: []}
    ),
    Case("fires are missed", {MISSED: at(60, 7, 9)}, {60: ["CronFiresMissed warning"], 80: []}),
    Case(
        "a worker was away for an hour and begins with missed fires",
        {MISSED: "7x20 _x60 5x39"},
        {79: [], 82: ["CronFiresMissed warning"], 110: []},
    ),
    Case(
        "missed fires of a kind never seen before",
        {MISSED.replace('"cron"', '"misfire"'): "_x60 1x59"},
        {59: [], 62: ["CronFiresMissed warning"], 100: []},
    ),
    Case(
        "Prometheus itself was away, and an old count is still there",
        {
            series: text.replace("x120", "x40 _x39 ") + text.replace("x120", "x40")
            for series, text in HEALTHY.items()
            if series.startswith("up{") or '"missed"' in series
        },
        {81: [], 90: [], 100: []},
    ),
    Case(
        "runs start late",
        {only("lateness", 'le="5"')[0]: "0+58x120"},
        {8: [], 30: ["CronRunsLate warning"]},
    ),
    Case("runs are lost", {LOST: at(60, 0, 1)}, {60: ["CronRunsLost warning"], 80: []}),
    Case("a fire ran twice", {CONFLICTS: at(60, 0, 1)}, {60: ["CronDoubledRun critical"], 80: []}),
    Case("a job is invalid", {only("invalid")[0]: at(60, 0, 1)}, {64: [], 65: ["CronInvalidJobs warning"]}),
    Case("a worker is down", down("yuanya-worker", "w1"), {61: [], 62: ["CronWorkerDown warning"]}),
    Case(
        "all workers are down",
        down("yuanya-worker"),
        {61: [], 62: ["CronWorkerDown critical", "CronWorkerDown warning 2"]},
    ),
    Case(
        "no worker is active",
        {s: at(60, 2, 0) for s in only("cron_workers")},
        {61: ["CronWorkerDown critical"]},
    ),
    Case("workers are not scraped", dict.fromkeys(only("yuanya-worker")), {10: ["CronWorkerDown critical"]}),
    Case("a master is down", down("yuanya-master", "m1"), {61: [], 62: ["CronMasterDown warning"]}),
    Case(
        "all masters are down",
        down("yuanya-master"),
        {62: ["CronMasterDown critical", "CronMasterDown warning 2"]},
    ),
    Case("masters are not scraped", dict.fromkeys(only("yuanya-master")), {10: ["CronMasterDown critical"]}),
    Case("the console is down", down("probe_success"), {61: [], 62: ["CronConsoleDown critical"]}),
    Case("a clock is behind", {only("clock")[0]: at(60, 0, -1.1)}, {61: ["CronClockOff warning"]}),
    Case(
        "an executor dies",
        {only("restarts")[0]: at(60, 0, 1)},
        {59: [], 60: ["CronProcessCrashing warning"], 80: []},
    ),
    Case("a worker hears nothing", {only("watch_age")[0]: at(60, 2, 11)}, {61: ["CronMirrorStale critical"]}),
    Case(
        "a master hears nothing", {only("mirror_age")[0]: at(60, 2, 11)}, {61: ["CronMirrorStale critical"]}
    ),
    Case(
        "rows wait on disk",
        {only("spool_bytes")[0]: at(60, 0, 1)},
        {64: [], 65: ["CronSpoolGrowing warning"]},
    ),
    Case(
        "the spool is more than half full",
        {only("spool_bytes")[0]: at(60, 0, 501)},
        {60: ["CronSpoolGrowing critical"], 65: ["CronSpoolGrowing critical", "CronSpoolGrowing warning"]},
    ),
    Case(
        "records are dropped",
        {only("dropped")[0]: at(60, 0, 5)},
        {60: ["CronRecordsDropped critical"], 80: []},
    ),
    Case(
        "the store refuses every batch",
        {only("batches")[0]: "3x60 13+10x59"},
        {61: [], 64: ["CronStoreFailing critical"]},
    ),
    Case("the store fails a few times", {only("batches")[0]: at(60, 3, 8)}, {61: [], 64: []}),
    Case(
        "a master does not reach the store",
        {only("store_request_failures")[0]: "0x60 10+10x59"},
        {61: [], 64: ["CronStoreFailing critical"]},
    ),
    Case("an etcd member is down", down("etcd", "up", "e1"), {61: [], 62: ["CronEtcdDown warning"]}),
    Case(
        "two of three etcd members are down",
        {**down("up", "etcd", "e1"), **down("up", "etcd", "e2")},
        {62: ["CronEtcdDown critical", "CronEtcdDown warning 2"]},
    ),
    Case("etcd has no leader", {only("has_leader")[0]: at(60, 1, 0)}, {61: ["CronEtcdDown critical"]}),
    Case("a disk of etcd is slow", {FSYNC: "0+500x120"}, {9: [], 30: ["CronEtcdSlow warning"]}),
    Case(
        "etcd answers a worker slowly",
        {only("etcd_request", 'le="1"')[0]: "0+500x120"},
        {9: [], 30: ["CronEtcdSlow warning"]},
    ),
    Case("etcd fills", {only("db_total")[0]: at(60, 69, 71)}, {64: [], 65: ["CronEtcdSpace warning"]}),
    Case(
        "etcd is nearly full",
        {only("db_total")[0]: at(60, 69, 91)},
        {60: ["CronEtcdSpace critical"], 65: ["CronEtcdSpace critical", "CronEtcdSpace warning"]},
    ),
    Case("a certificate has 22 days", {CERTIFICATE: f"{22 * DAY}x120"}, {60: []}),
    Case(
        "a certificate has 20 days",
        {CERTIFICATE: f"{20 * DAY}x120"},
        {60: ["CronCertificateExpires warning"]},
    ),
    Case(
        "the certificate of the console has 2 days",
        {PROBE_CERTIFICATE: f"{2 * DAY}x120"},
        {60: ["CronCertificateExpires critical", "CronCertificateExpires warning"]},
    ),
]
