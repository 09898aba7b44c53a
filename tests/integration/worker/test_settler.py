"""Closing what claims opened: whatever is repeated, refused or late, nothing is closed that should not be."""

import signal
import time

import pytest

from app.common import keys
from app.common.errors import EtcdError
from app.common.etcd import EtcdClient
from app.common.models import RunOrder
from app.worker.backoff import MAX_BACKOFF_MS
from app.worker.settler import BATCH, PAUSE_MS, Settler
from tests.harness.poll import wait_until
from tests.integration.worker.parts import T0, Flaky

ORDER = RunOrder(at=T0, expires_at=T0 + 600_000, plan=T0, attempt=2)


@pytest.fixture
def flaky(client):
    return Flaky(client)


@pytest.fixture
def settler(flaky):
    return Settler(flaky)


def flush(settler, since=T0, until=T0 + 5_000):
    """Flush until nothing is left; returns when that was."""
    for now in range(since, until, 50):
        settler.flush(now)
        if not len(settler):
            return now
    raise AssertionError("not everything was taken")


def record(client, name, value=b"{}"):
    return client.put(keys.running("w0", name), value)


def test_a_lock_is_released_only_by_the_run_that_has_it(client, settler):
    client.put(keys.lock("mine"), b"w0/r1")
    client.put(keys.lock("theirs"), b"w1/r2")
    settler.release_lock(keys.lock("mine"), "w0", "r1")
    settler.release_lock(keys.lock("theirs"), "w0", "r1")
    settler.release_lock(keys.lock("nobody's"), "w0", "r1")
    settler.flush(T0)
    assert [kv.key for kv in client.scan(keys.LOCK).items] == [keys.lock("theirs")]
    assert len(settler) == 0


def test_a_record_is_closed_only_as_it_was_known(client, settler):
    known = record(client, "same")
    grown = record(client, "grown")
    record(client, "grown", b'{"more":1}')
    settler.close_record(keys.running("w0", "same"), known)
    settler.close_record(keys.running("w0", "grown"), grown)
    settler.close_record(keys.running("w0", "gone"), 5)
    settler.flush(T0)
    assert [kv.key for kv in client.scan(keys.RUNNING).items] == [keys.running("w0", "grown")]


def test_both_sizes_of_a_range_can_wait_at_once(client, settler):
    small = record(client, "skip")
    settler.close_record(keys.running("w0", "skip"), small)
    large = record(client, "skip", b'{"more":1}')
    settler.close_record(keys.running("w0", "skip"), large)
    settler.flush(T0)
    assert client.scan(keys.RUNNING).items == []


def test_a_lock_is_taken_again_unless_another_run_has_it(client, settler):
    lease = client.grant(60)
    client.put(keys.lock("taken"), b"w1/next")
    record(client, "r1")
    for name in ("free", "taken"):
        settler.take_lock_again(keys.lock(name), "w0", "r1", lease)
    settler.flush(T0)
    free, taken = (client.get(keys.lock(name)) for name in ("free", "taken"))
    assert (free.value, free.lease) == (b"w0/r1", lease)
    assert taken.value == b"w1/next"


def test_a_run_that_is_closed_takes_no_lock_again(client, settler):
    settler.take_lock_again(keys.lock("j"), "w0", "r1", client.grant(60))
    settler.flush(T0)
    assert client.get(keys.lock("j")) is None


def test_a_run_that_ends_before_its_lock_was_taken_again_leaves_none(client, settler):
    settler.take_lock_again(keys.lock("j"), "w0", "r1", client.grant(60))
    settler.release_lock(keys.lock("j"), "w0", "r1")
    settler.flush(T0)
    assert client.get(keys.lock("j")) is None


def test_what_is_not_urgent_goes_together_with_what_follows_soon(client, flaky, settler):
    def close(*names):
        for name in names:
            settler.close_record(keys.running("w0", name), record(client, name))

    close("first")
    settler.flush(T0, at_once=False)  # after a quiet time nothing waits
    assert len(settler) == 0
    sent = flaky.sent
    close("second")
    settler.flush(T0 + PAUSE_MS - 1, at_once=False)
    close("third")
    settler.flush(T0 + PAUSE_MS - 1, at_once=False)
    assert (len(settler), flaky.sent) == (2, sent)
    settler.flush(T0 + PAUSE_MS, at_once=False)
    assert (len(settler), flaky.sent) == (0, sent + 1)
    close("urgent")
    settler.flush(T0 + PAUSE_MS + 1)
    assert len(settler) == 0
    close("clock set back")
    settler.flush(T0, at_once=False)
    assert len(settler) == 0


def test_repeating_everything_changes_nothing(client, settler):
    def ask():
        settler.release_lock(keys.lock("j"), "w0", "r1")
        settler.close_record(keys.running("w0", "r1"), first)
        settler.close_and_rerun(keys.running("w0", "r2"), second, "j", "o2", ORDER)

    client.put(keys.lock("j"), b"w0/r1")
    first, second = record(client, "r1"), record(client, "r2")
    ask()
    ask()
    assert len(settler) == 3
    settler.flush(T0)
    before = client.scan(keys.ROOT).items
    ask()
    settler.flush(T0)
    assert client.scan(keys.ROOT).items == before
    assert [kv.key for kv in before] == [keys.order("j", "o2")]


def test_two_survivors_order_a_lost_run_once(client):
    revision = record(client, "r1")
    survivors = [Settler(client), Settler(client)]
    for survivor in survivors:
        survivor.close_and_rerun(keys.running("w0", "r1"), revision, "j", "o2", ORDER)
    survivors[0].flush(T0)
    (order,) = client.scan(keys.ORDERS).items
    assert RunOrder.model_validate_json(order.value) == ORDER
    client.delete(order.key)  # claimed at once
    survivors[1].flush(T0)
    assert client.scan(keys.ROOT).items == []


@pytest.mark.parametrize("lost", ["lose", "swallow"])
def test_a_lost_request_or_reply_is_repeated(client, flaky, settler, lost):
    client.put(keys.lock("j"), b"w0/r1")
    revision = record(client, "r1")
    flaky.script = [lost, lost]
    settler.release_lock(keys.lock("j"), "w0", "r1")
    settler.close_and_rerun(keys.running("w0", "r1"), revision, "j", "o2", ORDER)
    assert flush(settler) > T0
    assert [kv.key for kv in client.scan(keys.ROOT).items] == [keys.order("j", "o2")]


def test_much_is_sent_in_few_transactions(client, flaky, settler):
    for i in range(1_000):
        settler.close_record(keys.running("w0", f"r{i}"), 7)
    settler.flush(T0)
    assert len(settler) == 0
    assert flaky.sent == 1_000 / BATCH


def test_a_refused_operation_does_not_hold_up_the_others_and_is_kept(client, flaky, settler):
    """A lock that stays behind would stop its job for as long as the worker lives."""
    keys_of = [keys.lock(f"j{i}") for i in range(150)]
    for key in keys_of:
        client.put(key, b"w0/r")
        settler.release_lock(key, "w0", "r")
    refusals = EtcdError("etcdserver: too many requests")
    flaky.script = [refusals, refusals]  # the batch, and the first of its operations
    settler.flush(T0)
    assert len(settler) == 1
    assert len(client.scan(keys.LOCK).items) == 1
    assert flush(settler, since=T0 + 50) == T0 + 100
    assert client.scan(keys.LOCK).items == []


def test_a_refusal_of_everything_is_waited_out(client, flaky, settler):
    for i in range(20):
        client.put(keys.lock(f"j{i}"), b"w0/r")
        settler.release_lock(keys.lock(f"j{i}"), "w0", "r")
    flaky.script = [EtcdError("etcdserver: too many requests")] * 60
    flush(settler)
    assert client.scan(keys.LOCK).items == []


def test_a_lock_whose_new_lease_has_ended_too_is_given_up(client, flaky, settler):
    lease = client.grant(60)
    client.revoke(lease)
    settler.take_lock_again(keys.lock("j"), "w0", "r1", lease)
    settler.close_record(keys.running("w0", "r2"), record(client, "r2"))
    settler.flush(T0)
    assert len(settler) == 0
    assert client.scan(keys.ROOT).items == []


def test_etcd_that_does_not_answer_is_asked_less_and_less_often(flaky, settler):
    settler.close_record(keys.running("w0", "r"), 7)
    flaky.script = ["lose"] * 1_000
    for now in range(T0, T0 + 60_000, 20):
        settler.flush(now)
    assert flaky.sent < 40
    flaky.script = []
    flush(settler, since=T0 + 60_000, until=T0 + 60_000 + MAX_BACKOFF_MS)


def test_a_clock_set_back_an_hour_does_not_make_it_wait_an_hour(flaky, settler):
    settler.close_record(keys.running("w0", "r"), 7)
    flaky.script = ["lose"] * 5
    for now in range(T0, T0 + 1_500, 20):
        settler.flush(now)
    earlier = T0 - 3_600_000
    flush(settler, since=earlier, until=earlier + MAX_BACKOFF_MS)


def test_a_paused_etcd_is_waited_for(shared_etcd, client):
    client.put(keys.lock("j"), b"w0/r1")
    hasty = EtcdClient([shared_etcd.endpoint], timeout=0.3)
    settler = Settler(hasty)
    settler.release_lock(keys.lock("j"), "w0", "r1")
    shared_etcd.signal(signal.SIGSTOP)
    try:
        settler.flush(int(time.time() * 1000))
        assert len(settler) == 1
    finally:
        shared_etcd.signal(signal.SIGCONT)

    def done():
        settler.flush(int(time.time() * 1000))
        return not len(settler)

    wait_until(done)
    assert client.get(keys.lock("j")) is None
    hasty.close()
