"""Many writers, an etcd that is killed again and again, a bad network: in the end every copy is right."""

import random
import threading
import time

import pytest

from app.common.errors import EtcdUnavailable
from app.common.etcd import mirror as mirror_module
from app.common.etcd import txn
from tests.harness.poll import wait_until
from tests.harness.proxy import DOWN, UP, Proxy
from tests.integration.etcd.conftest import content

WRITERS = 4
KEYS = 30


class Writers:
    """Put and delete at random, alone and several keys at once, until stopped."""

    def __init__(self, client, prefixes):
        self._client = client
        self._keys = [f"{prefix}{i}" for prefix in prefixes for i in range(KEYS)]
        self._stopping = threading.Event()
        self._threads = [threading.Thread(target=self._write, args=(seed,)) for seed in range(WRITERS)]
        self.written = 0
        for thread in self._threads:
            thread.start()

    def _write(self, seed):
        rng = random.Random(seed)
        while not self._stopping.is_set():
            chosen = rng.sample(self._keys, rng.choice([1, 1, 1, 5]))
            operations = [
                txn.delete(key) if rng.random() < 0.4 else txn.put(key, rng.randbytes(8)) for key in chosen
            ]
            try:
                self._client.txn(success=operations)
                self.written += 1
            except EtcdUnavailable:
                time.sleep(0.05)

    def stop(self):
        self._stopping.set()
        for thread in self._threads:
            thread.join()


@pytest.fixture
def prefixes(prefix):
    return prefix + "a/", prefix + "b/"


def wait_right(client, mirror, prefixes):
    def right():
        return mirror.items == mirror.listener.copy == content(client, *prefixes)

    wait_until(right, what="a right copy")


def told_in_order(mirror, prefixes):
    """Whether each change under one prefix is newer than the one before it, and none is told twice."""
    for prefix in prefixes:
        revision, keys = 0, set()
        for told in mirror.listener.told:
            if isinstance(told, dict):
                revision, keys = max((kv.mod_revision for kv in told.values()), default=0), set(told)
            elif told.kv.key.startswith(prefix):
                if told.kv.mod_revision < revision or (
                    told.kv.mod_revision == revision and told.kv.key in keys
                ):
                    return False
                keys = {told.kv.key} | (keys if told.kv.mod_revision == revision else set())
                revision = told.kv.mod_revision
    return True


def test_copies_are_right_after_etcd_was_killed_three_times_under_load(etcd, clients, mirrors, prefixes):
    client = clients(etcd.endpoint, timeout=1)
    mirror = mirrors(client, *prefixes, resync_seconds=1)
    writers = Writers(client, prefixes)
    for kills in range(1, 4):
        enough = writers.written + 100
        wait_until(lambda n=enough: writers.written > n, what="some writes")
        etcd.kill()
        etcd.start()
        assert mirror.wait_for(client.page(prefixes[0]).revision, 10), f"not followed after kill {kills}"
    enough = writers.written + 100
    wait_until(lambda: writers.written > enough, what="some writes")
    writers.stop()
    wait_right(client, mirror, prefixes)
    assert told_in_order(mirror, prefixes)
    assert len(mirror.listener.causes) >= 4
    assert "difference" not in mirror.listener.causes


def test_copies_are_right_after_faults_of_all_kinds_in_the_network(
    etcd, clients, mirrors, prefixes, monkeypatch
):
    monkeypatch.setattr(mirror_module, "SILENCE_SECONDS", 0.6)
    monkeypatch.setattr(mirror_module, "PROGRESS_SECONDS", 0.25)
    proxy, rng = Proxy(etcd.port), random.Random(5)
    client = clients(etcd.endpoint)
    mirror = mirrors(clients(proxy.endpoint, timeout=0.5), *prefixes)
    writers = Writers(client, prefixes)
    until = time.monotonic() + 4
    while time.monotonic() < until:
        fault = rng.choice([proxy.reset, proxy.refuse, proxy.hold, proxy.drop])
        if fault in (proxy.hold, proxy.drop):
            fault(*rng.choice([(UP,), (DOWN,), (UP, DOWN)]))
        else:
            fault()
        time.sleep(rng.random())
        client.compact(client.page(prefixes[0]).revision)
        proxy.heal()
        time.sleep(rng.random() / 2)
    writers.stop()
    wait_right(client, mirror, prefixes)
    assert told_in_order(mirror, prefixes)
    assert len(mirror.listener.causes) > 3
    proxy.close()


def test_a_slow_listener_under_load_gets_everything(etcd, clients, mirrors, prefixes):
    """etcd sends faster than the listener takes: its buffers fill, and nothing is lost or told twice."""
    client = clients(etcd.endpoint)
    mirror = mirrors(client, *prefixes)
    told = mirror.listener.on_changes

    def dawdle(events, revision):
        time.sleep(0.002)
        told(events, revision)

    mirror._on_changes = dawdle
    writers = Writers(client, prefixes)
    time.sleep(0.3)
    writers.stop()
    last = client.put(prefixes[0] + "last", b"")
    assert mirror.wait_for(last, 20)
    wait_right(client, mirror, prefixes)
    assert told_in_order(mirror, prefixes)
    assert mirror.listener.causes == ["start"]
