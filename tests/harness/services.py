"""Real services, each on a free port of the loopback address and in a directory of its own."""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pymongo
import pytest
from pymongo.errors import PyMongoError

from app.common.errors import CronError
from app.common.etcd import EtcdClient
from tests.harness.poll import free_port, wait_until


def needs(program: str) -> str:
    """The path of a service's program. Missing: skips on a laptop, fails in CI."""
    path = shutil.which(program)
    if path is None:
        if os.environ.get("CI") == "true":
            pytest.fail(f"{program} is missing, and CI must run every test")
        pytest.skip(f"{program} is not installed")
    return path


class Service:
    """A program that can be killed, paused and started again on its data."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.directory.mkdir(parents=True, exist_ok=True)
        self.port = free_port()
        self.process: subprocess.Popen[bytes] | None = None

    def command(self) -> list[str]:
        raise NotImplementedError

    def answers(self) -> bool:
        raise NotImplementedError

    def launch(self) -> None:
        """Does not wait until it answers."""
        with (self.directory / "log").open("ab") as log:
            self.process = subprocess.Popen(self.command(), stdout=log, stderr=log, start_new_session=True)

    def start(self) -> None:
        self.launch()
        wait_until(self._has_started, what=f"the start of {type(self).__name__}")

    def _has_started(self) -> bool:
        assert self.process is not None
        code = self.process.poll()
        assert code is None, (
            f"{type(self).__name__} ended with {code}:\n{(self.directory / 'log').read_text()}"
        )
        return self.answers()

    def signal(self, number: int) -> None:
        """Returns when the signal has taken effect: after SIGSTOP nothing answers any more."""
        assert self.process is not None
        self.process.send_signal(number)
        if number == signal.SIGSTOP:
            wait_until(self._is_stopped, what="the stop of all threads")

    def _is_stopped(self) -> bool:
        assert self.process is not None
        stats = Path(f"/proc/{self.process.pid}/task").glob("*/stat")
        return all(stat.read_text().rpartition(")")[2].split()[0] == "T" for stat in stats)

    def pause(self) -> None:
        """SIGSTOP, and wait until each of its threads stands still."""
        self.signal(signal.SIGSTOP)
        assert self.process is not None
        tasks = Path(f"/proc/{self.process.pid}/task")
        wait_until(lambda: all(_state(task) == "T" for task in tasks.iterdir()), what="the pause")

    def resume(self) -> None:
        self.signal(signal.SIGCONT)

    def kill(self) -> None:
        if self.process is not None:
            os.killpg(self.process.pid, signal.SIGCONT)
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
            self.process = None

    stop = kill


def _state(task: Path) -> str:
    return (task / "stat").read_text().rpartition(")")[2].split()[0]


class Etcd(Service):
    """One etcd member."""

    def __init__(self, directory: Path, *flags: str) -> None:
        super().__init__(directory)
        self.endpoint = f"http://127.0.0.1:{self.port}"
        self._flags = flags
        self._clients: list[EtcdClient] = []

    def command(self) -> list[str]:
        return [
            needs("etcd"),
            f"--data-dir={self.directory / 'data'}",
            f"--listen-client-urls={self.endpoint}",
            f"--advertise-client-urls={self.endpoint}",
            "--listen-peer-urls=http://127.0.0.1:0",
            "--log-level=warn",
            "--logger=zap",
            *self._flags,
        ]

    def answers(self) -> bool:
        probe = EtcdClient([self.endpoint], timeout=1)
        try:
            probe.get("probe")
        except CronError:
            return False
        finally:
            probe.close()
        return True

    def client(self, timeout: float = 3) -> EtcdClient:
        """A client that ends with the service."""
        client = EtcdClient([self.endpoint], timeout=timeout)
        self._clients.append(client)
        return client

    def stop(self) -> None:
        """For good: what it stored, 128 MB at least, goes with it."""
        for client in self._clients:
            client.close()
        self.kill()
        shutil.rmtree(self.directory / "data", ignore_errors=True)


class Mongo(Service):
    """A server that speaks MongoDB's protocol: mongod where there is one, else nx-27017 (over SQLite)."""

    @property
    def url(self) -> str:
        return f"mongodb://127.0.0.1:{self.port}/cron"

    def command(self) -> list[str]:
        mongod = shutil.which("mongod")
        if mongod:
            data = self.directory / "data"
            data.mkdir(exist_ok=True)
            return [mongod, f"--dbpath={data}", f"--port={self.port}", "--bind_ip=127.0.0.1"]
        server = Path(sys.executable).parent / "nx-27017"
        needs(str(server))
        # Its defaults for these files are one place for the whole machine: a second server would not start.
        return [
            str(server),
            f"--port={self.port}",
            f"--data-dir={self.directory / 'data'}",
            f"--pid-file={self.directory / 'pid'}",
            f"--log-file={self.directory / 'log'}",
        ]

    def answers(self) -> bool:
        client: pymongo.MongoClient[dict[str, object]] = pymongo.MongoClient(
            self.url, serverSelectionTimeoutMS=500
        )
        try:
            client.admin.command("ping")
        except PyMongoError:
            return False
        finally:
            client.close()
        return True
