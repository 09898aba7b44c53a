"""Several endpoints: the loss of the one in use costs a read nothing, and a write one failure."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from app.common.errors import EtcdUnavailable
from app.common.etcd import mirror as mirror_module
from tests.harness.poll import free_port, wait_until
from tests.harness.services import Etcd
from tests.integration.etcd.conftest import content

TIMEOUT = 1.0  # seconds


@pytest.fixture
def members(tmp_path):
    """A cluster of three, started."""
    peers = {f"m{i}": f"http://127.0.0.1:{free_port()}" for i in range(3)}
    made = [
        Etcd(
            tmp_path / name,
            f"--name={name}",
            f"--listen-peer-urls={url}",
            f"--initial-advertise-peer-urls={url}",
            "--initial-cluster=" + ",".join(f"{n}={u}" for n, u in peers.items()),
        )
        for name, url in peers.items()
    ]
    together(Etcd.start, made)
    yield made
    for member in made:
        member.stop()


def together(do, members):
    with ThreadPoolExecutor(len(members)) as pool:
        list(pool.map(do, members))


def attempts(call):
    """As a caller does for whom repeating is harmless: how many attempts failed before one did not."""
    for failed in range(30):
        try:
            call()
        except EtcdUnavailable:
            time.sleep(0.1)
        else:
            return failed
    raise AssertionError("30 attempts failed")


def test_a_read_goes_on_to_the_next_endpoint_and_stays_there(shared_etcd, clients, prefix):
    dead = f"http://127.0.0.1:{free_port()}"
    client = clients(dead, dead, shared_etcd.endpoint)
    assert client.get(prefix + "x") is None
    client.put(prefix + "x", b"1")


def test_a_write_fails_once_and_is_not_repeated_behind_the_callers_back(shared_etcd, clients, prefix):
    client = clients(f"http://127.0.0.1:{free_port()}", shared_etcd.endpoint)
    with pytest.raises(EtcdUnavailable):
        client.put(prefix + "x", b"1")
    assert client.get(prefix + "x") is None
    client.put(prefix + "x", b"2")


def test_a_keepalive_moves_on_too(shared_etcd, clients):
    client = clients(f"http://127.0.0.1:{free_port()}", shared_etcd.endpoint)
    lease = clients(shared_etcd.endpoint).grant(60)
    with pytest.raises(EtcdUnavailable):
        client.keepalive(lease)
    assert client.keepalive(lease) > 50


def test_many_threads_that_see_one_failure_move_on_once(shared_etcd, clients, prefix):
    client = clients(f"http://127.0.0.1:{free_port()}", shared_etcd.endpoint)
    with ThreadPoolExecutor(20) as pool:
        assert list(pool.map(client.get, [prefix + "x"] * 20)) == [None] * 20
    client.put(prefix + "x", b"")


def test_where_no_endpoint_answers_a_read_says_so_at_once(clients):
    client = clients(*(f"http://127.0.0.1:{free_port()}" for _ in range(3)), timeout=10)
    began = time.monotonic()
    with pytest.raises(EtcdUnavailable, match="refused"):
        client.get("/x")
    assert time.monotonic() - began < 1


def test_a_member_may_die_or_hang_and_everything_goes_on(members, clients, mirrors, sessions, monkeypatch):
    monkeypatch.setattr(mirror_module, "SILENCE_SECONDS", 3)
    client = clients(*(m.endpoint for m in members), timeout=TIMEOUT)
    session = sessions(client, 10)
    lease = session.lease
    mirror = mirrors(client, "/a/")
    client.put("/a/before", b"1", lease)

    members[0].kill()  # every client begins with the first; if it led, the others elect for a second or two
    began = time.monotonic()
    attempts(lambda: client.put("/a/after a death", b"2"))
    assert client.get("/a/before").value == b"1"
    assert time.monotonic() - began < 5
    wait_until(lambda: "/a/after a death" in mirror.items, what="the mirror to follow another member")
    members[0].start()

    in_use = members[client._current]
    in_use.pause()
    began = time.monotonic()
    attempts(lambda: client.get("/a/before"))
    attempts(lambda: client.put("/a/after a pause", b"3"))
    assert time.monotonic() - began < 5 + 2 * TIMEOUT
    wait_until(lambda: "/a/after a pause" in mirror.items, what="the mirror to leave a silent member")
    in_use.resume()

    assert (session.lease, session.holder.lost) == (lease, 0)
    assert mirror.items == content(client, "/a/")


def test_without_a_quorum_nothing_answers_and_with_it_the_same_client_does(members, clients, mirrors):
    client = clients(*(m.endpoint for m in members), timeout=TIMEOUT)
    mirror = mirrors(client, "/a/")
    client.put("/a/x", b"1")
    for member in members[:2]:
        member.kill()
    began = time.monotonic()
    with pytest.raises(EtcdUnavailable):
        client.get("/a/x")
    assert time.monotonic() - began < 3 * TIMEOUT + 1
    with pytest.raises(EtcdUnavailable):
        client.put("/a/x", b"2")
    together(Etcd.start, members[:2])
    attempts(lambda: client.put("/a/x", b"3"))
    wait_until(lambda: mirror.items.get("/a/x") and mirror.items["/a/x"].value == b"3")
