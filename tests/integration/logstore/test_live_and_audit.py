"""Live output of watched runs, and the record of changes."""

import pytest

from app.common.errors import FieldError
from app.common.logstore import AuditEntry, LiveOutput
from tests.integration.logstore.rows import T0

KEPT = 256 * 1024


def chunk(offset, data, run_id="r1"):
    return LiveOutput(run_id, offset, data)


def test_live_output_is_read_from_where_the_reader_is(store):
    assert store.read_live("r1", 0) is None
    store.write_live(chunk(0, b"hello "))
    store.write_live(chunk(6, b"\x00\xff world"))
    assert store.read_live("r1", 0) == chunk(0, b"hello \x00\xff world")
    assert store.read_live("r1", 8) == chunk(8, b" world")
    assert store.read_live("r1", 14) is None
    assert store.read_live("r2", 0) is None


def test_a_chunk_told_again_is_not_doubled(store):
    for offset, data in ((0, b"abc"), (0, b"abc"), (2, b"cde"), (0, b"ab")):
        store.write_live(chunk(offset, data))
    assert store.read_live("r1", 0) == chunk(0, b"abcde")


def test_a_gap_shows_as_a_larger_offset(store):
    store.write_live(chunk(0, b"abc"))
    store.write_live(chunk(10, b"xyz"))
    assert store.read_live("r1", 0) == chunk(10, b"xyz")


def test_only_the_end_of_a_long_output_is_kept(store):
    for i in range(5):
        store.write_live(chunk(i * 100_000, bytes([65 + i]) * 100_000))
    found = store.read_live("r1", 0)
    assert (found.offset, len(found.data)) == (500_000 - KEPT, KEPT)
    assert found.data.endswith(b"E" * 100_000)
    store.write_live(chunk(500_000, b"x" * (KEPT + 7)))
    assert store.read_live("r1", 0) == chunk(500_007, b"x" * KEPT)


def test_cleared_output_is_gone(store):
    for run_id in ("r1", "r2", "r3"):
        store.write_live(chunk(0, b"x", run_id))
    store.clear_live(["r1", "r3", "r9"])
    assert [store.read_live(run_id, 0) is None for run_id in ("r1", "r2", "r3")] == [True, False, True]


def an_entry(i, **values):
    given = {"actor": "alice", "action": "job.update", "kind": "job", "target": "backup"} | values
    at = T0 + 1000 * i
    return AuditEntry(id=f"{at:013d}-{i:04d}", at=at, **given)


def test_an_audit_entry_comes_back_as_it_was(store):
    entry = an_entry(
        1,
        before={"$set": {"a.b": 1}, "env": {"x": "\ud800"}, "n": None},
        after={"名": ["é", 1.5, True]},
        detail={"ip": "127.0.0.1"},
    )
    plain = an_entry(2)
    store.write_audit([entry, plain])
    assert store.audit().entries == [plain, entry]


def test_an_audit_entry_stored_again_is_stored_once(store):
    store.write_audit([])
    store.write_audit([an_entry(1)])
    store.write_audit([an_entry(1, actor="mallory"), an_entry(2)])
    assert store.audit().entries == [an_entry(2), an_entry(1)]


def test_the_audit_is_filtered_and_paged_newest_first(store):
    entries = [
        an_entry(
            i,
            actor=["alice", "bob"][i % 2],
            action=["job.create", "job.delete", "user.create"][i % 3],
            kind=["job", "job", "user"][i % 3],
            target=["$ne", "b", "carol"][i % 3],
        )
        for i in range(60)
    ]
    store.write_audit(entries)
    newest_first = entries[::-1]

    def found(**filters):
        rows, cursor = [], None
        while True:
            page = store.audit(**filters, limit=7, cursor=cursor)
            rows += page.entries
            if (cursor := page.next_cursor) is None:
                return rows

    assert found() == newest_first
    for name, value in [("actor", "bob"), ("action", "job.delete"), ("kind", "user"), ("target", "$ne")]:
        assert found(**{name: value}) == [e for e in newest_first if getattr(e, name) == value]
    assert found(actor="bob", target="b") == [e for e in newest_first if (e.actor, e.target) == ("bob", "b")]
    assert found(since=T0 + 10_000, until=T0 + 20_000) == newest_first[40:50]
    assert found(actor="nobody") == []


def test_a_malformed_audit_cursor_is_refused(store):
    with pytest.raises(FieldError):
        store.audit(cursor="WzFd")
