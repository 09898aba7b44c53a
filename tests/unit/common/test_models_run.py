"""The id of a run, what its status and trigger mean for the ledger, and its way between processes."""

import pickle
import re
from dataclasses import fields

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.common.models import Run, Status, Trigger, run_id

PLAN = 1_900_000_000_000  # epoch ms


def test_the_same_fire_has_the_same_id_everywhere():
    assert run_id("backup", PLAN) == "1900000000000-1-a33858da0a0db593"
    assert run_id("backup", PLAN) == run_id("backup", PLAN, 1, salt="")


@pytest.mark.parametrize(
    "other",
    [
        run_id("backup2", PLAN),
        run_id("backup", PLAN + 1),
        run_id("backup", PLAN, 2),
        run_id("backup", PLAN, salt="order"),
        run_id("backupo", PLAN, salt="rder"),
    ],
)
def test_another_fire_has_another_id(other):
    assert other != run_id("backup", PLAN)


def test_a_salt_cannot_imitate_another_name():
    assert run_id("a", PLAN, salt="bc") != run_id("ab", PLAN, salt="c")


def test_no_two_of_100_000_jobs_share_an_id():
    assert len({run_id(f"job-{i}", PLAN) for i in range(100_000)}) == 100_000


def test_ids_sort_by_plan_time():
    plans = [0, 1, 999, 1_000, PLAN - 1, PLAN, 4_102_444_800_000]
    ids = [run_id("x", plan) for plan in plans]
    assert ids == sorted(ids)


@settings(deadline=None)
@given(st.text(st.characters(codec="utf-8")), st.integers(0, 10**13 - 1), st.integers(1, 101))
def test_an_id_is_safe_in_urls_and_keys(name, plan, attempt):
    assert re.fullmatch(r"\d{13}-\d{1,3}-[0-9a-f]{16}", run_id(name, plan, attempt))


def test_only_skipped_and_missed_fires_started_no_command():
    assert {s for s in Status if not s.ran} == {Status.SKIPPED, Status.MISSED}


def test_a_skipped_or_missed_fire_makes_no_job_failing():
    assert {s for s in Status if s.bad} == {Status.FAILED, Status.TIMEOUT, Status.KILLED, Status.LOST}


@pytest.mark.parametrize(
    ("trigger", "attempt", "counts"),
    [
        (Trigger.CRON, 1, True),
        (Trigger.MISFIRE, 1, True),
        (Trigger.CRON, 2, False),
        (Trigger.MISFIRE, 2, False),
        (Trigger.MANUAL, 1, False),
        (Trigger.RETRY, 1, False),
        (Trigger.CHAIN, 1, False),
    ],
)
def test_only_the_first_attempt_of_a_planned_fire_counts_as_it(trigger, attempt, counts):
    run = Run(id="x", job_name="x", plan_time=PLAN, status=Status.LOST, trigger=trigger, attempt=attempt)
    assert run.counts_as_fire is counts


def test_a_run_arrives_in_another_process_with_every_field():
    fire = Run(id="r", job_name="j", plan_time=PLAN, status=Status.FAILED, trigger=Trigger.RETRY)
    for number, field in enumerate(fields(Run)):
        if field.name not in ("status", "trigger"):
            setattr(fire, field.name, number)  # each another value, so that none can change places
    assert pickle.loads(pickle.dumps([fire, fire])) == [fire, fire]
