"""What zone changes do to a schedule: which times are missing or come twice, and what happens then."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum, auto

from app.common.schedule.fires import ClockFires
from app.common.schedule.shape import clock
from app.common.schedule.wall import DAY


class Effect(Enum):
    MOVED = auto()  # missing; fires right after the gap instead
    MERGED = auto()  # missing; falls together with a fire that is right after the gap anyway
    LEFT_OUT = auto()  # missing; a schedule that follows elapsed time has nothing to fire
    ONCE = auto()  # comes twice; fires the first time
    TWICE = auto()  # comes twice; a schedule that follows elapsed time fires both times


@dataclass(frozen=True, slots=True)
class Change:
    zone: str
    date: str
    times: tuple[str, ...]
    effect: Effect
    runs_at: str
    """The first time after the change."""


def changes(fires: ClockFires, begin: int, end: int, starts_at: float, ends_at: float) -> Iterator[Change]:
    """Those at begin <= instant <= end that change a fire from `starts_at` to `ends_at` (seconds, UTC)."""
    zone, wall = fires.zone, fires.wall
    for index in range(1, len(zone.starts)):
        instant, offset, before = zone.starts[index], zone.offsets[index], zone.offsets[index - 1]
        if not begin <= instant <= end:
            continue
        now = zone.local_starts[index]
        shown = zone.seen[index] if fires.fixed else zone.local_ends[index - 1]
        low, high = min(shown, now), max(shown, now)
        if not fires.fixed and _goes_on(fires, low, high):
            continue
        if shown > now:
            effect = Effect.ONCE if fires.fixed else Effect.TWICE
        elif fires.fixed:
            effect = Effect.MERGED if wall.count(now, now + 1) else Effect.MOVED
        else:
            effect = Effect.LEFT_OUT
        found = [
            local
            for local in _matches(fires, low, high)
            if starts_at <= (local - before if shown > now else instant)
            and (local - offset if effect is Effect.TWICE else instant) <= ends_at
        ]
        if found:
            times = tuple(_time(local, found[0]) for local in found)
            yield Change(zone.name, _date(found[0]), times, effect, _time(now, found[0]))


def _goes_on(fires: ClockFires, low: int, high: int) -> bool:
    """Whether the fires after the change look just like those that are missing or come twice.

    Then nobody can tell the difference: a schedule for every 15 minutes has one each 15 minutes.
    """
    after = [local - (high - low) for local in _matches(fires, high, 2 * high - low)]
    return after == _matches(fires, low, high)


def _matches(fires: ClockFires, low: int, high: int) -> list[int]:
    found: list[int] = []
    local = fires.wall.first(low, high)
    while local is not None:
        found.append(local)
        local = fires.wall.first(local + 1, high)
    return found


def _date(local: int) -> str:
    return datetime.fromtimestamp(local, UTC).strftime("%Y-%m-%d")


def _time(local: int, reference: int) -> str:
    """The time of day, with its date where that is not the day of the reference."""
    text = clock(local % DAY, bool(local % 60))
    return text if local // DAY == reference // DAY else f"{_date(local)} {text}"
