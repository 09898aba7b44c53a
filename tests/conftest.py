"""Real services for the tests, each on a free port of the loopback address and in a directory of its own."""

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from app.common.errors import CronError
from app.common.etcd import EtcdClient


def wait_until(condition: Callable[[], object], timeout: float = 10, what: str = "the condition") -> object:
    """Poll until `condition` is true and return its value; fails the test otherwise."""
    deadline = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            pytest.fail(f"{what} did not come true within {timeout} s")
        time.sleep(0.02)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def needs(program: str) -> str:
    """The path of a service's program. Missing: skips on a laptop, fails in CI."""
    path = shutil.which(program)
    if path is None:
        if os.environ.get("CI") == "true":
            pytest.fail(f"{program} is missing, and CI must run every test")
        pytest.skip(f"{program} is not installed")
    return path


class Etcd:
    """One etcd member that can be killed, paused and started again on its data."""

    def __init__(self, directory: Path, *flags: str) -> None:
        self.directory = directory
        self.port = free_port()
        self.endpoint = f"http://127.0.0.1:{self.port}"
        self._flags = flags
        self._process: subprocess.Popen[bytes] | None = None
        self._clients: list[EtcdClient] = []

    def start(self) -> None:
        log = (self.directory / "etcd.log").open("ab")
        self._process = subprocess.Popen(
            [
                needs("etcd"),
                f"--data-dir={self.directory / 'data'}",
                f"--listen-client-urls={self.endpoint}",
                f"--advertise-client-urls={self.endpoint}",
                "--listen-peer-urls=http://127.0.0.1:0",
                "--log-level=warn",
                "--logger=zap",
                *self._flags,
            ],
            stdout=log,
            stderr=log,
        )
        log.close()
        probe = EtcdClient([self.endpoint], timeout=1)

        def answers() -> bool:
            try:
                probe.get("probe")
            except CronError:
                return False
            return True

        wait_until(answers, 20, "etcd's start")
        probe.close()

    def client(self, timeout: float = 3) -> EtcdClient:
        client = EtcdClient([self.endpoint], timeout=timeout)
        self._clients.append(client)
        return client

    def signal(self, number: int) -> None:
        assert self._process is not None
        self._process.send_signal(number)

    def kill(self) -> None:
        if self._process is not None:
            self._process.send_signal(signal.SIGCONT)
            self._process.kill()
            self._process.wait()
            self._process = None

    def stop(self) -> None:
        for client in self._clients:
            client.close()
        self.kill()


@pytest.fixture
def etcd(tmp_path: Path) -> Iterator[Etcd]:
    """A fresh etcd for one test."""
    directory = tmp_path / "etcd"
    directory.mkdir()
    member = Etcd(directory)
    member.start()
    yield member
    member.stop()
