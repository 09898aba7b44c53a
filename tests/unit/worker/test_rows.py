import pytest

from app.common.models import Job, MissedRange, OpenRecord, Outcome, Status, Trigger, run_id
from app.worker import rows

JOB = Job(name="j", command="make all", cron_expr="* * * * *")
PLAN = 1_900_000_000_000
RUN_ID = run_id("j", PLAN)
GAP = MissedRange(first=PLAN - 120_000, last=PLAN - 60_000, count=2)


def record(outcome, **fields):
    return OpenRecord(job="j", plan=PLAN, outcome=outcome, claimed=PLAN + 7, job_revision=42, **fields)


def fires(found):
    return [(row.status, row.plan_time, row.last_plan_time, row.count) for row in found]


def test_a_run_without_a_gap_has_nothing_to_store_yet():
    assert rows.settled_rows(record(Outcome.RUN), RUN_ID, "w", 99) == []


def test_a_gap_before_a_run_is_a_row_of_its_own():
    (row,) = rows.settled_rows(record(Outcome.RUN, missed=GAP), RUN_ID, "w", 99)
    assert fires([row]) == [(Status.MISSED, GAP.first, GAP.last, 2)]
    assert row.id == rows.missed_id("j", GAP.first) != RUN_ID
    assert (row.reason, row.expire_at, row.worker, row.job_revision) == (rows.MISSED_REASON, 99, "w", 42)


def test_a_skipped_range_is_one_row_named_by_its_first_fire():
    first = MissedRange(first=PLAN - 60_000, last=PLAN - 60_000, count=1)
    grown = MissedRange(first=PLAN - 60_000, last=PLAN, count=2)
    (a,) = rows.settled_rows(record(Outcome.OVERLAP, skipped=first), "x", "w", 99)
    (b,) = rows.settled_rows(record(Outcome.OVERLAP, skipped=grown), "x", "w", 99)
    assert a.id == b.id == rows.skip_id("j", PLAN - 60_000)
    assert fires([b]) == [(Status.SKIPPED, PLAN - 60_000, PLAN, 2)]


def test_a_gap_and_a_skipped_fire_are_two_rows():
    skipped = MissedRange(first=PLAN, last=PLAN, count=1)
    found = rows.settled_rows(record(Outcome.OVERLAP, missed=GAP, skipped=skipped), "x", "w", 99)
    assert fires(found) == [
        (Status.MISSED, GAP.first, GAP.last, 2),
        (Status.SKIPPED, PLAN, PLAN, 1),
    ]
    assert len({row.id for row in found}) == 2


def test_a_missed_fire_says_why():
    missed = MissedRange(first=PLAN - 60_000, last=PLAN, count=2)
    (row,) = rows.settled_rows(record(Outcome.MISSED, missed=missed, missed_reason="because"), "x", "w", 99)
    assert fires([row]) == [(Status.MISSED, PLAN - 60_000, PLAN, 2)]
    assert row.reason == "because"


@pytest.mark.parametrize(("outcome", "status"), [("OVERLAP", Status.SKIPPED), ("MISSED", Status.MISSED)])
def test_an_order_that_did_not_run_has_a_row_under_its_own_id(outcome, status):
    order = record(Outcome[outcome], trigger=Trigger.MANUAL, by="alice", attempt=1)
    (row,) = rows.settled_rows(order, "the-run-id", "w", 99)
    assert (row.id, row.status, row.count, row.last_plan_time) == ("the-run-id", status, 1, None)
    assert (row.trigger, row.by) == (Trigger.MANUAL, "alice")
    assert row.counts_as_fire is False


def test_rows_of_ranges_answer_for_planned_fires_whatever_claimed_them():
    misfire = record(Outcome.RUN, missed=GAP, trigger=Trigger.MISFIRE, attempt=1)
    (row,) = rows.settled_rows(misfire, RUN_ID, "w", 99)
    assert (row.trigger, row.attempt, row.counts_as_fire) == (Trigger.CRON, 1, True)


def test_the_row_of_a_run_that_starts_carries_what_the_claim_decided():
    row = rows.started_row(
        record(Outcome.RUN, attempt=2, trigger=Trigger.RETRY, by="bob"), RUN_ID, "w", 77, "make all"
    )
    assert (row.id, row.status, row.plan_time, row.schedule_time) == (RUN_ID, Status.RUNNING, PLAN, PLAN + 7)
    assert (row.attempt, row.trigger, row.by, row.worker) == (2, Trigger.RETRY, "bob", "w")
    assert (row.fence, row.job_revision, row.command) == (77, 42, "make all")


@pytest.mark.parametrize(("job", "command"), [(JOB, "make all"), (None, "")])
def test_a_lost_run_has_a_reason_and_an_end_and_the_command_if_it_is_known(job, command):
    row = rows.lost_row(record(Outcome.RUN), RUN_ID, "dead", "worker dead died", job, PLAN + 50, 99)
    assert (row.id, row.status, row.worker, row.reason) == (RUN_ID, Status.LOST, "dead", "worker dead died")
    assert (row.end_time, row.start_time, row.command, row.expire_at) == (PLAN + 50, None, command, 99)
