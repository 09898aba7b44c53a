"""The two commands as their users have them, on one etcd or another."""

import json
import subprocess
from pathlib import Path

import pytest

from tests.harness.embedded import YUANYA, clean_environment
from tests.harness.services import Etcd


class Commands:
    """`yuanya` with the settings of a master of one etcd."""

    def __init__(self, etcd: Etcd, directory: Path, **settings: str) -> None:
        self._directory = directory
        given = {"etcd_endpoints": json.dumps([etcd.endpoint]), **settings}
        self._settings = {f"YUANYA_{name.upper()}": value for name, value in given.items()}

    def __call__(self, *arguments: object, **more) -> subprocess.CompletedProcess:
        return subprocess.run(
            [*YUANYA, *map(str, arguments)],
            env=clean_environment() | self._settings,
            cwd=self._directory,
            capture_output=True,
            timeout=120,
            **more,
        )

    def ok(self, *arguments: object, **more) -> str:
        done = self(*arguments, **more)
        assert done.returncode == 0, done.stdout + done.stderr
        return (done.stdout + done.stderr).decode()

    def refused(self, *arguments: object, **more) -> str:
        done = self(*arguments, **more)
        assert done.returncode == 1, done.stdout + done.stderr
        assert b"Traceback" not in done.stderr
        return done.stderr.decode()


@pytest.fixture
def other_etcd(tmp_path):
    """A second, empty one."""
    member = Etcd(tmp_path / "other-etcd")
    member.start()
    yield member
    member.stop()


@pytest.fixture
def here(etcd, tmp_path):
    return Commands(etcd, tmp_path)


@pytest.fixture
def there(other_etcd, tmp_path):
    return Commands(other_etcd, tmp_path)
