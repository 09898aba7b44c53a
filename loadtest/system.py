"""The system that is measured: a real etcd, workers as real processes, and jobs written in bulk."""

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from app.common import keys
from app.common.etcd import EtcdClient, txn
from app.common.models import Job
from tests.harness.cluster import Cluster
from tests.harness.oracle import Oracle, Verdict, judge
from tests.harness.services import Etcd

JOBS_A_TRANSACTION = 60
# What the rollout sets: history of about 100,000 revisions, and room enough for it.
ETCD_FLAGS = (
    "--auto-compaction-mode=revision",
    "--auto-compaction-retention=100000",
    f"--quota-backend-bytes={4 * 1024**3}",
)


@dataclass
class System:
    directory: Path
    etcd: Etcd
    cluster: Cluster
    oracle: Oracle

    def put_jobs(self, jobs: Iterable[dict[str, Any]], cursor: int | None = None) -> list[Job]:
        """Create jobs as a master does, many a transaction; they count from `cursor` (epoch ms), else now."""
        made = [Job.model_validate(fields) for fields in jobs]
        counts_from = keys.cursor(int(time.time() * 1000) if cursor is None else cursor)
        put_all(
            self.cluster.client,
            [
                each
                for job in made
                for each in (
                    txn.put(keys.job(job.name), job.to_json()),
                    txn.put(keys.fired(job.name), counts_from),
                )
            ],
        )
        return made

    def delete_jobs(self, jobs: Iterable[Job]) -> None:
        put_all(self.cluster.client, [txn.delete(keys.job(job.name)) for job in jobs])

    def judge_when_settled(self, jobs: list[Job], since: int, until: int, timeout: float = 60) -> Verdict:
        """The verdict on these fires, once each has its row and no claim is open; at the latest after
        `timeout` seconds."""
        deadline = time.monotonic() + timeout
        while True:
            verdict = judge(jobs, self.oracle, self.cluster.store, since, until)
            if (verdict.clean and not self.cluster.open_records()) or time.monotonic() > deadline:
                return verdict
            time.sleep(0.5)


def put_all(client: EtcdClient, operations: list[Any]) -> None:
    for start in range(0, len(operations), 2 * JOBS_A_TRANSACTION):
        client.txn(success=operations[start : start + 2 * JOBS_A_TRANSACTION])


@contextmanager
def running_etcd() -> Iterator[tuple[Path, Etcd]]:
    """A scratch directory with a running etcd in it."""
    with TemporaryDirectory(prefix="yuanya-load-", ignore_cleanup_errors=True) as name:
        directory = Path(name)
        etcd = Etcd(directory / "etcd", *ETCD_FLAGS)
        etcd.start()
        try:
            yield directory, etcd
        finally:
            etcd.stop()


@contextmanager
def system(workers: int = 1, store_url: str | None = None, **settings: Any) -> Iterator[System]:
    """etcd and workers `w0`, `w1`, ... that are ready to claim, without jobs. `settings` are the workers'."""
    with running_etcd() as (directory, etcd):
        cluster = Cluster(directory / "cluster", etcd, store_url, **settings)
        try:
            cluster.start(*(f"w{i}" for i in range(workers)), timeout=60)
            yield System(directory, etcd, cluster, Oracle(directory / "oracle"))
        finally:
            cluster.close()
