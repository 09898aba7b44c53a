"""Fixtures of all tests: real services, fresh for each test."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests.harness.services import Etcd, Mongo

# A busy host is slow, and what is checked for a change must not depend on luck.
settings.register_profile("yuanya", deadline=None, derandomize=os.environ.get("CI") == "true")
settings.load_profile("yuanya")


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
