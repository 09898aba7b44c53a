"""Counting one job's fires against its rows, exactly. Pure.

Rows and fires are walked in the order of their times; ranges are counted by the schedule, not one by one.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Literal, NamedTuple

from app.common.logstore import LedgerRow
from app.master.services.ledger_segments import Segment

PENDING_MS = 120_000  # a fire this young may still be on its way to its row


@dataclass(slots=True)
class Figures:
    """Numbers of fires; see the schema of the ledger for what each means."""

    planned: int = 0
    ran: int = 0
    succeeded: int = 0
    failed: int = 0
    timeout: int = 0
    killed: int = 0
    skipped: int = 0
    missed: int = 0
    lost: int = 0
    running: int = 0
    pending: int = 0
    unclaimed: int = 0
    unaccounted: int = 0
    duplicated: int = 0

    def add(self, other: "Figures") -> None:
        for f in fields(self):
            setattr(self, f.name, getattr(self, f.name) + getattr(other, f.name))

    def count(self, kind: str, fires: int) -> None:
        setattr(self, kind, getattr(self, kind) + fires)
        if kind in ("succeeded", "failed", "timeout", "killed"):
            self.ran += fires


class Span(NamedTuple):
    """Fires from `first` to `last` that have an open record instead of a row."""

    first: int
    last: int
    kind: Literal["running", "pending"]


def count_job(
    segments: Sequence[Segment], rows: Sequence[LedgerRow], spans: Sequence[Span], now: int
) -> tuple[Figures, bool]:
    """The figures, and whether they are exact: every row stands for planned fires. Rows and spans by their
    times.
    """
    figures = Figures()
    figures.duplicated = sum(row.count for row in rows if row.duplicate)
    originals = [row for row in rows if not row.duplicate]
    matched: set[str] = set()
    for segment in segments:
        figures.planned += segment.schedule.count(segment.after, segment.until)
        _count_segment(figures, segment, originals, spans, now, matched)
    strangers = [row for row in originals if row.id not in matched]
    for row in strangers:
        # Nothing planned it as far as is known: the job was changed by hand. It did happen, so it counts.
        figures.planned += row.count
        figures.count(row.status.value, row.count)
    return figures, not strangers


def _count_segment(
    figures: Figures,
    segment: Segment,
    rows: Sequence[LedgerRow],
    spans: Sequence[Span],
    now: int,
    matched: set[str],
) -> None:
    schedule, place = segment.schedule, segment.after
    for row in rows:
        first, last = row.plan_time, _last(row)
        if last <= segment.after or first > segment.until:
            continue
        end = min(last, segment.until)
        covered = schedule.count(max(first - 1, segment.after), end)
        if not covered:
            continue
        matched.add(row.id)
        twice = schedule.count(max(first - 1, segment.after), min(end, place)) if first <= place else 0
        figures.duplicated += twice
        if first - 1 > place:
            _count_without_row(figures, segment, place, first - 1, spans, now)
        figures.count(row.status.value, covered - twice)
        place = max(place, end)
    _count_without_row(figures, segment, place, segment.until, spans, now)


def _count_without_row(
    figures: Figures, segment: Segment, after: int, until: int, spans: Sequence[Span], now: int
) -> None:
    """Fires with after < fire <= until: in an open record, or not."""
    for span in spans:
        if span.last > after and span.first <= until:
            if span.first - 1 > after:
                _count_bare(figures, segment, after, span.first - 1, now)
                after = span.first - 1
            end = min(span.last, until)
            figures.count(span.kind, segment.schedule.count(after, end))
            after = end
    _count_bare(figures, segment, after, until, now)


def _count_bare(figures: Figures, segment: Segment, after: int, until: int, now: int) -> None:
    """Fires with after < fire <= until that have left no trace but perhaps the cursor."""
    count = segment.schedule.count
    young = max(after, min(until, now - PENDING_MS))
    figures.pending += count(young, until)
    if segment.claimed_until is None:
        figures.unclaimed += count(after, young)
    else:
        claimed = max(after, min(young, segment.claimed_until))
        figures.unaccounted += count(after, claimed)
        figures.unclaimed += count(claimed, young)


def _last(row: LedgerRow) -> int:
    return row.plan_time if row.last_plan_time is None else row.last_plan_time
