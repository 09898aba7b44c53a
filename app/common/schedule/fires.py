"""The instants at which a schedule fires: local times laid over a zone, or a fixed interval.

The rule for zone changes:

- A schedule of fixed local times fires when the clock first shows the time or has passed it. So a time that
  does not exist fires at the first instant after the gap, several of them once, and a time that comes twice
  fires the first time.
- A schedule that follows elapsed time fires whenever the clock shows a matching time.

Instants are seconds since the epoch, UTC.
"""

from app.common.schedule import wall
from app.common.schedule.wall import Wall
from app.common.schedule.zones import Zone


class ClockFires:
    """Fires by the local clock of a zone."""

    __slots__ = ("fixed", "local_from", "wall", "zone")

    def __init__(self, wall: Wall, zone: Zone, *, fixed: bool) -> None:
        self.wall = wall
        self.zone = zone
        self.fixed = fixed
        self.local_from = zone.seen if fixed else zone.local_starts
        """The first local time of each interval that is this interval's to fire."""

    def first(self, after: int) -> int | None:
        """The first fire after the given second; None if there is none before 2100."""
        zone = self.zone
        index = zone.at(after + 1)
        begin = self.local_from[index]
        if after >= zone.starts[index]:
            begin = max(begin, after + 1 + zone.offsets[index])
        while True:
            local = self.wall.first(begin, zone.local_ends[index])
            if local is not None:
                return max(local - zone.offsets[index], zone.starts[index])
            index += 1
            if index == len(zone.starts):
                return None
            begin = self.local_from[index]

    def last(self, before: int) -> int | None:
        """The last fire before the given second; None if there is none since 1970."""
        zone = self.zone
        index = zone.at(before - 1)
        end = min(before + zone.offsets[index], zone.local_ends[index])
        while True:
            local = self.wall.last(self.local_from[index], end)
            if local is not None:
                return max(local - zone.offsets[index], zone.starts[index])
            index -= 1
            if index < 0:
                return None
            end = zone.local_ends[index]

    def count(self, after: int, until: int) -> int:
        """How many fires there are with after < fire <= until."""
        zone = self.zone
        total = 0
        for index in range(zone.at(after + 1), zone.at(until) + 1):
            start, offset = zone.starts[index], zone.offsets[index]
            begin = max(start + offset, after + 1 + offset)
            end = min(zone.local_ends[index], until + 1 + offset)
            total += self.wall.count(max(begin, self.local_from[index]), end)
            if after < start <= until:
                total += self.moved(index)
        return total

    def moved(self, index: int) -> bool:
        """Whether an interval of the zone begins with a fire only because its clock skipped the time."""
        start = self.zone.local_starts[index]
        skipped = self.wall.count(self.local_from[index], start)
        return bool(skipped) and not self.wall.count(start, start + 1)


class IntervalFires:
    """Fires at each multiple of an interval since the epoch, so that every worker computes the same times."""

    __slots__ = ("seconds",)

    def __init__(self, seconds: int) -> None:
        self.seconds = seconds

    def first(self, after: int) -> int | None:
        fire = max(0, after // self.seconds + 1) * self.seconds
        return fire if fire < wall.END else None

    def last(self, before: int) -> int | None:
        fire = (min(before, wall.END) - 1) // self.seconds * self.seconds
        return fire if fire >= 0 else None

    def count(self, after: int, until: int) -> int:
        after, until = max(after, -1), min(until, wall.END - 1)
        return max(0, until // self.seconds - after // self.seconds)
