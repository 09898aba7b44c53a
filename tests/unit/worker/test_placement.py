from collections import Counter
from zlib import crc32

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.worker.placement import Candidate, candidate, delay_ms, matching, rank

FIRES = 20_000
START = 1_900_000_000_000
MASK = (1 << 64) - 1


def firsts(workers, fires):
    """Who is first for each fire."""
    found = {}
    for seed, plan in fires:
        (first,) = [w.id for w in workers if rank(workers, w.id, seed, plan) == 0]
        found[seed, plan] = first
    return found


def fires_of_one_job():
    seed = crc32(b"backup")
    return [(seed, START + i * 1_000) for i in range(FIRES)]


def fires_of_many_jobs():
    return [(crc32(f"job-{i}".encode()), START) for i in range(FIRES)]


@pytest.mark.parametrize("fires", [fires_of_one_job, fires_of_many_jobs])
@pytest.mark.parametrize("capacities", [(256,) * 3, (256,) * 10, (100, 200, 700), (1, 1_000)])
def test_each_worker_is_first_as_often_as_its_capacity_says(fires, capacities):
    workers = [candidate(f"w{i}", capacity, {}) for i, capacity in enumerate(capacities)]
    shares = Counter(firsts(workers, fires()).values())
    for i, capacity in enumerate(capacities):
        expected = FIRES * capacity / sum(capacities)
        # four standard deviations of a binomial: 10 % of the share of one worker in ten
        assert abs(shares[f"w{i}"] - expected) <= 4 * (expected * (1 - expected / FIRES)) ** 0.5


def test_a_fire_is_not_tied_to_its_job_nor_to_its_time():
    """With two jobs at the same times, each combination of first workers is about as frequent."""
    workers = [candidate(f"w{i}", 10, {}) for i in range(3)]
    plans = [START + i * 60_000 for i in range(6_000)]
    one, two = (firsts(workers, [(crc32(name), p) for p in plans]) for name in (b"one", b"two"))
    pairs = Counter(zip(one.values(), two.values(), strict=True))
    assert len(pairs) == 9
    for count in pairs.values():
        assert count == pytest.approx(6_000 / 9, rel=0.15)


def test_only_the_share_of_a_lost_worker_moves():
    workers = [candidate(f"w{i}", 256, {}) for i in range(4)]
    fires = fires_of_one_job()[:5_000]
    before, after = firsts(workers, fires), firsts(workers[1:], fires)
    assert all(after[fire] == first for fire, first in before.items() if first != "w0")
    moved = Counter(after[fire] for fire, first in before.items() if first == "w0")
    assert set(moved) == {"w1", "w2", "w3"}
    assert max(moved.values()) < 1.3 * min(moved.values())


@given(
    st.lists(st.tuples(st.integers(0, 10**9), st.integers(1, 100_000)), min_size=1, max_size=12, unique=True),
    st.integers(0, 2**32 - 1),
    st.integers(0, 2**42),
)
def test_ranks_are_a_permutation_whoever_computes_them(ids, seed, plan):
    workers = [candidate(f"w{i}-{salt}", capacity, {}) for i, (salt, capacity) in enumerate(ids)]
    ranks = [rank(workers, w.id, seed, plan) for w in workers]
    if len({w.seed for w in workers}) == len(workers):
        assert sorted(ranks) == list(range(len(workers)))
    assert ranks == [rank(workers[::-1], w.id, seed, plan) for w in workers]


def test_a_worker_that_is_no_candidate_has_no_place():
    assert rank([candidate("a", 1, {})], "b", 1, 1) is None
    assert rank([], "b", 1, 1) is None


def unmixed(value):
    """What the mixer of `placement` turns into `value`: each of its steps undone."""
    value ^= value >> 31 ^ value >> 62
    value = value * pow(0x94D049BB133111EB, -1, 1 << 64) & MASK
    value ^= value >> 27 ^ value >> 54
    value = value * pow(0xBF58476D1CE4E5B9, -1, 1 << 64) & MASK
    return value ^ value >> 30 ^ value >> 60


@pytest.mark.parametrize("extreme", [0, MASK])
def test_the_ends_of_the_range_of_the_hash_have_a_score_too(extreme):
    seeds = unmixed(extreme)
    workers = [Candidate("a", seeds >> 32, 1.0, ()), Candidate("b", 1, 1.0, ())]
    assert sorted(rank(workers, w.id, seeds & 0xFFFFFFFF, 0) for w in workers) == [0, 1]


def test_a_worker_alone_is_first():
    assert rank([candidate("a", 1, {})], "a", 5, 1) == 0


def test_labels_must_all_match():
    gpu = candidate("gpu", 1, {"gpu": "yes", "zone": "a"})
    plain = candidate("plain", 1, {"zone": "a"})
    assert matching([gpu, plain], {}) == [gpu, plain]
    assert matching([gpu, plain], {"zone": "a"}) == [gpu, plain]
    assert matching([gpu, plain], {"zone": "a", "gpu": "yes"}) == [gpu]
    assert matching([gpu, plain], {"zone": "b"}) == []


def test_later_places_wait_longer_but_less_than_a_second():
    """A job that fires each second is superseded by its next fire a second later."""
    delays = [delay_ms(place) for place in range(12)]
    assert delays[0] == 0
    assert delays[:4] == sorted(set(delays[:4]))
    assert max(delays) < 1_000
