"""Every store that there is, empty, behind one fixture."""

import os
import uuid
from pathlib import Path
from urllib.parse import urlsplit

import pymongo
import pytest

from app.common.logstore import open_store
from tests.harness.services import Mongo

TIMEOUT_SECONDS = 10


@pytest.fixture(scope="session")
def mongo_server(tmp_path_factory):
    """The URL of a MongoDB server for all tests: TEST_MONGO_URI, or one started here."""
    if given := os.environ.get("TEST_MONGO_URI"):
        yield given
        return
    server = Mongo(tmp_path_factory.mktemp("mongo"))
    server.start()
    yield server.url
    server.stop()


@pytest.fixture
def mongo_url(mongo_server):
    """A database of its own on that server."""
    name = f"test_{uuid.uuid4().hex}"
    yield urlsplit(mongo_server)._replace(path=f"/{name}").geturl()
    with pymongo.MongoClient(mongo_server) as client:
        client.drop_database(name)


@pytest.fixture
def sqlite_url(tmp_path: Path):
    return f"sqlite:///{tmp_path / 'store' / 'runs.db'}"


@pytest.fixture(params=["sqlite", "mongo"])
def store_url(request):
    return request.getfixturevalue(f"{request.param}_url")


@pytest.fixture
def opened():
    """Opens stores that are closed with the test."""
    stores = []

    def open_and_prepare(url, timeout_seconds=TIMEOUT_SECONDS):
        store = open_store(url, timeout_seconds)
        stores.append(store)
        store.prepare()
        return store

    yield open_and_prepare
    for store in stores:
        store.close()


@pytest.fixture
def store(opened, store_url):
    return opened(store_url)


@pytest.fixture
def sqlite(opened, sqlite_url):
    return opened(sqlite_url)
