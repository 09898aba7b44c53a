"""The claim itself, and its answers."""

import pytest

from app.common import keys
from app.common.errors import EtcdError, LeaseNotFound
from app.common.models import MissedRange, OpenRecord, Outcome, run_id
from app.worker.claims import (
    BATCH,
    Answer,
    Claim,
    Seen,
    claim_batch,
    hold_locks,
    lock_value,
    look,
    read_all_cursors,
    read_cursors,
    why_refused,
)
from tests.integration.worker.parts import SECOND, T0, cursor_of, put_job, put_order, records


@pytest.fixture
def lease(client):
    return client.grant(60)


def a_claim(client, name, plan=T0 + SECOND, cursor=T0, runs=True, locked=True, order=None, worker="w0"):
    kv = client.get(keys.job(name))
    record = OpenRecord(job=name, plan=plan, outcome=Outcome.RUN, claimed=plan)
    other = Outcome.OVERLAP if runs else Outcome.MISSED
    return Claim(
        job=name,
        revision=kv.mod_revision if kv else 0,
        plan=plan,
        cursor=cursor,
        run_id=run_id(name, plan),
        run=record if runs else None,
        overlap_id=run_id(name, plan, salt="other"),
        overlap=OpenRecord(
            job=name,
            plan=plan,
            outcome=other,
            claimed=plan,
            skipped=MissedRange(first=plan, last=plan, count=1),
        ),
        locked=locked,
        order=order,
    )


def ask(client, lease, *claims, worker="w0", in_doubt=False):
    """The answers, and the reasons in place of refusals."""
    answers = claim_batch(client, worker, lease, claims)
    refused = [claim for claim, each in zip(claims, answers, strict=True) if each.answer is Answer.REFUSED]
    reasons = iter(why_refused(client, worker, refused, in_doubt=in_doubt))
    answers = [next(reasons) if each.answer is Answer.REFUSED else each for each in answers]
    return answers if len(claims) > 1 else answers[0]


def test_a_free_job_is_won_and_leaves_cursor_lock_and_record(client, lease):
    put_job(client, "j")
    claim = a_claim(client, "j")
    answer = ask(client, lease, claim)
    assert answer.answer is Answer.RUN
    lock = client.get(keys.lock("j"))
    record = client.get(keys.running("w0", claim.run_id))
    assert cursor_of(client, "j") == T0 + SECOND
    assert (lock.value, lock.lease) == (lock_value("w0", claim.run_id), lease)
    assert OpenRecord.model_validate_json(record.value) == claim.run
    assert record.lease == 0
    assert answer.revision == record.mod_revision == lock.mod_revision


def test_the_fence_of_a_later_run_is_larger(client, lease):
    put_job(client, "j")
    first = ask(client, lease, a_claim(client, "j", locked=False))
    second = ask(client, lease, a_claim(client, "j", T0 + 2 * SECOND, T0 + SECOND, locked=False))
    assert first.revision < second.revision


def test_a_fire_of_a_locked_job_is_won_as_an_overlap(client, lease):
    put_job(client, "j")
    client.put(keys.lock("j"), b"w7/some-run")
    claim = a_claim(client, "j")
    answer = ask(client, lease, claim)
    assert (answer.answer, answer.blocker) == (Answer.OVERLAP, "w7")
    assert list(records(client)) == [keys.running("w0", claim.overlap_id)]
    assert cursor_of(client, "j") == T0 + SECOND
    assert client.get(keys.lock("j")).value == b"w7/some-run"


def test_a_job_that_allows_overlap_does_not_care_for_the_lock(client, lease):
    put_job(client, "j")
    client.put(keys.lock("j"), b"w7/some-run")
    assert ask(client, lease, a_claim(client, "j", locked=False)).answer is Answer.RUN
    assert client.get(keys.lock("j")).value == b"w7/some-run"


def test_a_misfire_is_won_without_a_lock(client, lease):
    put_job(client, "j")
    claim = a_claim(client, "j", runs=False)
    assert ask(client, lease, claim).answer is Answer.RECORDED
    assert [r.outcome for r in records(client).values()] == [Outcome.MISSED]
    assert client.get(keys.lock("j")) is None


def test_what_was_claimed_before_is_taken(client, lease):
    put_job(client, "j")
    claim = a_claim(client, "j")
    assert ask(client, lease, claim).answer is Answer.RUN
    assert ask(client, lease, claim, worker="w1").answer is Answer.TAKEN
    assert ask(client, lease, claim).answer is Answer.TAKEN  # by its own worker too: it is not in doubt
    assert len(records(client)) == 1
    older = a_claim(client, "j", T0, T0 - SECOND)
    assert ask(client, lease, older).answer is Answer.TAKEN


def test_a_fire_with_unclaimed_fires_before_it_tells_the_cursor(client, lease):
    put_job(client, "j")
    claim = a_claim(client, "j", T0 + 5 * SECOND, T0 + 4 * SECOND)
    answer = ask(client, lease, claim)
    assert (answer.answer, answer.cursor) == (Answer.GAP, T0)
    assert records(client) == {}


@pytest.mark.parametrize("change", ["edited", "deleted", "paused", "deleted with its cursor"])
def test_a_job_that_changed_is_stale(client, lease, change):
    put_job(client, "j")
    claim = a_claim(client, "j")
    if change == "edited":
        put_job(client, "j", command="false")
    elif change == "paused":
        put_job(client, "j", enabled=False)
    else:
        client.delete(keys.job("j"))
        if "cursor" in change:
            client.delete(keys.fired("j"))
    assert ask(client, lease, claim).answer is Answer.STALE
    assert records(client) == {}


def test_a_fire_before_the_cursor_of_a_changed_job_is_taken_for_good(client, lease):
    put_job(client, "j")
    claim = a_claim(client, "j")
    put_job(client, "j", cursor=T0 + 9 * SECOND)
    assert ask(client, lease, claim).answer is Answer.TAKEN


@pytest.mark.parametrize(
    "value", [None, b"", b"garbage", b"19000000200000", b"1900000020000\n", b"+900000020000", b"\xff" * 13]
)
def test_without_a_cursor_nothing_is_claimed(client, lease, value):
    put_job(client, "j")
    claim = a_claim(client, "j")
    if value is None:
        client.delete(keys.fired("j"))
    else:
        client.put(keys.fired("j"), value)
    assert ask(client, lease, claim).answer is Answer.NO_CURSOR
    assert read_cursors(client, ["j"])["j"].plan is None
    assert records(client) == {}
    kv = client.get(keys.fired("j"))
    assert (kv.value if kv else None) == value


def test_with_a_lease_that_has_ended_nothing_is_claimed(client, lease):
    for name in "abc":
        put_job(client, name)
    client.revoke(lease)
    with pytest.raises(LeaseNotFound):
        ask(client, lease, a_claim(client, "a", locked=False), a_claim(client, "b"), a_claim(client, "c"))
    assert records(client) == {}
    assert {cursor_of(client, name) for name in "abc"} == {T0}


def test_a_refusal_alone_gives_no_reason_and_leaves_nothing(client, lease):
    put_job(client, "j", cursor=T0 + SECOND)
    before = client.scan(keys.ROOT)
    (answer,) = claim_batch(client, "w0", lease, [a_claim(client, "j")])
    assert answer.answer is Answer.REFUSED
    assert client.scan(keys.ROOT) == before


def test_the_reason_is_what_holds_when_it_is_read(client, lease):
    """Between a refusal and its reason others go on."""
    put_job(client, "j")
    claim = a_claim(client, "j", T0 + 5 * SECOND, T0 + 4 * SECOND)
    claim_batch(client, "w0", lease, [claim])
    reasons = [why_refused(client, "w0", [claim])[0]]
    client.put(keys.fired("j"), keys.cursor(T0 + 3 * SECOND))
    reasons += why_refused(client, "w0", [claim])
    ask(client, lease, a_claim(client, "j", T0 + 5 * SECOND, T0 + 3 * SECOND), worker="w1")
    reasons += why_refused(client, "w0", [claim])
    assert [(reason.answer, reason.cursor) for reason in reasons] == [
        (Answer.GAP, T0),
        (Answer.GAP, T0 + 3 * SECOND),
        (Answer.TAKEN, None),
    ]


def test_a_full_batch_of_the_largest_claims_fits_into_one_transaction(client, lease):
    names = [f"{'名' * 120}-{i}" for i in range(BATCH)]
    for i, name in enumerate(names):
        put_job(client, name)
        if i % 3 == 0:
            client.put(keys.lock(name), b"w7/r")
        if i % 3 == 1:
            client.put(keys.fired(name), keys.cursor(T0 - SECOND))
    answers = ask(client, lease, *(a_claim(client, name) for name in names))
    expected = [Answer.OVERLAP, Answer.GAP, Answer.RUN] * (BATCH // 3)
    assert [a.answer for a in answers] == expected


def test_the_same_lock_twice_in_one_transaction_is_refused_by_etcd(client, lease):
    """Why a batch holds no job twice."""
    put_job(client, "j")
    orders = [put_order(client, "j", f"o{i}") for i in range(2)]
    claims = [a_claim(client, "j", T0 + i, order=order) for i, order in enumerate(orders)]
    with pytest.raises(EtcdError, match="duplicate key"):
        ask(client, lease, *claims)
    assert records(client) == {}


class TestOrders:
    def test_an_order_is_won_by_deleting_it_and_moves_no_cursor(self, client, lease):
        put_job(client, "j")
        key = put_order(client, "j")
        claim = a_claim(client, "j", order=key)
        assert ask(client, lease, claim).answer is Answer.RUN
        assert client.get(key) is None
        assert cursor_of(client, "j") == T0
        assert ask(client, lease, claim, worker="w1").answer is Answer.TAKEN

    def test_an_order_of_a_changed_job_waits_for_the_change(self, client, lease):
        put_job(client, "j")
        key = put_order(client, "j")
        claim = a_claim(client, "j", order=key)
        put_job(client, "j", command="false")
        assert ask(client, lease, claim).answer is Answer.STALE
        assert client.get(key)

    def test_an_order_of_a_job_that_is_gone_can_be_recorded(self, client, lease):
        key = put_order(client, "gone")
        assert ask(client, lease, a_claim(client, "gone", runs=False, order=key)).answer is Answer.RECORDED
        assert client.get(key) is None


class TestInDoubt:
    """Asking again after a lost reply."""

    @pytest.mark.parametrize("kind", ["run", "overlap", "misfire", "order"])
    def test_it_finds_what_it_had_won(self, client, lease, kind):
        put_job(client, "j")
        if kind == "overlap":
            client.put(keys.lock("j"), b"w7/some-run")
        order = put_order(client, "j") if kind == "order" else None
        claim = a_claim(client, "j", runs=kind != "misfire", order=order)
        first = ask(client, lease, claim)
        before = client.scan(keys.ROOT).items
        again = ask(client, lease, claim, in_doubt=True)
        assert (again.answer, again.revision) == (first.answer, first.revision)
        assert client.scan(keys.ROOT).items == before

    def test_it_wins_what_was_never_received(self, client, lease):
        put_job(client, "j")
        assert ask(client, lease, a_claim(client, "j"), in_doubt=True).answer is Answer.RUN

    def test_it_finds_it_although_the_job_has_changed_and_the_cursor_gone_on(self, client, lease):
        put_job(client, "j")
        claim = a_claim(client, "j")
        ask(client, lease, claim)
        put_job(client, "j", command="false", cursor=T0 + 99 * SECOND)
        assert ask(client, lease, claim, in_doubt=True).answer is Answer.RUN

    def test_it_is_not_won_where_another_worker_won_it(self, client, lease):
        put_job(client, "j")
        claim = a_claim(client, "j")
        ask(client, lease, claim, worker="w1")
        assert ask(client, lease, claim, in_doubt=True).answer is Answer.TAKEN

    def test_a_record_of_an_earlier_fire_or_garbage_proves_nothing(self, client, lease):
        put_job(client, "j", cursor=T0 + 9 * SECOND)
        claim = a_claim(client, "j")
        for value in (claim.run.model_copy(update={"plan": T0}).to_json(), b"garbage"):
            client.put(keys.running("w0", claim.run_id), value)
            assert ask(client, lease, claim, in_doubt=True).answer is Answer.TAKEN

    def test_its_lock_is_held_again_if_its_lease_has_ended(self, client, lease):
        put_job(client, "j")
        put_job(client, "k")
        claims = [a_claim(client, "j"), a_claim(client, "k")]
        ask(client, lease, *claims)
        client.revoke(lease)
        client.put(keys.lock("k"), b"w7/next")
        renewed = client.grant(60)
        hold_locks(client, "w0", renewed, claims)
        lock = client.get(keys.lock("j"))
        assert (lock.value, lock.lease) == (lock_value("w0", claims[0].run_id), renewed)
        assert client.get(keys.lock("k")).value == b"w7/next"


def test_cursors_of_many_jobs_are_read_in_batches(client):
    names = [f"j{i}" for i in range(300)]
    for i, name in enumerate(names):
        client.put(keys.fired(name), keys.cursor(T0 + i))
    client.put(keys.fired("odd"), b"?")
    some = read_cursors(client, [*names, "odd", "absent"])
    assert [some[name].plan for name in names] == [T0 + i for i in range(300)]
    assert (some["odd"].plan, some["odd"].revision > 0) == (None, True)
    assert (some["absent"].plan, some["absent"].revision) == (None, 0)
    every = read_all_cursors(client)
    assert every == {name: cursor for name, cursor in some.items() if name != "absent"}


def test_cursors_and_locks_of_many_jobs_are_read_in_batches(client):
    names = [f"j{i}" for i in range(300)]
    for i, name in enumerate(names):
        client.put(keys.fired(name), keys.cursor(T0 + i))
        if i % 2:
            client.put(keys.lock(name), f"w{i}/an-earlier-run".encode())
    found = look(client, [*names, "absent"])
    assert [found[name] for name in names] == [Seen(T0 + i, f"w{i}" if i % 2 else "") for i in range(300)]
    assert found["absent"] == Seen(None, "")
    client.put(keys.lock("j0"), b"\xffgarbage")
    assert look(client, ["j0"])["j0"].cursor == T0
    assert look(client, []) == {}


def test_a_job_is_not_blocked_by_the_run_of_its_last_fire(client):
    put_job(client, "j", cursor=T0)
    client.put(keys.lock("j"), lock_value("w7", run_id("j", T0)))
    assert look(client, ["j"])["j"] == Seen(T0, "")
    client.put(keys.lock("j"), lock_value("w7", run_id("j", T0 - SECOND)))
    assert look(client, ["j"])["j"] == Seen(T0, "w7")


@pytest.mark.parametrize(("skipped", "blocker"), [(True, "w7"), (False, "")])
def test_who_comes_second_learns_whether_the_fire_was_skipped(client, lease, skipped, blocker):
    put_job(client, "j")
    if skipped:
        client.put(keys.lock("j"), b"w7/an-earlier-run")
    claim = a_claim(client, "j")
    ask(client, lease, claim, worker="w7")
    answer = ask(client, lease, claim)
    assert (answer.answer, answer.blocker) == (Answer.TAKEN, blocker)
