"""What stands in etcd beside the jobs: there and back, and whatever somebody wrote by hand."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from app.common.models import (
    KillOrder,
    MissedRange,
    OpenRecord,
    Outcome,
    RunOrder,
    Trigger,
    WorkerInfo,
    WorkerState,
)

RECORDS = [
    OpenRecord(job="backup", plan=60_000, outcome=Outcome.RUN, claimed=60_012),
    OpenRecord(
        job="夜间",
        plan=60_000,
        outcome=Outcome.MISSED,
        attempt=2,
        trigger=Trigger.MISFIRE,
        claimed=1,
        job_revision=7,
        by="anna",
        missed=MissedRange(first=0, last=60_000, count=2),
        missed_reason="nobody was alive",
        rerun=True,
        skipped=MissedRange(first=1, last=1, count=1),
    ),
    KillOrder(),
    KillOrder(run_ids=["a", "b"], by="anna", at=5),
    RunOrder(at=1, expires_at=2),
    RunOrder(
        by="anna", at=1, expires_at=2, env={"A": "1"}, target="w1", trigger=Trigger.RETRY, plan=9, attempt=3
    ),
    WorkerInfo(id="w1", host="h", pid=1, started=2, capacity=3),
    WorkerInfo(
        id="w1",
        host="h",
        pid=1,
        started=2,
        capacity=3,
        labels={"zone": "a"},
        state=WorkerState.DRAINED,
        lease=9,
    ),
]


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: type(record).__name__)
def test_a_record_comes_back_from_json_as_it_was(record):
    assert type(record).model_validate_json(record.to_json()) == record


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: type(record).__name__)
def test_json_names_are_camel_case(record):
    assert not any("_" in name for name in json.loads(record.model_dump_json()))


def test_an_open_record_is_small():
    assert json.loads(RECORDS[0].to_json()) == {
        "job": "backup",
        "plan": 60_000,
        "outcome": "run",
        "claimed": 60_012,
    }


@pytest.mark.parametrize(
    ("model", "value"),
    [
        (OpenRecord, b'{"job":"x","plan":"1","outcome":"run","claimed":1}'),
        (OpenRecord, b'{"job":"x","plan":1,"outcome":"won","claimed":1}'),
        (OpenRecord, b'{"job":"x","plan":100000000000000000000000,"outcome":"run","claimed":1}'),
        (RunOrder, b'{"at":100000000000000000000000,"expiresAt":2}'),
        (MissedRange, b'{"first":1,"last":1,"count":0}'),
        (RunOrder, b'{"at":1}'),
        (RunOrder, b'{"at":1,"expiresAt":2,"env":{"A":1}}'),
        (WorkerInfo, b'{"id":"w","host":"h","pid":1,"started":1,"capacity":0}'),
        (WorkerInfo, b'{"id":"w","host":"h","pid":1,"started":1,"capacity":1,"latenessMs":NaN}'),
        (WorkerInfo, b""),
    ],
)
def test_what_is_no_such_record_is_refused(model, value):
    with pytest.raises(ValidationError):
        model.model_validate_json(value)


# Kill orders: the one thing that must act on whatever somebody wrote


def test_a_kill_order_names_its_runs():
    order = KillOrder.parse(b'{"runIds":["a"],"by":"anna","at":5}')
    assert (order.run_ids, order.by, order.at) == (["a"], "anna", 5)


def test_a_kill_order_without_runs_means_all_and_with_an_empty_list_none():
    assert KillOrder.parse(b'{"by":"anna"}').run_ids is None
    assert KillOrder.parse(b"{}") == KillOrder()
    assert KillOrder.parse(b'{"runIds":[]}').run_ids == []


@settings(deadline=None)
@given(
    # An object may be an order: {} is one.
    st.binary().filter(lambda value: b"{" not in value)
    | st.sampled_from([b"", b"null", b"kill", b'{"runIds":"a"}', b'{"runIds":[1]}', b"{", b"[" * 9999])
)
def test_anything_else_means_all_by_whoever_wrote_the_key(value):
    assert KillOrder.parse(value) == KillOrder(by="etcd")
