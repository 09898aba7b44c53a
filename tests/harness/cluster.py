"""Workers as real processes around a real etcd and a real log store."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from app.common import keys
from app.common.etcd import EtcdClient, txn
from app.common.logstore import LogStore, open_store
from app.common.models import Job, WorkerInfo, WorkerState
from tests.harness.poll import wait_until
from tests.harness.services import Etcd


class WorkerProcess:
    """`yuanya worker` with an id of its own. All of its processes are in one session."""

    def __init__(self, directory: Path, worker_id: str, settings: Mapping[str, Any]) -> None:
        self.id = worker_id
        self.directory = directory
        self._environment = {
            "YUANYA_WORKER_ID": worker_id,
            "YUANYA_DATA_DIR": str(directory / worker_id),
            "YUANYA_METRICS_PORT": "0",
            "YUANYA_STOP_TIMEOUT_SECONDS": "5",
            **{f"YUANYA_{name.upper()}": environment_text(value) for name, value in settings.items()},
        }
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        assert self.process is not None
        return self.process.pid

    @property
    def log(self) -> str:
        return (self.directory / f"{self.id}.log").read_text()

    def start(self, prefix: tuple[str, ...] = (), **environment: str) -> None:
        """Does not wait: see Cluster.wait_ready. `prefix`: a program to start it with, such as faketime."""
        with (self.directory / f"{self.id}.log").open("ab") as log:
            self.process = subprocess.Popen(
                [*prefix, sys.executable, "-m", "app.cli.main", "worker"],
                env={**os.environ, **self._environment, **environment},
                cwd=self.directory,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def pids(self) -> dict[str, int]:
        """The processes of the worker by what they do; the main process is `main`."""
        found = {"main": self.pid}
        for child in children_of(self.pid):
            # spawn's children are alike but for the pipe they get; their open sockets tell them apart
            name = _process_name(child)
            if name:
                found[name] = child
        return found

    def signal_all(self, number: int) -> None:
        """Signal every process of the worker (not the commands, which lead sessions of their own)."""
        os.killpg(self.pid, number)

    def kill(self) -> None:
        """SIGKILL to all processes of the worker at once: nothing can be tidied up."""
        if self.process:
            self.signal_all(signal.SIGKILL)
            self.process.wait()
            self.process = None

    def stop(self, timeout: float = 30) -> int:
        """SIGTERM, and wait for its orderly end."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(timeout)
        self.process = None
        return code


class Cluster:
    """etcd, a log store and some workers; jobs are written as a master would."""

    def __init__(self, directory: Path, etcd: Etcd, store_url: str | None = None, **settings: Any) -> None:
        self.directory = directory
        directory.mkdir(parents=True, exist_ok=True)
        self.etcd = etcd
        self.client: EtcdClient = etcd.client()
        self.store_url = store_url or f"sqlite:///{directory / 'runs.db'}"
        self.settings: dict[str, Any] = {
            "etcd_endpoints": [etcd.endpoint],
            "store_url": self.store_url,
            **settings,
        }
        self.workers: dict[str, WorkerProcess] = {}
        self._store: LogStore | None = None

    @property
    def store(self) -> LogStore:
        if self._store is None:
            self._store = open_store(self.store_url, 5)
            self._store.prepare()
        return self._store

    def add_worker(self, worker_id: str, **settings: Any) -> WorkerProcess:
        worker = WorkerProcess(self.directory, worker_id, {**self.settings, **settings})
        self.workers[worker_id] = worker
        return worker

    def start(self, *worker_ids: str, timeout: float = 30, **settings: Any) -> None:
        """Start workers and wait until each may claim."""
        for worker_id in worker_ids:
            self.add_worker(worker_id, **settings).start()
        self.wait_ready(*worker_ids, timeout=timeout)

    def wait_ready(self, *worker_ids: str, timeout: float = 30) -> None:
        def ready() -> bool:
            infos = self.registrations()
            return all(w in infos and infos[w].state is WorkerState.ACTIVE for w in worker_ids)

        wait_until(ready, timeout, f"readiness of {', '.join(worker_ids)}")

    def registrations(self) -> dict[str, WorkerInfo]:
        return {
            keys.last_part(kv.key): WorkerInfo.model_validate_json(kv.value)
            for kv in self.client.scan(keys.WORKERS).items
        }

    def put_job(self, **fields: Any) -> Job:
        """Create or change a job as a master does: a new schedule moves the cursor to now."""
        job = Job.model_validate(fields)
        key, fired = keys.job(job.name), keys.fired(job.name)
        while True:
            (known, found), _ = self.client.get_many([key, fired])
            now = int(time.time() * 1000)
            cursor = max(job.schedule("UTC").previous(now + 1) or now, int(found.value) if found else 0)
            write = [txn.put(key, job.to_json())]
            if known is None or not job.same_schedule(Job.model_validate_json(known.value)):
                write.append(txn.put(fired, keys.cursor(cursor)))
            if self.client.txn(
                [txn.mod_revision_is(fired, found.mod_revision if found else 0)], write
            ).succeeded:
                break
        return job

    def open_records(self) -> list[str]:
        return [kv.key for kv in self.client.scan(keys.RUNNING, keys_only=True).items]

    def wait_settled(self, timeout: float = 30) -> None:
        """Until every claim has become a stored row."""
        wait_until(lambda: not self.open_records(), timeout, "the end of all open records")

    def close(self) -> None:
        for worker in self.workers.values():
            worker.kill()
        if self._store:
            self._store.close()


def environment_text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def children_of(pid: int) -> list[int]:
    path = Path(f"/proc/{pid}/task/{pid}/children")
    return [int(child) for child in path.read_text().split()] if path.exists() else []


def _process_name(pid: int) -> str | None:
    try:
        name = Path(f"/proc/{pid}/comm").read_text().strip()
    except FileNotFoundError:
        return None
    return name.removeprefix("yc-") if name.startswith("yc-") else None
