"""Mirrors through outages: whatever happened, the copy equals etcd again, and its listener knows why."""

import time

import pytest

from app.common.errors import EtcdUnavailable
from app.common.etcd import mirror as mirror_module
from app.common.etcd import txn
from tests.harness.poll import free_port, wait_until
from tests.harness.proxy import DOWN, UP
from tests.integration.etcd.conftest import content

SILENCE = 0.8  # seconds


@pytest.fixture(autouse=True)
def _impatient(monkeypatch):
    monkeypatch.setattr(mirror_module, "SILENCE_SECONDS", SILENCE)
    monkeypatch.setattr(mirror_module, "PROGRESS_SECONDS", 0.3)


def equals_etcd(mirror, client):
    held = content(client, *mirror._prefixes)
    return mirror.items == mirror.listener.copy == held


def wait_equal(mirror, client, timeout=10):
    wait_until(lambda: equals_etcd(mirror, client), timeout, "a copy equal to etcd")


def put_until_done(client, key, value):
    def done():
        try:
            return client.put(key, value)
        except EtcdUnavailable:
            return 0

    return wait_until(done, what="a write")


# etcd is gone, or silent


def test_a_killed_and_restarted_etcd_is_followed_again(etcd, clients, mirrors, prefix):
    client = clients(etcd.endpoint, timeout=1)
    client.put(prefix + "gone", b"1")
    mirror = mirrors(client, prefix)
    etcd.kill()
    wait_until(lambda: mirror.age > 0.5)
    assert set(mirror.items) == {prefix + "gone"}  # an old copy is better than none
    etcd.start()
    put_until_done(client, prefix + "new", b"2")
    client.delete(prefix + "gone")
    wait_equal(mirror, client)
    assert set(mirror.items) == {prefix + "new"}
    assert mirror.listener.causes[0] == "start"
    assert set(mirror.listener.causes[1:]) == {"error"}


def test_a_paused_etcd_raises_nothing_and_is_found_by_its_silence(etcd, clients, mirrors, prefix):
    client = clients(etcd.endpoint, timeout=1)
    mirror = mirrors(client, prefix)
    etcd.pause()
    wait_until(lambda: mirror.age > SILENCE + 0.5)
    etcd.resume()
    put_until_done(client, prefix + "x", b"1")
    wait_equal(mirror, client)
    assert mirror.listener.causes[0] == "start"
    assert len(mirror.listener.causes) > 1


def test_a_pause_shorter_than_the_patience_rebuilds_nothing(etcd, clients, mirrors, prefix):
    client = clients(etcd.endpoint, timeout=3)
    mirror = mirrors(client, prefix)
    etcd.pause()
    wait_until(lambda: mirror.age > SILENCE / 2)
    etcd.resume()
    assert mirror.wait_for(client.put(prefix + "x", b"1"), 5)
    assert mirror.listener.causes == ["start"]


def test_an_etcd_that_comes_after_the_mirror_is_found(etcd, clients, mirrors, prefix):
    etcd.kill()
    client = clients(etcd.endpoint, timeout=1)
    mirror = mirrors(client, prefix, wait=False)
    assert not mirror.wait_for(0, 1)
    etcd.start()
    assert mirror.wait_for(0, 10)
    assert mirror.listener.causes == ["error"]


def test_an_etcd_that_was_emptied_is_followed_from_its_new_beginning(etcd, clients, mirrors, prefix):
    """Its revisions begin again: a watch from where the mirror was would wait for ever."""
    client = clients(etcd.endpoint, timeout=1)
    for i in range(50):
        client.put(f"{prefix}{i}", b"old")
    mirror = mirrors(client, prefix)
    etcd.kill()
    (etcd.directory / "data").rename(etcd.directory / "old")
    etcd.start()
    put_until_done(client, prefix + "x", b"1")
    wait_equal(mirror, client)
    assert mirror.wait_for(client.put(prefix + "y", b"2"), 5)
    wait_equal(mirror, client, 1)


# The network


def test_a_cut_connection_is_made_again(proxy, etcd, clients, mirrors, prefix):
    direct, client = clients(etcd.endpoint), clients(proxy.endpoint, timeout=1)
    mirror = mirrors(client, prefix)
    for i in range(3):
        proxy.reset()
        direct.put(f"{prefix}{i}", b"")
        wait_equal(mirror, direct)
    assert set(mirror.listener.causes) == {"start", "error"}


@pytest.mark.parametrize("directions", [(UP,), (DOWN,), (UP, DOWN)])
def test_a_black_hole_is_found_by_the_silence(proxy, etcd, clients, mirrors, directions, prefix):
    direct, client = clients(etcd.endpoint), clients(proxy.endpoint, timeout=1)
    mirror = mirrors(client, prefix)
    proxy.drop(*directions)
    direct.put(prefix + "x", b"1")
    wait_until(lambda: mirror.age > SILENCE + 0.5)
    assert not mirror.items
    proxy.heal()
    wait_equal(mirror, direct)


def test_a_slow_network_rebuilds_nothing(proxy, etcd, clients, mirrors, prefix):
    direct, client = clients(etcd.endpoint), clients(proxy.endpoint, timeout=3)
    mirror = mirrors(client, prefix)
    proxy.delay[UP] = proxy.delay[DOWN] = 0.2
    for i in range(10):
        direct.put(f"{prefix}{i}", b"")
    assert mirror.wait_for(direct.put(prefix + "last", b""), 10)
    assert equals_etcd(mirror, direct)
    assert mirror.listener.causes == ["start"]


def test_history_compacted_while_disconnected_is_replaced_by_a_snapshot(
    proxy, etcd, clients, mirrors, prefix
):
    direct, client = clients(etcd.endpoint), clients(proxy.endpoint, timeout=1)
    direct.put(prefix + "deleted meanwhile", b"1")
    mirror = mirrors(client, prefix)
    proxy.refuse()
    direct.delete(prefix + "deleted meanwhile")
    direct.compact(direct.put(prefix + "x", b"2"))
    proxy.heal()
    wait_equal(mirror, direct)


def test_a_watch_that_begins_in_compacted_history_is_rebuilt_for_that_cause(etcd, clients, mirrors, prefix):
    """The listener of the first snapshot compacts what is behind it before the watch begins."""
    client = clients(etcd.endpoint)
    client.put(prefix + "x", b"1")

    def compact():
        client.put(prefix + "x", b"2")
        client.put(prefix + "x", b"3")
        client.compact(client.put(prefix + "y", b"4"))

    mirror = mirrors(client, prefix, then=compact)
    wait_until(lambda: mirror.listener.causes == ["start", "compacted"], what="the second snapshot")
    wait_equal(mirror, client)


# A watch that lies


def test_what_the_watch_lost_is_healed_by_the_comparison(etcd, clients, mirrors, prefix):
    client = clients(etcd.endpoint)
    for name in ("lost", "stale", "kept"):
        client.put(f"{prefix}{name}", b"1")
    mirror = mirrors(client, prefix, resync_seconds=0.2)
    for damage in (
        lambda: mirror.items.pop(prefix + "lost"),
        lambda: mirror.items.update(
            {prefix + "ghost": mirror.items[prefix + "kept"]._replace(key=prefix + "ghost")}
        ),
        lambda: mirror.items.update(
            {prefix + "stale": mirror.items[prefix + "stale"]._replace(mod_revision=1)}
        ),
    ):
        rebuilds = len(mirror.listener.causes)
        damage()
        assert mirror.items != content(client, prefix)
        wait_equal(mirror, client, 5)
        assert mirror.listener.causes[rebuilds:] == ["difference"]


def test_the_comparison_takes_no_change_on_its_way_for_a_loss(etcd, clients, mirrors, prefix):
    client = clients(etcd.endpoint)
    mirror = mirrors(client, prefix, resync_seconds=0.05)
    comparisons = []
    resync = mirror._resync
    mirror._resync = lambda stream: comparisons.append(1) or resync(stream)
    until = time.monotonic() + 2
    while time.monotonic() < until:
        for i in range(20):
            client.put(f"{prefix}{i}", b"")
        for i in range(20):
            client.delete(f"{prefix}{i}")
    wait_equal(mirror, client)
    assert len(comparisons) >= 5
    assert mirror.listener.causes == ["start"]


def test_a_key_deleted_between_reading_and_comparing_is_no_loss(etcd, clients, mirrors, prefix):
    client = clients(etcd.endpoint)
    client.put(prefix + "x", b"1")
    mirror = mirrors(client, prefix, resync_seconds=0.2)
    read_all, catch_up, deleted = mirror._read_revisions, mirror._catch_up, []

    def read_and_delete():
        items = read_all()
        if not deleted:
            deleted.append(client.txn(success=[txn.delete(prefix + "x")]).revision)
        return items

    mirror._read_revisions = read_and_delete
    mirror._catch_up = lambda stream, revision: catch_up(stream, max(revision, *deleted))
    wait_until(lambda: deleted and not mirror.items, what="the deletion")
    mirror.wait_for(client.put(prefix + "y", b"2"), 5)
    assert mirror.listener.causes == ["start"]


def test_a_comparison_that_etcd_does_not_answer_rebuilds(proxy, etcd, clients, mirrors, prefix):
    direct, client = clients(etcd.endpoint), clients(proxy.endpoint, timeout=0.5)
    mirror = mirrors(client, prefix, resync_seconds=0.3)
    proxy.hold()
    wait_until(lambda: mirror.age > 1)
    proxy.heal()
    direct.put(prefix + "x", b"")
    wait_equal(mirror, direct)


# A listener that fails, or is slow


@pytest.mark.parametrize("fail_at", [{0}, {1}, {0, 1, 2}, {1, 2}])
def test_a_listener_that_raises_is_logged_and_told_everything_again(
    etcd, clients, mirrors, caplog, fail_at, prefix
):
    client = clients(etcd.endpoint)
    client.put(prefix + "x", b"1")
    mirror = mirrors(client, prefix, fail_at=fail_at)  # call 0 is the first snapshot, 1 the first change
    put_until_done(client, prefix + "y", b"2")
    wait_equal(mirror, client)
    assert mirror.wait_for(client.put(prefix + "z", b"3"), 5)
    assert set(mirror.listener.causes) - {"start"} == {"failure"}
    assert "the listener failed" in caplog.text


def test_a_listener_that_always_raises_is_not_called_in_haste(etcd, clients, mirrors, prefix):
    client = clients(etcd.endpoint)
    mirror = mirrors(client, prefix, wait=False, fail_at=range(1000))
    assert not mirror.wait_for(0, 1)
    assert 1 < next(mirror.listener._calls) < 8
    assert mirror._thread.is_alive()


def test_a_slow_listener_is_not_taken_for_a_silent_etcd(etcd, clients, mirrors, prefix, monkeypatch):
    monkeypatch.setattr(mirror_module, "PROGRESS_SECONDS", 0.7)  # so that nothing is on its way afterwards
    client = clients(etcd.endpoint)
    mirror = mirrors(client, prefix)
    told = mirror.listener.on_changes

    def dawdle(events, revision):
        time.sleep(SILENCE + 0.5)
        told(events, revision)

    mirror._on_changes = dawdle
    client.put(prefix + "x", b"1")
    wait_equal(mirror, client)
    wait_until(lambda: mirror.age < SILENCE / 2, what="a sign of life, asked for")
    assert mirror.wait_for(client.put(prefix + "y", b"2"), 10)
    assert mirror.listener.causes == ["start"]


# Stopping


@pytest.mark.parametrize("outage", ["paused", "gone"])
def test_it_ends_in_time_during_an_outage(etcd, clients, mirrors, outage, prefix):
    client = clients(etcd.endpoint, timeout=1)
    mirror = mirrors(client, prefix)
    if outage == "paused":
        etcd.pause()
    else:
        etcd.kill()
    wait_until(lambda: mirror.age > SILENCE + 0.5)
    began = time.monotonic()
    mirror.stop()
    assert time.monotonic() - began < 2.5
    assert not mirror._thread.is_alive()


def test_a_mirror_of_nothing_that_answers_ends_too(clients, mirrors, prefix):
    mirror = mirrors(clients(f"http://127.0.0.1:{free_port()}", timeout=1), prefix, wait=False)
    assert not mirror.wait_for(0, 0.3)
    mirror.stop()
    assert not mirror._thread.is_alive()


def test_a_closed_client_ends_no_thread_with_a_traceback(etcd, clients, mirrors, caplog, prefix):
    client = clients(etcd.endpoint)
    mirror = mirrors(client, prefix)
    client.close()
    wait_until(lambda: len(mirror.listener.causes) > 1, what="a rebuild")
    assert "Traceback" not in caplog.text
