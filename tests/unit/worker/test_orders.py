import json

import pytest

from app.common import keys
from app.common.etcd import KeyValue
from app.common.models import RunOrder, Trigger, run_id
from app.worker.orders import UNKNOWN_JOB_MS, OrderBook
from tests.unit.worker.parts import MINUTE, T0, Member, drained, worker_info

EXPIRES = T0 + 10 * MINUTE


def order_kv(order_id="o1", job="j", **fields):
    order = RunOrder(**({"at": T0, "expires_at": EXPIRES, "by": "alice"} | fields))
    return KeyValue(keys.order(job, order_id), order.to_json(), 5, 5)


def book(member, *kvs, now=T0):
    orders = OrderBook(member.table, member.cluster)
    for kv in kvs:
        orders.add(kv, now)
    return orders


def when(member, kv, now=T0):
    """How many ms after `now` this worker tries to claim the order."""
    return book(member, kv, now=now).next_due() - now


def members(names, **more):
    found = [Member(name, [n for n in names if n != name], **more) for name in names]
    for member in found:
        member.add("j")
    return found


def test_the_workers_come_one_after_the_other():
    for i in range(30):
        times = [when(m, order_kv(f"o{i}")) for m in members(["a", "b", "c", "d"])]
        assert sorted(times) == [0, 250, 500, 900]


def test_orders_spread_over_the_workers():
    first = [[when(m, order_kv(f"o{i}")) for m in members(["a", "b", "c"])].index(0) for i in range(300)]
    assert all(70 < first.count(i) < 130 for i in range(3))


def test_an_order_for_one_worker_is_left_to_it_until_it_expires():
    a, b = members(["a", "b"])
    kv = order_kv(target="b")
    assert when(b, kv) == 0
    assert when(a, kv) >= EXPIRES - T0


def test_an_order_of_a_job_with_labels_goes_to_who_has_them():
    member = Member("a", [worker_info("b", labels={"gpu": "yes"})])
    member.add("j", workerLabels={"gpu": "yes"})
    assert when(member, order_kv()) >= EXPIRES - T0


def test_an_order_of_a_paused_job_runs_all_the_same():
    member = Member()
    member.add("j", enabled=False)
    assert when(member, order_kv()) == 0


def test_an_unknown_job_may_still_arrive():
    member = Member()
    orders = book(member, order_kv())
    assert orders.collect(T0 + UNKNOWN_JOB_MS - 1) == []
    (order,) = orders.collect(T0 + UNKNOWN_JOB_MS)
    assert orders.expired(order, T0)
    member.add("j")
    assert not orders.expired(order, T0 + UNKNOWN_JOB_MS)


def test_an_order_expires():
    member = Member()
    member.add("j")
    orders = book(member, order_kv())
    (order,) = orders.collect(T0)
    assert not orders.expired(order, EXPIRES - 1)
    assert orders.expired(order, EXPIRES)


def test_an_order_that_was_given_back_comes_again_and_a_removed_one_does_not():
    member = Member()
    member.add("j")
    orders = book(member, order_kv("o1"), order_kv("o2"))
    first, second = orders.collect(T0)
    orders.again(first, T0 + 200)
    orders.remove(second.key)
    orders.again(second, T0 + 200)  # somebody else claimed it meanwhile
    assert orders.collect(T0 + 199) == []
    assert orders.collect(T0 + 200) == [first]
    assert len(orders) == 1
    orders.again(first, T0 + 300)
    orders.clear()
    assert (orders.collect(T0 + 10**9), len(orders), orders.next_due()) == ([], 0, None)


def test_the_same_order_heard_twice_is_one():
    member = Member()
    member.add("j")
    orders = book(member, order_kv(), order_kv())
    assert len(orders) == 1
    assert len(orders.collect(T0)) == 1


@pytest.mark.parametrize("value", [b"", b"x", b"[]", b'{"at":"now"}', json.dumps({"at": 1}).encode()])
def test_garbage_is_no_order(value):
    orders = book(Member(), KeyValue(keys.order("j", "o"), value, 1, 1), KeyValue(keys.ORDERS, value, 1, 1))
    assert (len(orders), orders.next_due()) == (0, None)


def test_a_worker_that_takes_no_runs_leaves_orders_alone_until_they_expire():
    member = Member("a", ["b"], active=False)
    member.add("j")
    assert when(member, order_kv()) >= EXPIRES - T0
    alone = Member("a", [drained("b")], active=False)
    alone.add("j")
    assert when(alone, order_kv()) >= EXPIRES - T0


def test_a_manual_run_is_told_apart_by_its_order_and_a_second_attempt_by_its_number():
    member = Member()
    member.add("j")
    orders = book(
        member, order_kv("o1"), order_kv("o2"), order_kv("o3", plan=T0 - 5, attempt=2, trigger=Trigger.RETRY)
    )
    found = {o.order_id: o for o in orders.collect(T0)}
    assert len({o.run_id for o in found.values()}) == 3
    assert found["o3"].run_id == run_id("j", T0 - 5, 2)
    assert found["o3"].plan == T0 - 5
    assert found["o1"].plan == T0
    assert found["o1"].run_id not in (run_id("j", T0), run_id("j", T0, 2))
