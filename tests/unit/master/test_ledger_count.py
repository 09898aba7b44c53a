"""Counting by ranges against counting one by one."""

from hypothesis import given, settings
from hypothesis import strategies as st

from app.common import schedule
from app.common.logstore import LedgerRow
from app.common.models import Status
from app.master.services.ledger_count import PENDING_MS, Span, count_job
from app.master.services.ledger_segments import Segment

EVERY_2_S = schedule.parse("*/2 * * * * *", "UTC")
END = 120_000
NOW = END + PENDING_MS + 1


@st.composite
def rows(draw) -> list[LedgerRow]:
    """Rows that may overlap, repeat and leave gaps; each starts and ends at a fire."""
    made = []
    for number in range(draw(st.integers(0, 8))):
        first = draw(st.integers(0, 59)) * 2_000
        fires = draw(st.sampled_from([1, 1, 1, 2, 5, 20]))
        status = draw(st.sampled_from([Status.SUCCEEDED, Status.FAILED, Status.LOST]))
        if fires > 1:
            status = draw(st.sampled_from([Status.SKIPPED, Status.MISSED]))
        last = first + (fires - 1) * 2_000
        made.append(LedgerRow(str(number), "j", first, last if fires > 1 else None, fires, status, False))
    return sorted(made, key=lambda row: row.plan_time)


@st.composite
def spans(draw) -> list[Span]:
    made = []
    for _ in range(draw(st.integers(0, 3))):
        first = draw(st.integers(0, 59)) * 2_000
        made.append(
            Span(
                first, first + draw(st.integers(0, 5)) * 2_000, draw(st.sampled_from(["running", "pending"]))
            )
        )
    return sorted(made)


@settings(max_examples=300, deadline=None)
@given(rows(), spans(), st.integers(0, 60), st.integers(0, 60), st.integers(0, 60), st.integers(0, 60))
def test_ranges_count_as_single_fires_do(rows, spans, after, until, claimed, young):
    after, until, claimed, now = after * 2_000 - 1, until * 2_000, claimed * 2_000, young * 2_000 + PENDING_MS
    segment = Segment(EVERY_2_S, after, until, claimed)
    found, _ = count_job([segment], rows, spans, now)
    fires = [fire for fire in range(0, END + 100_000, 2_000) if after < fire <= until]
    expected = {"planned": len(fires), "duplicated": 0}
    for fire in fires:
        answers = [row for row in rows if row.plan_time <= fire <= (row.last_plan_time or row.plan_time)]
        traces = [span for span in spans if span.first <= fire <= span.last]
        if answers:
            # Which of several counts is settled by their order; that one of them does is what matters.
            expected["duplicated"] += len(answers) - 1
            kind = "row"
        elif traces or fire > now - PENDING_MS:
            kind = "trace"
        else:
            kind = "unaccounted" if fire <= claimed else "unclaimed"
        expected[kind] = expected.get(kind, 0) + 1
    strangers = sum(
        row.count
        for row in rows
        if not any(row.plan_time <= fire <= (row.last_plan_time or row.plan_time) for fire in fires)
    )
    assert found.planned == expected["planned"] + strangers
    assert found.duplicated == expected["duplicated"]
    assert found.unaccounted == expected.get("unaccounted", 0)
    assert found.unclaimed == expected.get("unclaimed", 0)
    assert found.running + found.pending == expected.get("trace", 0)
    counted = found.ran + found.skipped + found.missed + found.lost
    assert counted == expected.get("row", 0) + strangers
    assert found.ran == found.succeeded + found.failed + found.timeout + found.killed


def test_nothing_claimed_yet_means_nothing_unaccounted():
    found, exact = count_job([Segment(EVERY_2_S, -1, 9_999, None)], [], [], NOW)
    assert (found.planned, found.unclaimed, found.unaccounted, exact) == (5, 5, 0, True)


def test_a_row_that_no_schedule_planned_is_counted_and_makes_it_inexact():
    row = LedgerRow("x", "j", 1_001, None, 1, Status.FAILED, False)
    found, exact = count_job([Segment(EVERY_2_S, -1, 1_999, 1_999)], [row], [], NOW)
    assert (found.planned, found.failed, found.unaccounted, exact) == (2, 1, 1, False)
