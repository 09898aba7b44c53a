"""Does a figure grow? The line through its samples, and how far it rises beyond chance."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

CHANCE = 3  # standard errors of the rise: chance alone exceeds that once in hundreds of figures


@dataclass(frozen=True)
class Trend:
    """The line of least squares. `rise`: from the first sample to the last, with its standard error."""

    mean: float
    rise: float
    error: float
    seconds: float

    @property
    def an_hour(self) -> float:
        return self.rise / self.seconds * 3600

    @property
    def growth(self) -> float:
        """The part of the rise that chance does not explain, at least 0. The same rule serves a minute and a
        day: a short run has a large error, a long one a large rise."""
        return max(0.0, self.rise - CHANCE * self.error)


def trend(points: Sequence[tuple[float, float]]) -> Trend:
    """Of at least three points (seconds, value), not all of one moment."""
    middle, mean = fmean(t for t, _ in points), fmean(y for _, y in points)
    spread = sum((t - middle) ** 2 for t, _ in points)
    slope = sum((t - middle) * (y - mean) for t, y in points) / spread
    beside = sum((y - mean - slope * (t - middle)) ** 2 for t, y in points)
    seconds = points[-1][0] - points[0][0]
    error = math.sqrt(beside / (len(points) - 2) / spread)
    return Trend(mean, slope * seconds, error * seconds, seconds)
