"""Several claimers at once, each with a thread and a connection of its own."""

import random
import threading
import time

import pytest

from app.common import keys
from app.common.models import Outcome
from tests.integration.worker.parts import SECOND, T0, Bench, Flaky, put_job, put_order, records

JOBS = 20
SECONDS = 100
SPEED = 40  # simulated seconds a second


def race(shared_etcd, workers, seconds, losses=0.0):
    """Let the workers claim against a shared clock; returns everything each has won."""
    errors = []
    start = time.monotonic()

    def work(worker, seed):
        dice = random.Random(seed)
        try:
            while (now := T0 + int((time.monotonic() - start) * SPEED * 1000)) < T0 + (seconds + 5) * SECOND:
                if dice.random() < losses:
                    worker.client.script = [dice.choice(["lose", "swallow"])]
                if dice.random() < losses / 5:
                    worker.cursors.plan_all()
                worker.cursors.plan_waiting(now)
                worker.attempt(now)
                time.sleep(dice.random() * 0.01)
            worker.client.script = []
            worker.run(since=now, until=now + 3_000)
        except Exception as error:  # noqa: BLE001 (told by the test)
            errors.append(error)

    threads = [threading.Thread(target=work, args=(w, i)) for i, w in enumerate(workers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    return [won for worker in workers for won in worker.won]


def team(shared_etcd, count=3):
    names = [f"w{i}" for i in range(count)]
    return [Bench(Flaky(shared_etcd.client()), n, [o for o in names if o != n]) for n in names]


def accounted(won, outcomes=(Outcome.RUN,)):
    """(job, plan) of every fire that was claimed, and of every one that a claim says was missed."""
    claimed = [(w.record.job, w.record.plan) for w in won if w.record.outcome in outcomes]
    missed = [
        (w.record.job, plan)
        for w in won
        if w.record.missed
        for plan in range(w.record.missed.first, w.record.missed.last + 1, SECOND)
    ]
    return claimed, missed


@pytest.mark.parametrize("losses", [0.0, 0.1])
def test_three_workers_claim_two_thousand_fires_exactly_once(client, shared_etcd, losses):
    names = [f"j{i}" for i in range(JOBS)]
    for name in names:
        put_job(client, name, overlap="allow")
    workers = team(shared_etcd)
    for worker in workers:
        worker.look()
    won = race(shared_etcd, workers, SECONDS, losses)
    claimed, missed = accounted(won)
    expected = {(name, T0 + i * SECOND) for name in names for i in range(1, SECONDS + 1)}
    within = [fire for fire in claimed + missed if fire[1] <= T0 + SECONDS * SECOND]
    assert len(within) == len(set(within)) == len(expected)
    assert set(within) == expected
    assert len(claimed) > 0.5 * len(expected)  # the rest fell victim to a slow machine or to the losses
    # each claim left its record, and each record has somebody who knows of it
    known = {w.key for w in won}
    assert set(records(client)) == known
    for name in names:
        last = max(plan for job, plan in claimed + missed if job == name)
        assert int(client.get(keys.fired(name)).value) == last


def test_the_cursor_only_grows(client, shared_etcd):
    put_job(client, "j", overlap="allow")
    workers = team(shared_etcd)
    for worker in workers:
        worker.look()
    seen, stop = [], threading.Event()

    def watch():
        mine = shared_etcd.client()
        while not stop.is_set():
            seen.append(int(mine.get(keys.fired("j")).value))

    watcher = threading.Thread(target=watch)
    watcher.start()
    race(shared_etcd, workers, 30, losses=0.1)
    stop.set()
    watcher.join()
    assert seen == sorted(seen)
    assert len(set(seen)) > 10


def test_each_order_is_claimed_once(client, shared_etcd):
    for i in range(5):
        put_job(client, f"j{i}", "0 0 1 1 *", overlap="allow")
    for i in range(200):
        put_order(client, f"j{i % 5}", f"o{i}", at=T0 + i)
    workers = team(shared_etcd)
    for worker in workers:
        worker.look()
    won = race(shared_etcd, workers, 20, losses=0.1)
    assert len(won) == len({w.run_id for w in won}) == 200
    assert {w.record.outcome for w in won} == {Outcome.RUN}
    assert client.scan(keys.ORDERS).items == []


def test_a_locked_job_never_runs_twice_at_once(client, shared_etcd):
    put_job(client, "j")
    workers = team(shared_etcd)
    for worker in workers:
        worker.look()
    won = race(shared_etcd, workers, 30, losses=0.05)
    runs = [w for w in won if w.record.outcome is Outcome.RUN]
    assert len(runs) == 1  # nobody has ended it
    skipped = [w.record.plan for w in won if w.record.outcome is Outcome.OVERLAP]
    assert len(skipped) == len(set(skipped))
    claimed, missed = accounted(won, (Outcome.RUN, Outcome.OVERLAP))
    within = sorted(plan for _, plan in claimed + missed if plan <= T0 + 30 * SECOND)
    assert within == [T0 + i * SECOND for i in range(1, 31)]
