"""How many fires of many schedules fall into each minute of a window. Pure.

Schedules are not walked fire by fire: a day of `* * * * * *` alone has 86,400. Those that share a zone and
their days are added up as one histogram of the minutes of a day, which is then laid over the window.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from app.common.schedule import Schedule
from app.common.schedule.fires import ClockFires, IntervalFires
from app.common.schedule.wall import DAY, Axis

MINUTE = 60  # seconds


@dataclass(slots=True)
class _Clock:
    """Schedules with the same zone and days; `times`: hours and minutes, with the fires of each minute."""

    fires: ClockFires  # any of them
    times: Counter[tuple[Axis, Axis]] = field(default_factory=Counter)

    def of_day(self) -> Counter[int]:
        """Fires by minute of the day."""
        found: Counter[int] = Counter()
        for (hours, minutes), fires in self.times.items():
            for hour in hours.values:
                for minute in minutes.values:
                    found[hour * 60 + minute] += fires
        return found


def fires_by_minute(schedules: Iterable[Schedule], start_ms: int, minutes: int) -> list[int]:
    """The fires of all schedules together in each minute from `start_ms` on, a whole minute since 1972: zones
    have been whole minutes apart since then.
    """
    start = start_ms // 1000
    end = start + minutes * MINUTE
    counts = [0] * minutes
    clocks: dict[object, _Clock] = {}
    for (fires, begin, stop), jobs in Counter(each.within(start, end) for each in schedules).items():
        if isinstance(fires, ClockFires) and (begin, stop) == (start, end):
            wall = fires.wall
            clock = clocks.setdefault((fires.zone.name, fires.fixed, wall.days), _Clock(fires))
            clock.times[wall.hours, wall.minutes] += jobs * len(wall.seconds.values)
            _add_moved(counts, fires, start, end, jobs)
        else:
            _add_singly(counts, fires, begin, stop, start, jobs)
    for clock in clocks.values():
        _add_clock(counts, clock, start, end)
    return counts


def _add_clock(counts: list[int], clock: _Clock, start: int, end: int) -> None:
    fires, zone = clock.fires, clock.fires.zone
    of_day = clock.of_day()
    for index in range(zone.at(start), zone.at(end - 1) + 1):
        offset = zone.offsets[index]
        begin = max(fires.local_from[index], zone.local_starts[index], start + offset)
        stop = min(zone.local_ends[index], end + offset)
        for day in range(begin // DAY, -(-stop // DAY)):
            if fires.wall.days.matches(day):
                for minute, n in of_day.items():
                    local = day * DAY + minute * MINUTE
                    if begin <= local < stop:
                        counts[(local - offset - start) // MINUTE] += n


def _add_moved(counts: list[int], fires: ClockFires, start: int, end: int, jobs: int) -> None:
    """Fires right after a gap in local time, of times within it."""
    zone = fires.zone
    for index in range(zone.at(start - 1) + 1, zone.at(end - 1) + 1):
        if fires.moved(index):
            counts[(zone.starts[index] - start) // MINUTE] += jobs


def _add_singly(
    counts: list[int], fires: ClockFires | IntervalFires, begin: int, stop: int, start: int, jobs: int
) -> None:
    """Fires with begin <= fire < stop: one by one, or minute by minute where that is less."""
    if fires.count(begin - 1, stop - 1) < len(counts):
        fire = fires.first(begin - 1)
        while fire is not None and fire < stop:
            counts[(fire - start) // MINUTE] += jobs
            fire = fires.first(fire)
    else:
        for place in range((begin - start) // MINUTE, -(-(stop - start) // MINUTE)):
            minute = start + place * MINUTE
            counts[place] += jobs * fires.count(max(begin, minute) - 1, min(stop, minute + MINUTE) - 1)
