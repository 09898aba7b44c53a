"""Compares this host's clock with those of the other workers, by the heartbeats they write. Pure."""

from collections import deque
from statistics import median_low

SAMPLES = 4  # heartbeats remembered a worker
STALE_SECONDS = 30.0
LIMIT_MS = 2_000  # further from the cluster's median, a worker stops claiming
JUMP_MS = 1_000  # wall clock against monotonic clock between two looks: somebody set the clock


class ClockCheck:
    """`wall` is epoch ms, `at` monotonic seconds.

    A heartbeat arrives late, never early, so the smallest difference seen lately is the closest to the
    truth. Of an even number of clocks the slower middle one is believed: with two workers that disagree the
    one that would fire early stops, not both.
    """

    def __init__(self) -> None:
        self._samples: dict[str, deque[tuple[float, int]]] = {}
        self._last: tuple[int, float] | None = None

    def heard(self, worker: str, their_wall: int, wall: int, at: float) -> None:
        samples = self._samples.setdefault(worker, deque(maxlen=SAMPLES))
        samples.append((at, wall - their_wall))

    def gone(self, worker: str) -> None:
        self._samples.pop(worker, None)

    def jumped(self, wall: int, at: float) -> bool:
        """Whether the wall clock was set since the last call. What was measured before is then worthless."""
        before, self._last = self._last, (wall, at)
        if before is None:
            return False
        if abs((wall - before[0]) - (at - before[1]) * 1000) < JUMP_MS:
            return False
        self._samples.clear()
        return True

    def offset(self, at: float) -> int | None:
        """This clock minus the median of all, in ms. None while no other worker was heard."""
        others = [
            -min(difference for _, difference in samples)
            for samples in self._samples.values()
            if samples and at - samples[-1][0] <= STALE_SECONDS
        ]
        return -median_low([0, *others]) if others else None
