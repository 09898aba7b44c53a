"""Fixtures of all tests: real services, fresh for each test."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests.harness.services import Etcd, Mongo

# A busy host is slow, and what is checked for a change must not depend on luck.
settings.register_profile("yuanya", deadline=None, derandomize=os.environ.get("CI") == "true")
settings.load_profile("yuanya")


@pytest.fixture(scope="session", autouse=True)
def _temporary_files_of_programs() -> Iterator[None]:
    """What programs that tests kill leave in the system's temporary directory goes with the session.

    It is not below pytest's own: the path of a socket has at most 107 bytes.
    """
    with (
        tempfile.TemporaryDirectory(prefix="yuanya-tests-", ignore_cleanup_errors=True) as directory,
        pytest.MonkeyPatch.context() as patch,
    ):
        Path(directory).chmod(0o711)  # programs that give up root find their files in it
        patch.setenv("TMPDIR", directory)
        yield


@pytest.fixture
def etcd(tmp_path: Path) -> Iterator[Etcd]:
    member = Etcd(tmp_path / "etcd")
    member.start()
    yield member
    member.stop()


@pytest.fixture
def mongo(tmp_path: Path) -> Iterator[Mongo]:
    server = Mongo(tmp_path / "mongo")
    server.start()
    yield server
    server.stop()
