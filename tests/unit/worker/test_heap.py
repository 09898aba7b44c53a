from hypothesis import given
from hypothesis import strategies as st

from app.worker.heap import DueHeap

NAMES = st.sampled_from("abcdef")
TIMES = st.integers(0, 50)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("set"), NAMES, TIMES),
        st.tuples(st.just("discard"), NAMES),
        st.tuples(st.just("pop"), TIMES),
        st.tuples(st.just("clear")),
    ),
    max_size=60,
)


@given(STEPS)
def test_a_heap_does_what_a_dictionary_does(steps):
    heap, model = DueHeap(), {}
    for step in steps:
        match step:
            case ("set", name, due):
                heap.set(name, due)
                model[name] = due
            case ("discard", name):
                heap.discard(name)
                model.pop(name, None)
            case ("clear",):
                heap.clear()
                model.clear()
            case ("pop", now):
                taken = heap.pop_due(now)
                assert [due for _, due in taken] == sorted(due for _, due in taken)
                assert dict(taken) == {name: due for name, due in model.items() if due <= now}
                assert len(taken) == len(dict(taken))
                model = {name: due for name, due in model.items() if due > now}
        assert len(heap) == len(model)
        assert heap.next_due() == min(model.values(), default=None)
        assert all(heap.due_of(name) == model.get(name) for name in "abcdef")
        assert all((name in heap) == (name in model) for name in "abcdef")


def test_equal_times_come_in_the_order_they_were_set():
    heap = DueHeap()
    for name in "dacb":
        heap.set(name, 7)
    heap.set("d", 7)
    assert [name for name, _ in heap.pop_due(7)] == ["a", "c", "b", "d"]


def test_stale_entries_do_not_pile_up():
    heap = DueHeap()
    for i in range(100_000):
        heap.set(f"job-{i % 10}", 1_000_000 - i)
    assert len(heap) == 10
    assert len(heap._heap) <= 1_020
    assert [due for _, due in heap.pop_due(10**9)] == list(range(900_001, 900_011))
