"""What workers ask for inside nested transactions stays within their rights.

Some versions of etcd do not check what is nested, so the one of the tests may let pass what others
refuse.
"""

from collections.abc import Iterator

import pytest

from app.common import keys
from app.common.etcd.rights import RIGHTS, WORKER, Access
from app.common.etcd.txn import Operation
from app.common.models import OpenRecord, Outcome, RunOrder
from app.worker.claims import Claim, _operation
from app.worker.settler import Settler


def claim(*, locked: bool, runs: bool, order: str | None) -> Claim:
    record = OpenRecord(job="a", plan=1, outcome=Outcome.RUN, claimed=1)
    return Claim("a", 1, 2, 1, "r", record if runs else None, "o", record, locked, order)


def needed(operation: Operation) -> Iterator[tuple[bytes, bytes, Access]]:
    """Each range of keys that one operation of a transaction touches, with all that it nests."""
    ((kind, request),) = operation.items()
    if kind == "request_txn":
        for compare in request["compare"]:
            yield compare["key"], compare.get("range_end", b""), Access.READ
        for nested in (*request["success"], *request["failure"]):
            yield from needed(nested)
    else:
        access = Access.READ if kind == "request_range" else Access.WRITE
        yield request["key"], request.get("range_end", b""), access


def allowed(key: bytes, range_end: bytes, access: Access) -> bool:
    return any(
        key.startswith(prefix.encode()) and not range_end and given in (access, Access.READWRITE)
        for prefix, given in RIGHTS[WORKER]
    )


@pytest.mark.parametrize("order", [None, keys.order("a", "o1")], ids=["fire", "order"])
@pytest.mark.parametrize("runs", [True, False], ids=["run", "misfire"])
@pytest.mark.parametrize("locked", [True, False], ids=["exclusive", "overlapping"])
def test_a_claim_asks_for_no_more(locked: bool, runs: bool, order: str | None) -> None:
    wanted = list(needed(_operation(claim(locked=locked, runs=runs, order=order), "w0", 7)))
    assert len(wanted) >= 3
    assert [part for part in wanted if not allowed(*part)] == []


def test_what_closes_a_claim_asks_for_no_more() -> None:
    settler, record = Settler(None), keys.running("w0", "r")  # type: ignore[arg-type]
    settler.release_lock(keys.lock("a"), "w0", "r")
    settler.take_lock_again(keys.lock("b"), "w0", "s", 7)
    settler.close_record(record, 1)
    settler.close_and_rerun(record, 1, "a", "o1", RunOrder(at=1, expires_at=2))
    wanted = [part for operation in settler._operations.values() for part in needed(operation)]
    assert len(wanted) > 8
    assert [part for part in wanted if not allowed(*part)] == []


def test_the_table_withholds() -> None:
    assert not allowed(b"/cron/users/eve", b"", Access.READ)
    assert not allowed(b"/cron/jobs/a", b"", Access.WRITE)
