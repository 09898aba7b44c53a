"""Time zones as intervals of constant offset, for arithmetic without date objects."""

import functools
from bisect import bisect_right
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from importlib.resources import files
from zoneinfo import ZoneInfo

from app.common.errors import ScheduleError
from app.common.schedule import wall

STRIDE = 4 * wall.DAY
"""Between two looks at the offset. No zone changes twice within 6 days in 1970 to 2099."""


@dataclass(frozen=True, slots=True)
class Zone:
    """Interval i runs from `starts[i]` to before `ends[i]` (seconds UTC); local time is UTC + `offsets[i]`.

    The first begins with 1970 and the last ends with 2099, both in local time.
    """

    name: str
    starts: tuple[int, ...]
    ends: tuple[int, ...]
    offsets: tuple[int, ...]
    local_starts: tuple[int, ...]
    local_ends: tuple[int, ...]
    seen: tuple[int, ...]
    """The latest local time (exclusive) that the clock had shown before each interval; it only grows.

    Local times from `seen` to `local_starts` do not exist; those from `local_starts` to `seen` come again.
    """

    def at(self, second: int) -> int:
        """The index of the interval that holds an instant (or is nearest to it)."""
        return max(0, bisect_right(self.starts, second) - 1)

    def local(self, second: int) -> datetime:
        """An instant on this zone's clock, with the offset in force."""
        offset = timedelta(seconds=self.offsets[self.at(second)])
        return datetime.fromtimestamp(second, timezone(offset))


@functools.cache
def _names() -> dict[str, str]:
    """All zone names, by their lower-case form."""
    names = (files("tzdata") / "zones").read_text(encoding="ascii").split()
    return {name.lower(): name for name in names}


@functools.lru_cache(maxsize=640)
def zone(name: str) -> Zone:
    """The zone of an IANA name.

    It is read from the tzdata package, never from the host, so that all hosts of a cluster agree on it.
    Raises ScheduleError for `timezone`.
    """
    known = _names().get(name.lower())
    if known is None:
        raise ScheduleError(
            "timezone", f"unknown time zone {name[:64]!r}; use an IANA name such as Asia/Shanghai or UTC"
        )
    if known != name:
        raise ScheduleError("timezone", f"unknown time zone {name!r}; did you mean {known}?")
    with files("tzdata").joinpath("zoneinfo", *name.split("/")).open("rb") as file:
        info = ZoneInfo.from_file(file, key=name)
    return _from(name, info)


def _from(name: str, info: ZoneInfo) -> Zone:
    def offset(second: int) -> int:
        moment = datetime.fromtimestamp(second, info)
        shift = moment.utcoffset()
        assert shift is not None
        return int(shift.total_seconds())

    starts, offsets = [-offset(0)], [offset(0)]
    here = 0
    while here < wall.END:
        there = min(here + STRIDE, wall.END)
        if offset(there) == offsets[-1]:
            here = there
            continue
        while there - here > 1:
            middle = (here + there) // 2
            if offset(middle) == offsets[-1]:
                here = middle
            else:
                there = middle
        starts.append(there)
        offsets.append(offset(there))
        here = there
    ends = (*starts[1:], wall.END - offsets[-1])
    local_ends = tuple(end + o for end, o in zip(ends, offsets, strict=True))
    return Zone(
        name=name,
        starts=tuple(starts),
        ends=ends,
        offsets=tuple(offsets),
        local_starts=tuple(start + o for start, o in zip(starts, offsets, strict=True)),
        local_ends=local_ends,
        seen=(0, *local_ends[:-1]),
    )
