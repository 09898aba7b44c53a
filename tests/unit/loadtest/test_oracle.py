"""The verdict on many fires, minute by minute, is that on all of them at once."""

from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import pytest

from app.common.logstore import open_store
from app.common.models import Job, Run, Status, run_id
from tests.harness.oracle import Oracle, Verdict, judge, judge_by_minute

SINCE = 1_900_000_030_000  # in the middle of a minute
UNTIL = SINCE + 130_000
JOBS = [Job(name=name, command="true", cron_expr="*/10 * * * * * *") for name in ("a", "b")]


def fires() -> list[tuple[str, int]]:
    return [(job.name, plan) for job in JOBS for plan in range(SINCE + 10_000, UNTIL + 1, 10_000)]


def row(name: str, plan: int, status: Status, count: int = 1, last: int | None = None) -> Run:
    times = {} if status is Status.SKIPPED else {"start_time": plan + 5, "end_time": plan + 9}
    return Run(
        id=run_id(name, plan),
        job_name=name,
        plan_time=plan,
        status=status,
        count=count,
        last_plan_time=last,
        worker="w0",
        **times,
    )


def note(oracle: Path, name: str, plan: int) -> None:
    text = datetime.fromtimestamp(plan / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    with (oracle / "starts").open("a") as starts:
        starts.write(f"{name} run-{name}-{plan} {text} {plan / 1000 + 0.005:.6f}\n")


def sorted_lists(verdict: Verdict) -> dict[str, object]:
    return {
        name: sorted(value, key=str) if isinstance(value, list) else value
        for name, value in asdict(verdict).items()
    }


@pytest.mark.parametrize("faulty", [False, True], ids=["clean", "faulty"])
def test_minute_by_minute_it_is_the_same(tmp_path: Path, faulty: bool) -> None:
    oracle = Oracle(tmp_path / "oracle")
    store = open_store(f"sqlite:///{tmp_path / 'runs.db'}", 5)
    store.prepare()
    # "b" is skipped over the end of a minute: one row that reaches into the next.
    first, last = SINCE + 20_000, SINCE + 50_000
    rows = [row("b", first, Status.SKIPPED, 4, last)]
    for name, plan in fires():
        if name == "b" and first <= plan <= last:
            continue
        note(tmp_path / "oracle", name, plan)
        if faulty and plan == SINCE + 60_000:
            note(tmp_path / "oracle", name, plan)
            continue
        rows.append(row(name, plan, Status.SUCCEEDED))
    store.store(rows)
    whole = judge(JOBS, oracle, store, SINCE, UNTIL)
    parts = judge_by_minute(JOBS, oracle, store, SINCE, UNTIL)
    store.close()
    assert sorted_lists(parts) == sorted_lists(whole)
    assert parts.planned == len(fires())
    assert parts.clean is not faulty


def test_fires_without_any_start_are_judged(tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{tmp_path / 'runs.db'}", 5)
    store.prepare()
    verdict = judge_by_minute(JOBS, Oracle(tmp_path / "oracle"), store, SINCE, UNTIL)
    store.close()
    assert sorted(verdict.without_row) == sorted(fires())
