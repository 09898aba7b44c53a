"""Who claims a fire first: weighted rendezvous hashing over the live workers. Pure.

Every worker computes the same order for the same (job, plan) without asking anybody; when a worker comes or
goes only its own share moves. Weights are capacities.
Source of the weighted form: Schindelhauer and Schomaker, "Weighted Distributed Hash Tables" (2005):
score = -weight / ln(u) with u uniform in (0, 1); the highest score is first.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from zlib import crc32

SECOND_DELAY_MS = 250
THIRD_DELAY_MS = 500
OTHERS_DELAY_MS = 900  # below a second: a job of each second must be looked after before its next fire is due

_MASK = (1 << 64) - 1


@dataclass(frozen=True, slots=True)
class Candidate:
    """A live worker as placement sees it."""

    id: str
    seed: int
    weight: float
    labels: tuple[tuple[str, str], ...]


def candidate(worker_id: str, capacity: int, labels: Mapping[str, str]) -> Candidate:
    return Candidate(worker_id, crc32(worker_id.encode()), float(capacity), tuple(sorted(labels.items())))


def matching(candidates: Iterable[Candidate], wanted: Mapping[str, str]) -> list[Candidate]:
    """Those that have all the wanted labels."""
    if not wanted:
        return list(candidates)
    needed = set(wanted.items())
    return [c for c in candidates if needed <= set(c.labels)]


def rank(candidates: Sequence[Candidate], worker_id: str, job_seed: int, plan: int) -> int | None:
    """The place of `worker_id` in the order for (job, plan): 0 is first. None if it is no candidate.

    `job_seed` is crc32 of the job's name.
    """
    if len(candidates) == 1:  # it needs no score
        return 0 if candidates[0].id == worker_id else None
    own: float | None = None
    scores = []
    for c in candidates:
        score = -c.weight / math.log(_uniform(c.seed, job_seed, plan))
        if c.id == worker_id:
            own = score
        else:
            scores.append(score)
    if own is None:
        return None
    return sum(1 for score in scores if score > own)


def delay_ms(place: int) -> int:
    """How long the worker at this place leaves the fire to those before it."""
    return (0, SECOND_DELAY_MS, THIRD_DELAY_MS)[place] if place < 3 else OTHERS_DELAY_MS


def _uniform(worker_seed: int, job_seed: int, plan: int) -> float:
    """A number in (0, 1) mixed from the three by the finaliser of SplitMix64 (Steele, Lea, Flood 2014)."""
    z = (worker_seed << 32 | job_seed) ^ (plan * 0x9E3779B97F4A7C15 & _MASK)
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9 & _MASK
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB & _MASK
    z ^= z >> 31
    return ((z >> 12) + 0.5) / (1 << 52)  # with one bit more the last of them would round to 1
