"""A system that looks like a real one: for pictures, and for trying pages on more than three jobs."""

import contextlib
import json
import math
import random
import time
from collections.abc import Iterator

from app.common import keys
from app.common.etcd import EtcdClient, txn
from app.common.logstore import AuditEntry, open_store
from app.common.models import Run, Status, Trigger, run_id
from app.common.schedule import parse
from tests.e2e.browser import Api
from tests.harness.embedded import Up

DAY_MS = 86_400_000
ZONE = "Europe/Berlin"

# name, schedule, command, group, tags, usual duration in seconds, how often it fails
JOBS: list[tuple[str, str, str, str | None, list[str], float, float]] = [
    ("nightly-backup", "30 2 * * *", "/usr/local/bin/backup --all", "backups", ["db", "nightly"], 1_900, 0.1),
    ("backup-verify", "15 5 * * *", "/usr/local/bin/backup --verify", "backups", ["db"], 640, 0.0),
    ("wal-archive", "*/10 * * * *", "archive-wal /var/lib/postgresql", "backups", ["db"], 4, 0.01),
    ("invoice-run", "0 6 1 * *", "invoices --month last", "billing", ["money"], 5_200, 0.0),
    ("payment-sync", "*/5 * * * *", "payments sync --since 10m", "billing", ["money", "api"], 12, 0.06),
    ("dunning-letters", "0 9 * * MON-FRI", "dunning --send", "billing", ["money", "mail"], 90, 0.3),
    ("search-reindex", "0 */2 * * *", "reindex --incremental", "search", ["slow"], 1_150, 0.05),
    ("search-warmup", "20 */2 * * *", "warmup --top 10000", "search", [], 75, 0.0),
    ("日报汇总", "0 8 * * *", "report daily --lang zh", "reports", ["报表"], 300, 0.0),
    ("weekly-report", "0 7 * * MON", "report weekly", "reports", [], 820, 0.0),
    ("log-rotate", "0 0 * * *", "logrotate /etc/logrotate.conf", "housekeeping", [], 3, 0.0),
    ("tmp-cleaner", "@hourly", "find /tmp -mtime +2 -delete", "housekeeping", [], 6, 0.02),
    ("certificate-check", "0 */6 * * *", "check-certs --warn 14d", "monitoring", ["security"], 8, 0.0),
    ("disk-usage", "*/15 * * * *", "df -h | mail-if-full", "monitoring", [], 1, 0.0),
    ("price-feed", "*/2 * * * *", "feed pull prices", "feeds", ["api"], 9, 0.15),
    ("stock-feed", "1-59/2 * * * *", "feed pull stock", "feeds", ["api"], 14, 0.02),
]


def fill(up: Up, api: Api) -> None:
    """Jobs of many kinds, a week of runs, runs in progress, accounts and tokens."""
    with contextlib.closing(_etcd(up)) as client:
        _store_past(up, client)
    api.job(
        "ledger-close",
        "echo closing; sleep 600",
        "0 0 1 1 *",
        group="billing",
        description="Closes the books of the day. Ask accounting before killing it.",
        timeoutSeconds=3600,
        misfire="latest",
        env={"REGION": "eu-central"},
    )
    api.job(
        "video-transcode", TRANSCODE, "0 0 1 1 *", group="media", tags=["slow"], workerLabels={"gpu": "yes"}
    )
    api.job("colourful-build", COLOURS, "0 0 1 1 *", group="media", tags=["ci"])
    api.job(
        "heartbeat", 'echo "alive at $(date -u +%T)"', "*/5 * * * * *", group="monitoring", tags=["canary"]
    )
    api.job(
        "failing-probe",
        "echo checking; echo 'connection refused' >&2; exit 7",
        "*/30 * * * * *",
        group="monitoring",
    )
    for number in range(40):
        api.job(
            f"tenant-{number:03d}-sync",
            f"tenant sync {number}",
            f"{number % 60} * * * *",
            group="tenants",
            enabled=False,
        )
    with contextlib.closing(_etcd(up)) as client:
        client.put(
            keys.job("typed-by-hand"),
            b'{"name": "typed-by-hand", "command": "true", "cronExpr": "61 * * * *"}',
        )
    for name in ("ledger-close", "colourful-build"):
        api.ok("POST", f"/jobs/{name}/run")
    api.ok("PATCH", "/jobs/nightly-backup", json={"timeoutSeconds": 7200, "description": "All databases."})
    for user, role in (("li.wei", "operator"), ("ana", "editor"), ("guest", "viewer")):
        api.ok("POST", "/users", json={"name": user, "role": role, "password": f"a long password of {user}"})
    api.ok("POST", "/tokens", json={"name": "deploy pipeline", "role": "editor"})


def _etcd(up: Up) -> EtcdClient:
    return EtcdClient([f"http://127.0.0.1:{up.ports['--etcd-port']}"], timeout=10)


def _store_past(up: Up, client: EtcdClient) -> None:
    """Jobs as if they had been created a week ago, with all of their runs since then."""
    now = int(time.time() * 1000)
    store = open_store(f"sqlite:///{up.data / 'runs.db'}", 30)
    try:
        batch = []
        for run in _history(now):
            batch.append(run)
            if len(batch) == 1_000:
                store.store(batch)
                batch = []
        store.store(batch)
        for place, (name, expr, command, group, tags, _, _) in enumerate(JOBS):
            fields = {"name": name, "command": command, "cronExpr": expr, "group": group, "tags": tags}
            # The programs that the commands name are not here.
            definition = fields | {"timezone": ZONE, "shell": "/bin/true"}
            created = now - 8 * DAY_MS + place
            store.write_audit(
                [
                    AuditEntry(
                        id=f"{created:013d}-demo-{place}",
                        at=created,
                        actor="ana",
                        action="job.create",
                        kind="job",
                        target=name,
                        after=definition,
                        detail={"claimedUntil": None, "countsFrom": created},
                    )
                ]
            )
            claimed = parse(expr, ZONE, name=name).previous(now) or now
            client.txn(
                success=[
                    txn.put(keys.job(name), json.dumps(definition).encode()),
                    txn.put(keys.fired(name), keys.cursor(claimed)),
                    txn.put(keys.JOBS_MARK, b""),  # as masters do; workers record what comes without it
                ]
            )
    finally:
        store.close()


def _history(now: int) -> Iterator[Run]:
    chance = random.Random(7)
    for name, expr, command, _, _, usual, fails in JOBS:
        for plan in parse(expr, ZONE, name=name).between(now - 7 * DAY_MS, now, 6_000):
            start = plan + chance.randint(2, 60)
            end = start + round(usual * 1000 * math.exp(chance.gauss(0, 0.25)))
            end = min(end, now)
            failed = chance.random() < fails
            status = (
                chance.choice([Status.FAILED, Status.FAILED, Status.TIMEOUT]) if failed else Status.SUCCEEDED
            )
            yield Run(
                id=run_id(name, plan),
                job_name=name,
                plan_time=plan,
                status=status,
                trigger=Trigger.CRON,
                command=command,
                output=f"{name}: {'connection reset by peer' if failed else 'done'}\n",
                schedule_time=start - 1,
                start_time=start,
                end_time=end,
                exit_code=(1 if failed else 0) if status is not Status.TIMEOUT else None,
                signal=15 if status is Status.TIMEOUT else None,
                worker=chance.choice(["local", "berlin-1", "berlin-2"]),
                pid=chance.randint(1_000, 30_000),
                output_bytes=40,
                job_revision=1,
            )


TRANSCODE = r"""set -euo pipefail
# One file after the other: the disk is the bottleneck.
for file in /srv/incoming/*.mov; do
  echo "transcoding ${file##*/}"
  ffmpeg -loglevel error -i "$file" -c:v libx264 "/srv/done/$(basename "$file" .mov).mp4"
done
"""

COLOURS = r"""printf '\033[1mBuild 4711\033[0m of \033[36mmain\033[0m\n'
for step in compile link test package; do
  printf '  %-10s \033[32mok\033[0m  in \033[2m%s ms\033[0m\n' $step $((RANDOM % 900 + 100))
done
printf '\033[33mwarning:\033[0m 2 tests were skipped\n'
printf '\033[41;97m FAIL \033[0m \033[31mtests/test_money.py::test_rounding\033[0m\n'
echo '<script>alert("text, not a page")</script>'
sleep 900
"""
