"""Fixtures of all tests: real services, fresh for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.harness.services import Etcd, Mongo


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
