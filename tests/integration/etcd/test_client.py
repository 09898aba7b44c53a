"""Reading, writing, transactions and leases, against a real etcd."""

import pytest
from pyetcd import etcdrpc as rpc

from app.common.errors import EtcdError, EtcdUnavailable, LeaseNotFound
from app.common.etcd import client as client_module
from app.common.etcd import connection, txn
from tests.harness.poll import wait_until


def fill(client, prefix, count):
    """`prefix`00000 and so on, each with its number as value."""
    puts = [txn.put(f"{prefix}{i:05d}", str(i).encode()) for i in range(count)]
    for start in range(0, count, txn.MAX_OPERATIONS):
        client.txn(success=puts[start : start + txn.MAX_OPERATIONS])


# Single keys


def test_what_was_put_is_read_with_its_revisions(client, prefix):
    key = prefix + "夜间 备份"
    first = client.put(key, b"\x00\xff")
    second = client.put(key, b"later")
    assert second > first
    assert client.get(key) == txn.KeyValue(key, b"later", first, second, 0)


def test_a_key_that_is_not_there_is_none_and_deleting_it_says_so(client, prefix):
    assert client.get(prefix + "x") is None
    assert client.delete(prefix + "x") is False
    client.put(prefix + "x", b"")
    assert client.delete(prefix + "x") is True
    assert client.get(prefix + "x") is None


def test_several_keys_are_read_as_of_one_moment(client, prefix):
    client.put(prefix + "a", b"1")
    last = client.put(prefix + "c", b"3")
    (a, b, c), revision = client.get_many([prefix + "a", prefix + "b", prefix + "c"])
    assert (a.value, b, c.value) == (b"1", None, b"3")
    assert revision >= last


def test_reads_of_several_kinds_are_of_one_moment_and_only_if_the_condition_holds(client, prefix):
    fill(client, prefix, 3)
    reads = [txn.get(prefix + "00001"), txn.get_prefix(prefix, 2), txn.get(prefix + "none")]
    there = client.read(reads, [txn.present(prefix + "00000")])
    assert there.succeeded
    assert [[kv.value for kv in found] for found in there.responses] == [[b"1"], [b"0", b"1"], []]
    gone = client.read(reads, [txn.present(prefix + "none")])
    assert (gone.succeeded, gone.responses) == (False, [])


# Many keys


def test_pages_follow_each_other_in_order(client, prefix):
    fill(client, prefix, 7)
    client.put(prefix[:-1] + "0", b"a neighbour")  # "0" is the character behind "/"
    first = client.page(prefix, limit=3)
    second = client.page(prefix, limit=3, after=first.items[-1].key)
    third = client.page(prefix, limit=3, after=second.items[-1].key)
    values = [[kv.value for kv in page.items] for page in (first, second, third)]
    assert values == [[b"0", b"1", b"2"], [b"3", b"4", b"5"], [b"6"]]
    assert [page.more for page in (first, second, third)] == [True, True, False]
    assert client.count(prefix) == 7


def test_a_page_can_be_of_the_past_and_of_keys_alone(client, prefix):
    fill(client, prefix, 3)
    before = client.page(prefix).revision
    client.delete(f"{prefix}00001")
    assert [kv.value for kv in client.page(prefix, revision=before).items] == [b"0", b"1", b"2"]
    assert [kv.value for kv in client.page(prefix, keys_only=True).items] == [b"", b""]


def test_a_scan_reads_more_keys_than_a_page_holds(client, prefix, monkeypatch):
    fill(client, prefix, 5_003)
    monkeypatch.setattr(client_module, "PAGE", 700)
    found = client.scan(prefix)
    assert [kv.key for kv in found.items] == [f"{prefix}{i:05d}" for i in range(5_003)]
    assert not found.more


@pytest.mark.parametrize("count", [0, 1, 4, 5, 8])
def test_a_scan_ends_where_the_keys_end(client, prefix, monkeypatch, count):
    fill(client, prefix, count)
    monkeypatch.setattr(client_module, "PAGE", 4)
    assert len(client.scan(prefix).items) == count


def test_a_scan_is_of_one_moment_whatever_is_written_meanwhile(client, prefix, monkeypatch):
    fill(client, prefix, 20)
    before = client.page(prefix).revision
    monkeypatch.setattr(client_module, "PAGE", 4)
    read = client._read

    def read_and_write(*args):
        answer = read(*args)
        client.delete(f"{prefix}00019")
        client.put(f"{prefix}00017", b"changed")
        client.put(f"{prefix}00015x", b"new")
        return answer

    monkeypatch.setattr(client, "_read", read_and_write)
    found = client.scan(prefix)
    assert [kv.value for kv in found.items] == [str(i).encode() for i in range(20)]
    assert found.revision == before


def test_a_scan_takes_smaller_pages_where_the_values_are_large(clients, shared_etcd, prefix, monkeypatch):
    small = [o for o in connection._OPTIONS if "receive" not in o[0]]
    monkeypatch.setattr(connection, "_OPTIONS", (*small, ("grpc.max_receive_message_length", 1_000_000)))
    client = clients(shared_etcd.endpoint)
    for i in range(20):
        client.put(f"{prefix}{i:02d}", bytes([i]) * 300_000)
    assert [kv.value[:1] for kv in client.scan(prefix).items] == [bytes([i]) for i in range(20)]
    client.put(prefix + "huge", bytes(1_200_000))
    with pytest.raises(EtcdError, match="too large"):
        client.scan(prefix)


def test_a_scan_gets_past_keys_that_are_not_text(client, prefix, monkeypatch):
    monkeypatch.setattr(client_module, "PAGE", 1)
    for key in (b"a\xff", b"b\xfe\xfd", b"c"):
        client._call(lambda c: c.kv.Put, rpc.PutRequest(key=prefix.encode() + key, value=b""))
    assert [kv.key.removeprefix(prefix) for kv in client.scan(prefix).items] == ["a\\xff", "b\\xfe\\xfd", "c"]


# Transactions


def test_a_transaction_takes_the_branch_of_its_compares(client, prefix):
    key = prefix + "x"
    revision = client.put(key, b"1")
    true = [
        txn.value_is(key, b"1"),
        txn.mod_revision_is(key, revision),
        txn.present(key),
        txn.absent(prefix + "y"),
        txn.mod_revision_is(prefix + "y", 0),
        txn.absent_prefix(prefix + "y"),
    ]
    false = [
        txn.value_is(key, b"2"),
        txn.value_is(prefix + "y", b""),
        txn.mod_revision_is(key, revision + 1),
        txn.absent(key),
        txn.present(prefix + "y"),
        txn.absent_prefix(prefix),
    ]
    assert client.txn(true).succeeded
    for compare in false:
        assert not client.txn([*true, compare]).succeeded


def test_the_answers_are_those_of_the_branch_taken(client, prefix):
    for name in ("a", "b/1", "b/2"):
        client.put(prefix + name, name.encode())
    done = client.txn(
        [txn.present(prefix + "a")],
        [
            txn.put(prefix + "new", b"1"),
            txn.get(prefix + "a"),
            txn.get(prefix + "none"),
            txn.delete_prefix(prefix + "b/"),
            txn.delete(prefix + "none"),
        ],
    )
    put, found, nothing, deleted, none = done.responses
    assert (put, found[0].value, nothing, deleted, none) == (None, b"a", [], 2, 0)
    assert client.get(prefix + "new").mod_revision == done.revision
    refused = client.txn([txn.absent(prefix + "a")], [txn.put(prefix + "a", b"no")], [txn.get(prefix + "a")])
    assert not refused.succeeded
    assert refused.responses[0][0].value == b"a"


def test_nested_transactions_decide_each_for_itself_in_one_revision(client, prefix):
    client.put(prefix + "taken", b"other")
    claims = [
        txn.nested(
            [txn.absent(prefix + name)],
            [txn.put(prefix + name, b"mine"), txn.put(f"{prefix}log/{name}", b"")],
            [txn.get(prefix + name)],
        )
        for name in ("free", "taken", "also free")
    ]
    done = client.txn(success=claims)
    assert [claim.succeeded for claim in done.responses] == [True, False, True]
    assert done.responses[1].responses[0][0].value == b"other"
    assert {claim.revision for claim in done.responses} == {done.revision}
    assert client.get(prefix + "free").mod_revision == client.get(prefix + "also free").mod_revision


def test_a_transaction_that_etcd_refuses_changes_nothing(client, prefix):
    too_many = [txn.put(f"{prefix}{i}", b"") for i in range(txn.MAX_OPERATIONS + 1)]
    twice = [txn.put(prefix + "x", b"1"), txn.put(prefix + "x", b"2")]
    for operations in (too_many, twice):
        with pytest.raises(EtcdError) as caught:
            client.txn(success=operations)
        assert not isinstance(caught.value, EtcdUnavailable)
    assert client.count(prefix) == 0
    client.txn(success=too_many[:-1])
    assert client.count(prefix) == txn.MAX_OPERATIONS


@pytest.mark.parametrize(
    ("prefix", "end"), [(b"/a/", b"/a0"), (b"a", b"b"), (b"a\xff", b"b"), (b"\xff\xff", b"\0"), (b"", b"\0")]
)
def test_the_end_of_a_prefix_is_the_first_key_behind_it(prefix, end):
    assert txn.prefix_end(prefix) == end


def test_history_can_be_forgotten(client, prefix):
    old = client.put(prefix + "x", b"1")
    client.compact(client.put(prefix + "x", b"2"))
    with pytest.raises(EtcdError, match="compacted"):
        client.page(prefix, revision=old)


def test_the_status_tells_version_and_size(client):
    version, size = client.status()
    assert version[0] == "3"
    assert size > 0


# Leases


def test_keys_go_with_their_lease(client, prefix):
    lease = client.grant(60)
    client.put(prefix + "x", b"", lease)
    assert client.get(prefix + "x").lease == lease
    assert 50 < client.keepalive(lease) <= 60
    client.revoke(lease)
    assert client.get(prefix + "x") is None


def test_a_lease_that_ended_is_known_by_its_error(client, prefix):
    lease = client.grant(60)
    client.revoke(lease)
    client.revoke(lease)
    with pytest.raises(LeaseNotFound):
        client.keepalive(lease)
    with pytest.raises(LeaseNotFound):
        client.put(prefix + "x", b"", lease)
    with pytest.raises(LeaseNotFound):
        client.txn(success=[txn.put(prefix + "x", b"", lease)])


def test_a_lease_ends_by_itself_unless_it_is_renewed(client, prefix):
    kept, left = client.grant(2), client.grant(2)
    client.put(prefix + "kept", b"", kept)
    client.put(prefix + "left", b"", left)

    def left_is_gone():
        client.keepalive(kept)
        return client.get(prefix + "left") is None

    wait_until(left_is_gone, what="the end of the lease")
    assert client.get(prefix + "kept") is not None
    with pytest.raises(LeaseNotFound):
        client.keepalive(left)
