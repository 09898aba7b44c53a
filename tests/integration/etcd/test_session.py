"""The session: one lease at a time, renewed in time, and never thought valid when etcd has ended it."""

import itertools
import time

import pytest

from app.common.errors import EtcdError, EtcdUnavailable, LeaseNotFound
from app.common.etcd import session as session_module
from tests.harness.poll import wait_until
from tests.harness.proxy import DOWN, UP
from tests.integration.etcd.conftest import no_thread_left

TTL = 3  # seconds
RETRY = 0.3  # seconds


@pytest.fixture(autouse=True)
def _impatient(monkeypatch):
    monkeypatch.setattr(session_module, "RETRY_SECONDS", RETRY)


@pytest.fixture
def key(prefix):
    return prefix + "registration"


@pytest.fixture
def register(client, key):
    """What a worker does with a new lease."""
    return lambda lease: client.put(key, b"", lease)


def has_ended(client, lease):
    try:
        client.keepalive(lease)
    except LeaseNotFound:
        return True
    return False


# A healthy etcd


def test_it_opens_a_lease_and_has_its_keys_written(client, sessions, key, register):
    session = sessions(client, TTL, opening=register)
    assert session.holder.opened == [session.lease]
    assert client.get(key).lease == session.lease
    wait_until(lambda: session.holder.renewed)
    lease, valid_until, now = session.holder.renewed[0]
    assert (lease, valid_until) == (session.lease, session.valid_until)
    assert TTL - 1 < valid_until - now <= TTL


def test_it_renews_three_times_a_ttl_so_that_the_lease_lives_on(client, sessions, key, register):
    session = sessions(client, TTL, opening=register)
    wait_until(lambda: len(session.holder.renewed) == 5, 2 * TTL + 3, "four renewals")
    leases, deadlines, times = zip(*session.holder.renewed, strict=True)
    assert set(leases) == {session.lease}
    assert list(deadlines) == sorted(deadlines)
    assert all(deadline - now > TTL / 2 for deadline, now in zip(deadlines, times, strict=True))
    assert all(0.8 < (later - earlier) * 3 / TTL < 1.6 for earlier, later in itertools.pairwise(times))
    assert client.get(key) is not None
    assert session.holder.lost == 0


def test_a_stop_gives_the_lease_back_at_once(client, sessions, key, register):
    session = sessions(client, 60, opening=register)
    began = time.monotonic()
    session.stop()
    assert time.monotonic() - began < 1
    assert client.get(key) is None
    assert has_ended(client, session.lease)
    assert session.holder.lost == 0
    no_thread_left("session")


def test_a_lease_lost_behind_its_back_is_told_once_and_replaced(client, sessions, key, register):
    session = sessions(client, TTL, opening=register)
    lost = session.lease
    client.revoke(lost)
    wait_until(lambda: len(session.holder.opened) == 2, TTL, "another lease")
    assert session.holder.lost == 1
    wait_until(lambda: session.lease == session.holder.opened[1] != lost)
    assert client.get(key).lease == session.lease


# Outages


def test_a_restart_of_etcd_that_is_shorter_than_the_ttl_loses_nothing(etcd, client, sessions, key, register):
    session = sessions(client, 6, opening=register)
    lease = session.lease
    etcd.kill()
    etcd.start()
    renewals = len(session.holder.renewed)
    wait_until(lambda: len(session.holder.renewed) > renewals, what="a renewal")
    assert (session.lease, session.holder.lost) == (lease, 0)
    assert client.get(key).lease == lease


def test_an_etcd_paused_for_longer_than_the_ttl_costs_the_lease(etcd, clients, sessions, key):
    client = clients(etcd.endpoint, timeout=0.5)
    session = sessions(client, TTL, opening=lambda lease: client.put(key, b"", lease))
    first = session.lease
    etcd.pause()
    wait_until(lambda: session.holder.lost, TTL + 4, "the loss to be told")
    told, valid_until = time.monotonic(), session.holder.renewed[-1][1]
    assert valid_until <= told < valid_until + 0.5 + RETRY + 0.7  # deadline, pause, slack
    assert session.lease == 0
    etcd.resume()
    wait_until(lambda: session.lease, what="another lease")
    assert session.lease != first
    assert client.get(key).lease == session.lease
    wait_until(lambda: has_ended(client, first), what="the end of the first lease in etcd, too")
    assert client.get(key).lease == session.lease
    assert session.holder.lost == 1


def test_it_never_thinks_a_lease_valid_that_etcd_has_ended(etcd, proxy, clients, client, sessions, key):
    """Replies take a second: one who counts from them believes in the lease for longer than etcd does."""
    far = clients(proxy.endpoint, timeout=3)
    session = sessions(far, TTL, opening=lambda lease: client.put(key, b"", lease))
    proxy.delay[DOWN] = 1
    renewals = len(session.holder.renewed)
    wait_until(lambda: len(session.holder.renewed) == renewals + 2, what="two late replies")
    proxy.drop(UP)
    wait_until(lambda: client.get(key) is None, 3 * TTL, "the end of the lease")
    assert time.monotonic() >= session.valid_until


@pytest.mark.parametrize("outage", ["paused", "gone"])
def test_a_stop_during_an_outage_ends_in_time(etcd, clients, sessions, outage):
    client = clients(etcd.endpoint, timeout=0.5)
    session = sessions(client, TTL)
    if outage == "paused":
        etcd.pause()
    else:
        etcd.kill()
    began = time.monotonic()
    session.stop()
    assert time.monotonic() - began < 2.5
    no_thread_left("session")


# Listeners that fail


class Fails:
    """Raises the given errors, one a call, and then does no more."""

    def __init__(self, *errors):
        self.errors = list(errors)

    def __call__(self, *_):
        if self.errors:
            raise self.errors.pop(0)


@pytest.mark.parametrize(
    "error", [EtcdUnavailable("no answer"), RuntimeError("a mistake"), LeaseNotFound("gone")], ids=repr
)
def test_keys_that_could_not_be_written_mean_another_lease(client, sessions, error):
    session = sessions(client, 60, opening=Fails(error, error))
    first, second, third = session.holder.opened
    assert session.lease == third
    assert has_ended(client, first)
    assert has_ended(client, second)
    assert session.holder.lost == 0
    wait_until(lambda: session.holder.renewed)
    assert {lease for lease, _, _ in session.holder.renewed} == {third}


def test_a_refusal_is_not_repeated_in_haste(client, sessions):
    session = sessions(client, 60, wait=False, opening=Fails(*[EtcdError("permission denied")] * 100))
    wait_until(lambda: session.holder.opened)
    time.sleep(2 * RETRY)
    assert len(session.holder.opened) == 1


def test_listeners_that_raise_do_not_end_it(client, sessions, caplog):
    session = sessions(client, TTL, wait=False)
    session._on_renewed = Fails(RuntimeError("renewal not welcome"))
    session._on_lost = Fails(RuntimeError("loss not welcome"))
    wait_until(lambda: "renewal not welcome" in caplog.text)
    lease = wait_until(lambda: session.lease)
    client.revoke(lease)
    wait_until(lambda: "loss not welcome" in caplog.text)
    wait_until(lambda: session.lease not in (0, lease), what="another lease")
