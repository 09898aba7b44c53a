"""Masters as real processes."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx

from tests.harness.cluster import environment_text
from tests.harness.poll import free_port, wait_until

ADMIN_PASSWORD = "correct-horse-battery-9"


class MasterProcess:
    """`yuanya master` on a free port, with an account `admin`."""

    def __init__(self, directory: Path, settings: Mapping[str, Any]) -> None:
        self.directory = directory
        directory.mkdir(parents=True, exist_ok=True)
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._environment = {
            "YUANYA_PORT": str(self.port),
            "YUANYA_ADMIN_PASSWORD": ADMIN_PASSWORD,
            "YUANYA_COOKIE_SECURE": "false",
            **{f"YUANYA_{name.upper()}": environment_text(value) for name, value in settings.items()},
        }
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        assert self.process is not None
        return self.process.pid

    def launch(self) -> None:
        """Does not wait until it is ready."""
        with (self.directory / "master.log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "app.cli.main", "master"],
                env={**os.environ, **self._environment},
                cwd=self.directory,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def start(self) -> None:
        self.launch()
        wait_until(self.is_ready, what="the start of the master")

    def client(self, username: str = "admin", password: str = ADMIN_PASSWORD) -> httpx.Client:
        """A signed-in client."""
        client = httpx.Client(base_url=f"{self.url}/api/v1", timeout=60)
        answer = client.post("/session", json={"username": username, "password": password})
        answer.raise_for_status()
        client.headers["X-CSRF-Token"] = answer.json()["csrfToken"]
        return client

    def kill(self) -> None:
        if self.process:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
            self.process = None

    stop = kill

    def is_ready(self) -> bool:
        """The account `admin` is there: it is made after the first answers."""
        try:
            return httpx.get(f"{self.url}/readyz", timeout=5, verify=False).status_code == 200
        except httpx.HTTPError:
            return False
