"""Schedules in Simplified Chinese."""

from collections.abc import Sequence

from app.common.schedule.changes import Change, Effect
from app.common.schedule.days import DayRule
from app.common.schedule.shape import At, Every, Of, is_progression, monday_first, spans

WEEKDAYS = ("", "周一", "周二", "周三", "周四", "周五", "周六", "周日")
UNITS = {"second": "秒", "minute": "分钟", "hour": "小时", "day": "天"}
ORDINALS = "零一二三四五"


def sentence(time: Every | At | Of, rule: DayRule) -> str:
    """`周一至周五 03:30`."""
    years = "" if rule.years is None else f"{_numbers(sorted(rule.years))} 年"
    months = "" if len(rule.months) == 12 else f"{' ' if years else ''}{_numbers(sorted(rule.months))} 月"
    if not rule.any_date:
        date = years + _days(rule, months)
    else:
        date = years + months + ("每天" if isinstance(time, At) else "")
    if not date:
        return _time(time)
    return f"{date}{' ' if isinstance(time, At) else '，'}{_time(time)}".replace("） ", "）")


def interval(units: Sequence[tuple[int, str]], aligned: bool) -> str:
    """`每 1 小时 30 分钟`."""
    if len(units) == 1 and units[0][0] == 1:
        text = _every(*units[0])
    else:
        text = "每 " + " ".join(f"{count} {UNITS[unit]}" for count, unit in units)
    return text if aligned else f"{text}（自 1970-01-01 00:00 UTC 起算）"


def bounds(starts: str, ends: str) -> str:
    return (f"，不早于 {starts}" if starts else "") + (f"，不晚于 {ends}" if ends else "")


def note(change: Change) -> str:
    """`2025-03-30：Europe/Berlin 没有 02:30；改在 03:00 执行`."""
    many = len(change.times) > 1
    times = "、".join(change.times) if len(change.times) <= 4 else f"{change.times[0]} 至 {change.times[-1]}"
    if len(change.times) > 4:
        times += f"（{len(change.times)} 次）"
    missing = f"{change.date}：{change.zone} 没有 {times}"
    twice = f"{change.date}：在 {change.zone} 出现两次 {times}"
    match change.effect:
        case Effect.MOVED:
            return f"{missing}；改在 {change.runs_at} 执行{'一次' * many}"
        case Effect.MERGED:
            return f"{missing}；并入 {change.runs_at} 的执行"
        case Effect.LEFT_OUT:
            return f"{missing}；届时不执行"
        case Effect.ONCE:
            return f"{twice}；只在第一次执行"
        case Effect.TWICE:
            return f"{twice}；两次都执行"


def _time(time: Every | At | Of) -> str:
    match time:
        case Every(count, unit, first, last):
            text = _every(count, unit)
            return f"{first} 至 {last} {text}" if first else text
        case At(times):
            return "、".join(times)
        case Of(seconds, minutes, hours):
            parts = ["每分钟" if minutes is None else f"第 {_numbers(minutes)} 分"]
            if minutes is not None or hours is not None:
                parts.insert(0, "每小时" if hours is None else f"{_numbers(hours)} 时")
            if seconds != (0,):
                parts.append("每秒" if seconds is None else f"第 {_numbers(seconds)} 秒")
            return "的".join(parts)


def _every(count: int, unit: str) -> str:
    return f"每{UNITS[unit]}" if count == 1 else f"每 {count} {UNITS[unit]}"


def _days(rule: DayRule, months: str) -> str:
    by_day: list[str] = []
    if len(rule.days) < 31:
        by_day += [f" {_numbers(sorted(rule.days))} 日"] if rule.days else []
        by_day += ["最后一天" if n == 0 else f"倒数第 {n + 1} 天" for n in sorted(rule.from_end)]
        by_day += [f"离 {day} 日最近的工作日" for day in sorted(rule.nearest_weekday)]
        by_day += ["最后一个工作日（周一至周五）"] * rule.last_weekday
    by_weekday: list[str] = []
    monthly = bool(by_day)
    if len(rule.weekdays) < 7:
        plain = [(WEEKDAYS[a], WEEKDAYS[b]) for a, b in spans(monday_first(rule.weekdays))]
        by_weekday += [a if a == b else f"{a}至{b}" for a, b in plain]
        by_weekday += [
            f"第{ORDINALS[n]}个{WEEKDAYS[day or 7]}" for n, day in sorted((n, day) for day, n in rule.nth)
        ]
        by_weekday += [f"最后一个{WEEKDAYS[day]}" for day in monday_first(rule.last)]
        monthly = monthly or bool(rule.nth or rule.last)
    scope = f"{months}的" if months else "每月" if monthly else ""
    both = [part for part in ("、".join(by_day), "、".join(by_weekday)) if part]
    return scope + ("或" if rule.either else "且为").join(both)


def _numbers(values: Sequence[int]) -> str:
    if is_progression(values):
        return f"{values[0]}、{values[1]}、{values[2]}……{values[-1]}"
    return "、".join(str(a) if a == b else f"{a} 至 {b}" for a, b in spans(values))
