"""The mirror of a healthy etcd: a snapshot, then every change, in order, and nothing else."""

import threading
import time

import pytest

from app.common.etcd import client as client_module
from app.common.etcd import mirror as mirror_module
from app.common.etcd import txn
from tests.harness.poll import wait_until
from tests.integration.etcd.conftest import content, no_thread_left


def changed(mirror):
    """What the mirror told as changes: (deleted, name, value)."""
    events = [told for told in mirror.listener.told if not isinstance(told, dict)]
    return [(e.deleted, e.kv.key.rpartition("/")[2], e.kv.value) for e in events]


def test_it_begins_with_what_is_there(client, mirrors, prefix, monkeypatch):
    monkeypatch.setattr(client_module, "PAGE", 3)
    for i in range(10):
        client.put(f"{prefix}{i}", b"1")
    mirror = mirrors(client, prefix)
    assert mirror.listener.causes == ["start"]
    assert mirror.listener.told == [content(client, prefix)]
    assert mirror.items == content(client, prefix)


def test_it_begins_with_nothing_where_nothing_is(client, mirrors, prefix):
    mirror = mirrors(client, prefix)
    assert mirror.listener.told == [{}]
    assert mirror.revision > 0


def test_every_change_is_told_once_and_in_order(client, mirrors, prefix):
    mirror = mirrors(client, prefix)
    client.put(prefix + "a", b"1")
    client.put(prefix + "a", b"2")
    client.put(prefix + "b", b"3")
    client.delete(prefix + "a")
    client.put(prefix + "a", b"4")
    last = client.txn(success=[txn.delete(prefix + "b"), txn.put(prefix + "c", b"5")]).revision
    assert mirror.wait_for(last, 5)
    *one_by_one, last_but_one, last_one = changed(mirror)
    assert one_by_one == [
        (False, "a", b"1"),
        (False, "a", b"2"),
        (False, "b", b"3"),
        (True, "a", b""),
        (False, "a", b"4"),
    ]
    assert {last_but_one, last_one} == {(True, "b", b""), (False, "c", b"5")}
    assert mirror.items == mirror.listener.copy == content(client, prefix)


def test_the_end_of_a_lease_is_a_deletion(client, mirrors, prefix):
    mirror = mirrors(client, prefix)
    lease = client.grant(60)
    client.put(prefix + "x", b"", lease)
    wait_until(lambda: mirror.items.get(prefix + "x"))
    assert mirror.items[prefix + "x"].lease == lease
    client.revoke(lease)
    wait_until(lambda: not mirror.items, what="the end of the key")


def test_several_prefixes_are_one_copy_without_their_neighbours(client, mirrors, prefix):
    client.put(prefix + "jobs/x", b"before")
    mirror = mirrors(client, prefix + "jobs/", prefix + "workers/")
    client.put(prefix + "jobs/y", b"1")
    client.put(prefix + "jobs0", b"a neighbour")
    client.put(prefix + "locks/x", b"a neighbour")
    last = client.put(prefix + "workers/w", b"2")
    assert mirror.wait_for(last, 5)
    assert mirror.items == content(client, prefix + "jobs/", prefix + "workers/")
    assert {name for _, name, _ in changed(mirror)} == {"y", "w"}


def test_nothing_is_lost_between_the_snapshot_and_the_watch(client, mirrors, prefix):
    """The listener of the snapshot writes: its writes are behind the snapshot and before the watch."""

    def write_more():
        for i in range(20):
            client.put(f"{prefix}{i}", b"")

    mirror = mirrors(client, prefix, then=write_more)
    wait_until(lambda: len(mirror.items) == 20, what="the writes")
    assert mirror.listener.causes == ["start"]
    assert len(changed(mirror)) == 20


# In parts


class Parts:
    """What a mirror told in parts, a list a snapshot. The reading of the first fails behind a part."""

    def __init__(self, fail=False):
        self.snapshots, self.causes, self.fail = [], [], fail

    def on_part(self, part, first):
        if first:
            self.snapshots.append([])
        self.snapshots[-1].append(part)
        if self.fail and not first:
            self.fail = False
            raise RuntimeError("the listener failed")

    def on_snapshot(self, items, revision, cause):
        self.causes.append(cause)

    def content(self, number):
        return {kv.key: kv for part in self.snapshots[number] for kv in part}


@pytest.fixture
def in_parts(client, prefix, monkeypatch):
    """in_parts(listener) starts a mirror that tells of 10 keys, at most 3 a part."""
    monkeypatch.setattr(client_module, "PAGE", 3)
    for i in range(10):
        client.put(f"{prefix}{i}", b"%d" % i)
    made = []

    def make(parts):
        mirror = mirror_module.Mirror(client, [prefix], on_snapshot=parts.on_snapshot, on_part=parts.on_part)
        made.append(mirror)
        mirror.start()
        assert mirror.wait_for(0, 10)
        return mirror

    yield make
    for mirror in made:
        mirror.stop()


def test_a_snapshot_in_parts_is_the_whole_and_no_value_is_kept(client, in_parts, prefix):
    parts = Parts()
    mirror = in_parts(parts)
    assert [len(part) for part in parts.snapshots[0]] == [3, 3, 3, 1]
    assert parts.content(0) == content(client, prefix)
    assert mirror.wait_for(client.put(prefix + "new", b"value"), 5)
    assert mirror.items == {key: kv._replace(value=b"") for key, kv in content(client, prefix).items()}
    assert parts.causes == ["start"]


def test_a_snapshot_that_breaks_off_begins_again(client, in_parts, prefix):
    parts = Parts(fail=True)
    in_parts(parts)
    assert [len(told) for told in parts.snapshots] == [2, 4]
    assert parts.content(1) == content(client, prefix)
    assert len(parts.causes) == 1


def test_parts_are_told_again_from_etcd(client, in_parts, prefix):
    parts = Parts()
    mirror = in_parts(parts)
    mirror.wait_for(client.put(prefix + "y", b"2"), 5)
    mirror.replay()
    wait_until(lambda: parts.causes == ["start", "replay"], what="the replay")
    assert parts.content(1) == content(client, prefix)
    assert mirror.wait_for(client.put(prefix + "z", b"3"), 5)


# Waiting for a revision


def test_a_write_is_seen_after_waiting_for_it(client, mirrors, prefix):
    mirror = mirrors(client, prefix)
    for i in range(50):
        assert mirror.wait_for(client.put(prefix + "x", str(i).encode()), 5)
        assert mirror.items[prefix + "x"].value == str(i).encode()


def test_a_revision_that_changed_nothing_here_is_reached_too(client, mirrors, prefix):
    mirror = mirrors(client, prefix + "here/", prefix + "there/")
    for _ in range(3):
        began = time.monotonic()
        assert mirror.wait_for(client.put(prefix + "elsewhere", b""), 5)
        assert time.monotonic() - began < 1
    assert changed(mirror) == []


def test_a_revision_that_does_not_come_is_not_reached(client, mirrors, prefix):
    mirror = mirrors(client, prefix)
    began = time.monotonic()
    assert not mirror.wait_for(client.put(prefix + "x", b"") + 1_000_000, 0.5)
    assert 0.5 <= time.monotonic() - began < 1


def test_a_wait_for_nothing_special_ends_with_the_first_copy(client, mirrors, prefix):
    mirror = mirrors(client, prefix)
    assert mirror.wait_for(0, 0)
    assert mirror.wait_for(1, 0)


@pytest.mark.parametrize(("folders", "writes"), [("a", 200), ("abc", 4)])
def test_many_threads_read_their_own_writes(client, mirrors, prefix, folders, writes):
    mirror = mirrors(client, *(f"{prefix}{folder}/" for folder in folders))
    stale = []

    def write_and_read(worker):
        for i in range(writes):
            key, value = f"{prefix}{folders[i % len(folders)]}/{worker}", str(i).encode()
            if not mirror.wait_for(client.put(key, value), 10) or mirror.items[key].value != value:
                stale.append((key, value))

    threads = [threading.Thread(target=write_and_read, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert stale == []


# The rest


def test_a_listener_that_lost_its_state_is_told_again(client, mirrors, prefix):
    client.put(prefix + "x", b"1")
    mirror = mirrors(client, prefix)
    mirror.wait_for(client.put(prefix + "y", b"2"), 5)
    mirror.listener.copy.clear()
    mirror.replay()
    wait_until(lambda: mirror.listener.causes == ["start", "replay"], what="the replay")
    assert mirror.listener.copy == content(client, prefix)


def test_its_age_stays_small_while_etcd_answers(client, mirrors, prefix, monkeypatch):
    monkeypatch.setattr(mirror_module, "PROGRESS_SECONDS", 0.2)
    mirror = mirrors(client, prefix)
    oldest, until = 0.0, time.monotonic() + 1
    while time.monotonic() < until:
        oldest = max(oldest, mirror.age)
        time.sleep(0.02)
    assert oldest < 0.8
    assert mirror.listener.causes == ["start"]


@pytest.mark.parametrize("count", [1, 20])
def test_it_ends_at_once_and_leaves_no_thread(client, mirrors, prefix, count):
    made = [mirrors(client, prefix) for _ in range(count)]
    began = time.monotonic()
    for mirror in made:
        mirror.stop()
    assert time.monotonic() - began < 1 + count * 0.6
    no_thread_left("mirror", "watch")


def test_one_that_never_began_can_be_stopped(client, prefix):
    mirror_module.Mirror(client, [prefix]).stop()
