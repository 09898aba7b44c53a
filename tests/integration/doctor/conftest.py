"""`yuanya doctor` as an operator runs it, with the settings of one host."""

import json
import subprocess
from collections.abc import Callable

import pytest

from tests.harness.cluster import environment_text
from tests.harness.embedded import YUANYA, clean_environment
from tests.harness.poll import free_port


class Doctor:
    """`settings` by their names; a value given to a call replaces that of the host."""

    def __init__(self, directory, **settings) -> None:
        self.directory = directory
        self.settings = {
            "store_url": f"sqlite:///{directory / 'runs.db'}",
            "data_dir": str(directory / "worker"),
            "worker_id": "w1",
            "port": str(free_port()),
            "metrics_port": str(free_port()),
            "etcd_timeout_seconds": "5",
            "store_timeout_seconds": "5",
            **settings,
        }

    def run(self, *arguments, prefix=(), **settings) -> subprocess.CompletedProcess:
        given = {**self.settings, **settings}
        variables = {f"YUANYA_{name.upper()}": environment_text(value) for name, value in given.items()}
        return subprocess.run(
            [*prefix, *YUANYA, "doctor", *arguments],
            env=clean_environment() | variables,
            cwd=self.directory,
            capture_output=True,
            text=True,
            timeout=60,
        )

    def __call__(self, *arguments, **more) -> "Findings":
        done = self.run(*arguments, "--json", **more)
        assert done.returncode in (0, 1), done.stderr
        found = Findings(json.loads(done.stdout)["findings"])
        assert done.returncode == bool(found.of("problem")), done.stdout
        return found


class Findings(list):
    def of(self, level: str, subject: str = "") -> list[str]:
        """`found -> advice` of these."""
        return [
            f"{each['found']} -> {each['advice']}"
            for each in self
            if each["level"] == level and each["subject"].startswith(subject)
        ]


@pytest.fixture
def new_doctor(tmp_path) -> Callable[..., Doctor]:
    return lambda **settings: Doctor(tmp_path, **settings)


@pytest.fixture
def doctor(new_doctor, etcd) -> Doctor:
    return new_doctor(etcd_endpoints=[etcd.endpoint])
