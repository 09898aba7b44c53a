"""One etcd for all tests, each with keys of its own, and helpers that watch mirrors and sessions."""

import itertools
import threading
import time
import uuid
from dataclasses import dataclass, field

import pytest

from app.common.etcd import EtcdClient, Mirror, Session
from tests.harness.poll import wait_until
from tests.harness.proxy import Proxy
from tests.harness.services import Etcd


@pytest.fixture(scope="session")
def shared_etcd(tmp_path_factory):
    member = Etcd(tmp_path_factory.mktemp("shared") / "etcd")
    member.start()
    yield member
    member.stop()


@pytest.fixture
def client(shared_etcd):
    client = EtcdClient([shared_etcd.endpoint], timeout=3)
    yield client
    client.close()


@pytest.fixture
def prefix():
    """A part of the key space that no other test uses."""
    return f"/test/{uuid.uuid4().hex}/"


@pytest.fixture
def clients():
    """clients("http://...", timeout=1) makes a client that ends with the test."""
    made = []

    def make(*endpoints, timeout=3.0, **options):
        made.append(EtcdClient(endpoints, timeout=timeout, **options))
        return made[-1]

    yield make
    for client in made:
        client.close()


@pytest.fixture
def etcd(shared_etcd):
    """The shared one, for tests that pause, kill or restart it; it is well again for the next."""
    yield shared_etcd
    if shared_etcd.process is None:
        shared_etcd.start()
    else:
        shared_etcd.resume()


@pytest.fixture
def proxy(etcd):
    between = Proxy(etcd.port)
    yield between
    between.close()


@dataclass
class Listener:
    """What a mirror told, in order: dicts for snapshots, Events for changes. Fails where told to; calls
    `then` after the first snapshot.
    """

    told: list = field(default_factory=list)
    causes: list = field(default_factory=list)
    fail_at: set = field(default_factory=set)  # calls by number, from 0
    then: object = None
    copy: dict = field(default_factory=dict)  # what a listener makes of it
    _calls: itertools.count = field(default_factory=itertools.count)

    def on_snapshot(self, items, revision, cause):
        self._maybe_fail()
        self.causes.append(cause)
        self.told.append(dict(items))
        self.copy = dict(items)
        if self.then:
            then, self.then = self.then, None
            then()

    def on_changes(self, events, revision):
        self._maybe_fail()
        self.told.extend(events)
        for event in events:
            if event.deleted:
                self.copy.pop(event.kv.key)
            else:
                self.copy[event.kv.key] = event.kv

    def _maybe_fail(self):
        if next(self._calls) in self.fail_at:
            raise RuntimeError("the listener failed")


@pytest.fixture
def mirrors():
    """mirrors(client, prefix, ...) starts a mirror and waits for its first copy; it has a `.listener`."""
    made = []

    def make(client, *prefixes, wait=True, fail_at=(), then=None, **options):
        listener = Listener(fail_at=set(fail_at), then=then)
        mirror = Mirror(
            client, prefixes, on_snapshot=listener.on_snapshot, on_changes=listener.on_changes, **options
        )
        mirror.listener = listener
        made.append(mirror)
        mirror.start()
        if wait:
            assert mirror.wait_for(0, 10)
        return mirror

    yield make
    for mirror in made:
        mirror.stop()
    no_thread_left("mirror", "watch")


@dataclass
class Holder:
    """What a session told. `opening` is called with each new lease, and may fail."""

    opening: object = lambda lease: None
    opened: list = field(default_factory=list)
    renewed: list = field(default_factory=list)  # (lease, valid until, now)
    lost: int = 0

    def on_opened(self, lease):
        self.opened.append(lease)
        self.opening(lease)

    def on_renewed(self, lease, valid_until):
        self.renewed.append((lease, valid_until, time.monotonic()))

    def on_lost(self):
        self.lost += 1


@pytest.fixture
def sessions():
    """sessions(client, ttl) starts a session and waits for its lease; it has a `.holder`."""
    made = []

    def make(client, ttl, wait=True, opening=lambda lease: None):
        holder = Holder(opening)
        session = Session(
            client, ttl, on_opened=holder.on_opened, on_renewed=holder.on_renewed, on_lost=holder.on_lost
        )
        session.holder = holder
        made.append(session)
        session.start()
        if wait:
            wait_until(lambda: session.lease, what="a lease")
        return session

    yield make
    for session in made:
        session.stop()
    no_thread_left("session")


def no_thread_left(*names):
    wait_until(
        lambda: not [t for t in threading.enumerate() if t.name in names],
        what=f"the end of {' and '.join(names)}",
    )


def content(client, *prefixes):
    """What etcd holds: a mirror's `items` must equal it."""
    return {kv.key: kv for prefix in prefixes for kv in client.scan(prefix).items}
