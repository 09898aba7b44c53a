"""What planning needs: what a run leaves in etcd and in the log store, what heartbeats cost, and a master's
memory by jobs. docs/capacity.md calculates with it.
"""

from contextlib import closing
from pathlib import Path

import bson

from app.common import keys
from app.common.etcd import EtcdClient, Mirror
from app.common.logstore import open_store
from app.common.logstore.mongo_docs import of_run
from app.common.models import WorkerInfo
from loadtest.populate import put_jobs, store_runs, stored_run
from loadtest.processes import CpuClock, pss_kb
from loadtest.report import Report
from loadtest.system import System, running_etcd, system
from loadtest.times import now_ms, pass_time, percentile, ticks
from tests.harness.cluster import children_of
from tests.harness.master import MasterProcess
from tests.harness.poll import wait_until

RATES = (1, 20, 200, 1_000)  # runs a second
JOBS = (100, 10_000, 100_000)
ROWS_A_JOB = 2
KEPT = 100_000  # revisions, by the compaction that the rollout sets
REST_SECONDS = 5
HEARTBEATS, WATCHES, TICKS = 200, 20, 10  # a second; beside the worker's own; a second


def run(*, seconds: int = 20, rows: int = 200_000) -> Report:
    """Each rate runs for `seconds`; `rows` rows are put into an empty SQLite file, with their indexes."""
    report = Report("capacity: what a run, a row, a worker and a job take")
    runs = report.table(
        "etcd, a run",
        *("runs a second", "runs", "revisions a run", "bytes of history a run"),
        f"GiB of {KEPT:,} revisions",
    )
    with system() as measured:
        for rate in RATES:
            ended, revisions, size = _runs(measured, rate, seconds)
            runs.add(rate, ended, revisions / ended, size / ended, size / revisions * KEPT / 1024**3)
    _heartbeats(report, seconds)
    _rows(report, rows)
    memory = report.table("memory of a master", "jobs", "MB")
    for jobs in JOBS:
        memory.add(jobs, _master(jobs))
    return report


def _revision(client: EtcdClient) -> int:
    return client.page(keys.JOBS, limit=1).revision


def _runs(measured: System, rate: int, seconds: int) -> tuple[int, int, int]:
    """Runs that ended, revisions meanwhile, and bytes by which the database grew."""
    client, store = measured.cluster.client, measured.cluster.store
    jobs = measured.put_jobs(
        {"name": f"at-{rate}-{n}", "command": "true", "cronExpr": "* * * * * * *"} for n in range(rate)
    )
    since, revision, size = now_ms(), _revision(client), client.status()[1]
    pass_time(seconds, f"{rate} runs/s")
    measured.delete_jobs(jobs)
    measured.cluster.wait_settled()
    ended = sum(
        1 for row in store.ledger_rows(None, since, now_ms()) if row.job_name.startswith(f"at-{rate}-")
    )
    assert ended, f"nothing ran at {rate} runs/s"
    return ended, _revision(client) - revision, client.status()[1] - size


def _heartbeats(report: Report, seconds: int) -> None:
    """What heartbeats of other workers, written from here, cost etcd and a worker; also with more watches."""
    table = report.table("heartbeats", "a second", "watches", "etcd, % of a core", "a worker, % of a core")
    with system() as measured:
        client, worker = measured.cluster.client, measured.cluster.workers["w0"]
        found = client.get(keys.worker(worker.id))
        assert found is not None
        assert measured.etcd.process is not None
        own = WorkerInfo.model_validate_json(found.value)
        report.figures["bytes of a heartbeat"] = len(found.key) + len(found.value)
        pids = {"etcd": measured.etcd.process.pid, **worker.pids()}
        for rate, watches in ((0, 0), (HEARTBEATS, 0), (HEARTBEATS, WATCHES)):
            mirrors = [Mirror(client, [keys.WORKERS]) for _ in range(watches)]
            for mirror in mirrors:
                mirror.start()
            clock, sent = CpuClock(pids), 0
            for tick in ticks(seconds, 1 / TICKS, f"{rate} heartbeats/s, {watches} more watches"):
                for number in range(rate // TICKS):
                    beat = own.model_copy(update={"id": f"other-{number}", "heartbeat": tick})
                    client.put(keys.worker(beat.id), beat.to_json())
                    sent += 1
            used = clock.seconds()
            share = {name: 100 * each / clock.elapsed for name, each in used.items()}
            for mirror in mirrors:
                mirror.stop()
            etcd = share.pop("etcd")
            table.add(sent / clock.elapsed, 1 + watches, etcd, sum(share.values()))


def _rows(report: Report, rows: int) -> None:
    with running_etcd() as (directory, _):
        path = directory / "rows.db"
        with closing(open_store(f"sqlite:///{path}", 60)) as store:
            store.prepare()
            store_runs(store, max(1, rows // ROWS_A_JOB), rows)
            made = sum(1 for _ in store.ledger_rows(None, 0, now_ms()))
        size = sum(file.stat().st_size for file in Path(directory).glob("rows.db*"))
    report.check("the rows are there", made >= rows)
    report.figures["bytes a row in SQLite, indexes and 149 bytes of output included"] = size / max(1, made)
    documents = [len(bson.encode(of_run(stored_run(n)))) for n in range(100)]
    report.figures["bytes a document for MongoDB, before it compresses them"] = percentile(documents, 0.5)


def _master(jobs: int) -> float:
    """Proportional memory in MB, once it has answered and come to rest."""
    with running_etcd() as (directory, etcd):
        put_jobs(etcd.client(10), jobs)
        settings = {"etcd_endpoints": [etcd.endpoint], "store_url": f"sqlite:///{directory / 'runs.db'}"}
        master = MasterProcess(directory / "master", settings)
        try:
            master.start()
            with closing(master.client()) as client:
                wait_until(lambda: client.get("/jobs?limit=50").status_code == 200, 60, "the list")
            pass_time(REST_SECONDS, f"{jobs:,} jobs at rest")
            return sum(pss_kb(pid) for pid in (master.pid, *children_of(master.pid))) / 1024
        finally:
            master.kill()
