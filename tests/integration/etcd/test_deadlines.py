"""An etcd that is silent, gone, restarted or cut off: calls end in time, and the same client goes on."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from app.common.errors import EtcdUnavailable
from app.common.etcd import txn
from tests.harness.poll import free_port, wait_until
from tests.harness.proxy import DOWN, UP

TIMEOUT = 0.5  # seconds
CALLS = {
    "get": lambda client, lease: client.get("/x"),
    "get_many": lambda client, lease: client.get_many(["/x"]),
    "scan": lambda client, lease: client.scan("/"),
    "count": lambda client, lease: client.count("/"),
    "status": lambda client, lease: client.status(),
    "put": lambda client, lease: client.put("/x", b""),
    "delete": lambda client, lease: client.delete("/x"),
    "txn": lambda client, lease: client.txn(success=[txn.put("/x", b"")]),
    "grant": lambda client, lease: client.grant(10),
    "keepalive": lambda client, lease: client.keepalive(lease),
    "revoke": lambda client, lease: client.revoke(lease),
}


def seconds_to_give_up(call):
    began = time.monotonic()
    with pytest.raises(EtcdUnavailable, match="does not answer"):
        call()
    return time.monotonic() - began


def all_give_up(client, lease):
    """How long each of the calls took to fail, made at the same time."""
    with ThreadPoolExecutor(len(CALLS)) as pool:
        made = [pool.submit(seconds_to_give_up, lambda c=call: c(client, lease)) for call in CALLS.values()]
        return dict(zip(CALLS, [call.result() for call in made], strict=True))


def works(client):
    try:
        client.put("/works", b"")
    except EtcdUnavailable:
        return False
    return True


def promptly_read(client):
    began = time.monotonic()
    try:
        client.get("/works")
    except EtcdUnavailable:
        return False
    return time.monotonic() - began < 0.1


def test_every_call_gives_up_on_a_paused_etcd_within_its_deadline(etcd, clients):
    client = clients(etcd.endpoint, timeout=1.5)
    lease = client.grant(60)
    etcd.pause()
    taken = all_give_up(client, lease)
    assert max(taken.values()) < 2.5, taken
    etcd.resume()
    wait_until(lambda: works(client), what="an answer of the etcd that goes on")


def test_every_call_gives_up_at_once_where_nothing_listens(clients):
    client = clients(f"http://127.0.0.1:{free_port()}", timeout=10)
    taken = all_give_up(client, 1)
    assert max(taken.values()) < 1, taken


def test_a_call_may_have_a_deadline_of_its_own(etcd, clients):
    client = clients(etcd.endpoint, timeout=30)
    client.get("/x")
    etcd.pause()
    assert seconds_to_give_up(lambda: client.txn(success=[txn.get("/x")], timeout=0.3)) < 1.3


def test_the_same_client_works_again_as_soon_as_etcd_was_restarted(etcd, clients):
    client = clients(etcd.endpoint)
    client.put("/kept", b"1")
    etcd.kill()
    until = time.monotonic() + 1.5  # long enough for back-off to matter
    while time.monotonic() < until:
        assert not works(client)
        time.sleep(0.1)
    etcd.start()
    wait_until(lambda: works(client), what="an answer of the restarted etcd")
    assert client.get("/kept").value == b"1"


def test_a_read_does_not_notice_that_its_idle_connection_was_cut(proxy, clients):
    client = clients(proxy.endpoint)
    client.put("/x", b"1")
    for cut in range(1, 6):
        proxy.reset()
        assert client.get("/x").value == b"1"
        assert proxy.connections >= cut + 1


def test_a_write_whose_reply_was_lost_is_unavailable_and_may_have_happened(proxy, etcd, clients):
    client, direct = clients(proxy.endpoint, timeout=TIMEOUT), clients(etcd.endpoint)
    client.get("/x")
    proxy.drop(DOWN)
    seconds_to_give_up(lambda: client.put("/x", b"arrived"))
    assert direct.get("/x").value == b"arrived"
    proxy.heal()
    proxy.drop(UP)
    seconds_to_give_up(lambda: client.put("/y", b"lost"))
    assert direct.get("/y") is None
    proxy.heal()
    wait_until(lambda: works(client), what="an answer through the healed network")


@pytest.mark.parametrize("directions", [(UP,), (DOWN,), (UP, DOWN)])
def test_a_black_hole_ends_with_the_deadline_and_leaves_no_mark(proxy, clients, directions):
    client = clients(proxy.endpoint, timeout=TIMEOUT)
    client.put("/x", b"1")
    proxy.hold(*directions)
    assert seconds_to_give_up(lambda: client.get("/x")) < TIMEOUT + 1
    assert seconds_to_give_up(lambda: client.put("/x", b"2")) < TIMEOUT + 1
    proxy.heal()
    wait_until(lambda: works(client), what="an answer through the healed network")


def test_a_slow_network_is_waited_for(proxy, clients):
    client = clients(proxy.endpoint, timeout=5)
    client.put("/x", b"1")
    proxy.delay[UP] = proxy.delay[DOWN] = 0.3
    began = time.monotonic()
    assert client.get("/x").value == b"1"
    assert time.monotonic() - began >= 0.6


def test_haste_gives_up_soon_on_silence_and_learns_that_etcd_is_slow(proxy, clients):
    client = clients(proxy.endpoint, timeout=60, first_timeout=0.2)
    wait_until(lambda: works(client), 30, "a prompt answer")
    proxy.hold()
    assert seconds_to_give_up(lambda: client.put("/x", b"2")) < 30
    proxy.heal()
    proxy.delay[DOWN] = 0.6  # longer than the first may take: tried again and again it never gets an answer
    wait_until(lambda: works(client), 60, "the patience that it takes")


def test_prompt_reads_do_not_make_slow_writes_hasty(proxy, clients):
    client = clients(proxy.endpoint, timeout=60, first_timeout=0.2)
    wait_until(lambda: works(client), 30, "a prompt answer")

    def slowly_writes():
        proxy.delay[DOWN] = 0.0
        wait_until(lambda: promptly_read(client), 30, "a prompt read")
        proxy.delay[DOWN] = 0.6  # as where the disk is slow, which no read waits for
        return works(client)

    wait_until(slowly_writes, 60, "the patience that writes take")
