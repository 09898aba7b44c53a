"""Key names: there and back."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.common import keys

NAMES = st.text(st.characters(codec="utf-8", exclude_characters="/"), min_size=1)


def test_the_keys_are_those_of_the_design():
    assert keys.job("a b") == "/cron/jobs/a b"
    assert keys.fired("a") == "/cron/fired/a"
    assert keys.lock("a") == "/cron/lock/a"
    assert keys.running("w1", "r1") == "/cron/running/w1/r1"
    assert keys.worker("w1") == "/cron/workers/w1"
    assert keys.killer("a") == "/cron/killer/a"
    assert keys.order("a", "o1") == "/cron/orders/a/o1"
    assert keys.tail("r1") == "/cron/tail/r1"
    assert keys.drain("w1") == "/cron/drain/w1"
    assert keys.user("anna") == "/cron/users/anna"
    assert keys.token("d") == "/cron/tokens/d"
    assert keys.session("d") == "/cron/sessions/d"
    assert keys.link("d") == "/cron/links/d"
    assert keys.signins("d") == "/cron/signins/d"
    assert keys.audit("1") == "/cron/audit/1"


def test_no_prefix_holds_keys_of_another_and_all_end_with_a_slash():
    prefixes = [v for k, v in vars(keys).items() if k.isupper() and k not in ("ROOT", "JOBS_MARK")]
    assert len(prefixes) == 16
    assert all(re.fullmatch(r"/cron/[a-z]+/", prefix) for prefix in prefixes)
    assert len(set(prefixes)) == len(prefixes)
    assert not keys.JOBS_MARK.startswith(keys.JOBS)


def test_one_worker_whose_id_begins_like_anothers_has_records_of_its_own():
    assert not keys.running("w10", "r").startswith(keys.running_of("w1"))
    assert keys.running("w1", "r").startswith(keys.running_of("w1"))


@settings(deadline=None)
@given(NAMES, NAMES)
def test_names_come_back_from_keys(one, other):
    assert keys.last_part(keys.job(one)) == one
    assert keys.last_part(keys.running(one, other)) == other
    assert keys.worker_of_running(keys.running(one, other)) == one
    assert keys.job_of_order(keys.order(one, other)) == one
    assert keys.last_part(keys.order(one, other)) == other


@settings(deadline=None)
@given(st.integers(0, 10**13 - 1), st.integers(0, 10**13 - 1))
def test_cursors_compare_as_times_do(one, other):
    assert (keys.cursor(one) < keys.cursor(other)) == (one < other)


@pytest.mark.parametrize(("plan", "value"), [(0, b"0000000000000"), (1_900_000_000_123, b"1900000000123")])
def test_a_cursor_has_13_digits(plan, value):
    assert keys.cursor(plan) == value
    assert int(keys.cursor(plan)) == plan
