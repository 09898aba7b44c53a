"""Schedules in words, in the languages of the console."""

import functools
from collections.abc import Sequence
from typing import Protocol

from app.common.schedule import chinese, english
from app.common.schedule.changes import Change
from app.common.schedule.days import DayRule
from app.common.schedule.fires import ClockFires, IntervalFires
from app.common.schedule.shape import At, Every, Of, time_shape
from app.common.schedule.wall import DAY
from app.common.schedule.zones import Zone

_FORMAT = "%Y-%m-%d %H:%M:%S"


class Words(Protocol):
    """One language; a module has these functions."""

    def sentence(self, time: Every | At | Of, rule: DayRule) -> str: ...
    def interval(self, units: Sequence[tuple[int, str]], aligned: bool) -> str: ...
    def bounds(self, starts: str, ends: str) -> str: ...
    def note(self, change: Change) -> str: ...


def words(language: str) -> Words:
    """Of a language tag such as `en` or `zh-CN`; English for those that are not known."""
    return chinese if language.lower().startswith("zh") else english


@functools.lru_cache(maxsize=4096)  # jobs with the same expression share their fires
def describe(fires: ClockFires | IntervalFires, language: str) -> str:
    """`At 03:30 on Monday to Friday`."""
    if isinstance(fires, ClockFires):
        return words(language).sentence(time_shape(fires), fires.wall.days.rule)
    units = [
        (fires.seconds // DAY, "day"),
        (fires.seconds % DAY // 3600, "hour"),
        (fires.seconds % 3600 // 60, "minute"),
        (fires.seconds % 60, "second"),
    ]
    return words(language).interval([unit for unit in units if unit[0]], aligned=3600 % fires.seconds == 0)


def bounds(zone: Zone, starts_at_ms: int | None, ends_at_ms: int | None, language: str) -> str:
    """`, not before 2030-01-31 08:00:00`, in the zone's time; empty if there are none."""
    starts = "" if starts_at_ms is None else f"{zone.local(-(-starts_at_ms // 1000)):{_FORMAT}}"
    ends = "" if ends_at_ms is None else f"{zone.local(ends_at_ms // 1000):{_FORMAT}}"
    return words(language).bounds(starts, ends)
