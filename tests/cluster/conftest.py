"""A cluster around a fresh etcd and SQLite; leases are short so that losses show soon."""

import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.harness.cluster import Cluster
from tests.harness.oracle import Oracle
from tests.harness.services import Etcd


@pytest.fixture
def cluster(etcd: Etcd, tmp_path: Path) -> Iterator[Cluster]:
    made = Cluster(tmp_path / "cluster", etcd, lease_ttl_seconds=6, heartbeat_seconds=1, executors=1)
    yield made
    made.close()


@pytest.fixture
def marker() -> str:
    """A duration for `sleep` that no other test uses, so that its processes can be told apart."""
    return f"4321.{secrets.randbelow(10**9):09d}"


@pytest.fixture
def oracle(tmp_path: Path) -> Oracle:
    return Oracle(tmp_path / "oracle")
