"""A real run of the system for Prometheus to look at: etcd, two workers, a master, a console, a log store."""

import secrets
from pathlib import Path

from tests.harness.cluster import Cluster, WorkerProcess
from tests.harness.master import MasterProcess
from tests.harness.poll import free_port, wait_until
from tests.harness.services import Etcd, Mongo
from tests.observability.services import Console, Prometheus

EVERY_SECOND = "* * * * * * *"
QUOTA_BYTES = 32 * 1024**2
SPOOL_BYTES = 1024**2  # the least that a worker takes

FILLED_IN = {
    "instance": "w1",
    "job_name": "ok",
    "__interval": "20s",
    "__rate_interval": "20s",
    "__range": "1m",
}
"""The variables of the dashboards."""


class Fleet:
    """`start` returns when Prometheus has seen all of it and nothing is wrong."""

    def __init__(self, directory: Path) -> None:
        token = secrets.token_urlsafe(24)
        self.etcd = Etcd(directory / "etcd", f"--quota-backend-bytes={QUOTA_BYTES}")
        self.mongo = Mongo(directory / "mongo")
        self.etcd.start()
        self.mongo.start()
        self.cluster = Cluster(
            directory / "cluster",
            self.etcd,
            self.mongo.url,
            heartbeat_seconds=1,
            executors=1,
            spool_max_bytes=SPOOL_BYTES,
            store_timeout_seconds=2,
        )
        self.master = MasterProcess(directory / "master", {**self.cluster.settings, "metrics_token": token})
        self.console = Console(directory / "console", self.master.url)
        self.prometheus = Prometheus(directory / "prometheus", token)

    def start(self) -> None:
        places = {
            ("yuanya-master", "m1"): f"127.0.0.1:{self.master.port}",
            ("yuanya-console", "c1"): f"https://127.0.0.1:{self.console.port}/healthz",
            ("etcd", "e1"): f"127.0.0.1:{self.etcd.port}",
            # Any server with TLS: the member here has none.
            ("etcd-tls", "e1"): f"127.0.0.1:{self.console.port}",
        }
        for worker in ("w1", "w2"):
            port = free_port()
            self.cluster.add_worker(worker, metrics_port=port).start()
            places["yuanya-worker", worker] = f"127.0.0.1:{port}"
        self.master.start()
        self.console.start()
        self.cluster.wait_ready("w1", "w2")
        self.cluster.put_job(
            name="ok", command="true", cronExpr=EVERY_SECOND, metrics=True, successWithinSeconds=3600
        )
        self.prometheus.configure(self.console, places)
        self.prometheus.start()
        self.wait_quiet()

    def wait_quiet(self) -> None:
        """Until Prometheus has seen everything, and no alert fires."""
        wait_until(lambda: len(self.prometheus.query("up")) == 7, what="all scrapes")
        wait_until(lambda: not self.prometheus.query("up == 0"), what="answers from all")
        wait_until(lambda: not self.prometheus.firing(), what="a time without alerts")

    def use_certificate(self, days: int) -> None:
        """A new one for the console; Prometheus trusts it."""
        self.console.kill()
        self.console.renew(days)
        self.prometheus.blackbox.kill()
        self.prometheus.trust(self.console)
        self.console.start()
        self.prometheus.blackbox.start()

    @property
    def workers(self) -> list[WorkerProcess]:
        """Those that run."""
        return [worker for worker in self.cluster.workers.values() if worker.process]

    def close(self) -> None:
        self.prometheus.stop()
        self.console.stop()
        self.master.stop()
        self.cluster.close()
        self.mongo.stop()
        self.etcd.stop()
