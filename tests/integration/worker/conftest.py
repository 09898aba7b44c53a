"""One etcd member for all tests of the worker's parts, emptied before each."""

from collections.abc import Iterator

import pytest

from app.common import keys
from app.common.etcd import EtcdClient, txn
from tests.harness.services import Etcd


@pytest.fixture(scope="package")
def shared_etcd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Etcd]:
    member = Etcd(tmp_path_factory.mktemp("etcd"))
    member.start()
    yield member
    member.stop()


@pytest.fixture(scope="package")
def shared_client(shared_etcd: Etcd) -> EtcdClient:
    return shared_etcd.client()


@pytest.fixture
def client(shared_client: EtcdClient) -> EtcdClient:
    shared_client.txn(success=[txn.delete_prefix(keys.ROOT)])
    return shared_client
