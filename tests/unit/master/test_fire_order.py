"""The order that is kept is the one that sorting anew gives, whatever changes and however time goes."""

import random

import pytest

from app.common import keys
from app.common.etcd.txn import KeyValue
from app.common.models import Job
from app.master.services.fire_order import FEW, FireOrder
from app.master.services.job_index import JobIndex, JobRow, Published

NOON = 1_893_499_200_000  # in 2030
EXPRESSIONS = (
    "* * * * * *",
    "*/7 * * * * *",
    "* * * * *",
    "0 3 * * *",
    "0 0 0 1 1 * 2030",
    "0 0 12 1 1 ? 2031",
)


@pytest.fixture
def index() -> JobIndex:
    return JobIndex(None, "UTC")  # only its parsing is used here


def a_row(index: JobIndex, number: int, expression: str, *, enabled: bool = True) -> JobRow:
    job = Job(name=f"job-{number:04}", command="x", cron_expr=expression, enabled=enabled)
    return index.row_of(KeyValue(keys.job(job.name), job.to_json(), 1, number))


def expected(rows: list[JobRow], now: int) -> tuple[list[str], list[str]]:
    fires = {row.name: row.firing.next(now) if row.firing else None for row in rows}
    coming = sorted((name for name in fires if fires[name] is not None), key=lambda name: (fires[name], name))
    return coming, [row.name for row in rows if fires[row.name] is None]


def found(order: FireOrder, published: Published, now: int) -> tuple[list[str], list[str]]:
    in_order = order.rows(published, now)
    return [row.name for row in in_order.coming], [row.name for row in in_order.resting]


@pytest.mark.parametrize("count", [3, 40, 2 * FEW])
def test_it_is_kept_through_time_and_changes(index, count):
    dice = random.Random(count)
    order, now, generation = FireOrder(), NOON, 0
    rows = {n: a_row(index, n, dice.choice(EXPRESSIONS)) for n in range(count)}
    for _ in range(60):
        for number in dice.sample(range(count), dice.choice([0, 0, 1, count // 2])):
            generation += 1
            if number in rows and dice.random() < 0.3:
                del rows[number]
            else:
                rows[number] = a_row(index, number, dice.choice(EXPRESSIONS), enabled=dice.random() < 0.8)
        by_name = [rows[number] for number in sorted(rows)]
        assert found(order, Published(generation, by_name), now) == expected(by_name, now)
        now += dice.choice([0, 1, 500, 1_000, 61_000, 5 * 3_600_000])


def test_a_job_whose_last_fire_is_over_rests(index):
    rows = [a_row(index, 1, "0 0 12 1 1 ? 2031"), a_row(index, 2, "* * * * *")]
    order, last = FireOrder(), 1_925_035_200_000
    assert found(order, Published(1, rows), last - 1) == (["job-0001", "job-0002"], [])
    assert found(order, Published(1, rows), last) == (["job-0002"], ["job-0001"])


def test_requests_that_overtake_each_other_do_not_undo_the_order_but_a_clock_set_back_does(index):
    rows = [a_row(index, 1, "* * * * *"), a_row(index, 2, "30 0 * * * *")]
    order, published = FireOrder(), Published(1, rows)
    assert found(order, published, NOON)[0] == ["job-0002", "job-0001"]
    assert found(order, published, NOON + 30_000)[0] == ["job-0001", "job-0002"]
    assert found(order, published, NOON + 29_500)[0] == ["job-0001", "job-0002"]
    assert found(order, published, NOON)[0] == ["job-0002", "job-0001"]
