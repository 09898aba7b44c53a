"""Many jobs and what became of their last fires, written as fast as the stores take them."""

import random
import time
from collections.abc import Iterator
from typing import Any

from rich.progress import Progress

from app.common import keys
from app.common.etcd import EtcdClient, txn
from app.common.logstore import LogStore
from app.common.models import Run, Status, run_id

DAYS = 10
DAY_MS = 86_400_000
BATCH = 60  # jobs a transaction
ROWS = 5_000  # runs a batch
GROUPS = 40
TAGS = 7


def put_jobs(client: EtcdClient, jobs: int) -> None:
    """Daily jobs, spread over the day, in GROUPS groups and with TAGS tags; the last fires each minute."""
    now = int(time.time() * 1000)
    operations = [operation for number in range(jobs) for operation in _job(number, jobs, now)]
    with Progress() as bar:
        for start in bar.track(range(0, len(operations), 2 * BATCH), description="Jobs"):
            client.txn(success=[*operations[start : start + 2 * BATCH], txn.put(keys.JOBS_MARK, b"")])


def job_name(number: int) -> str:
    return f"job-{number:06d}"


def group_of(number: int) -> str:
    return f"group-{number % GROUPS}"


def tag_of(number: int) -> str:
    return f"tag-{number % TAGS}"


def _job(number: int, jobs: int, now: int) -> Iterator[Any]:
    name, expression = job_name(number), _expression(number, jobs)
    job = (
        f'{{"name":"{name}","command":"true","cronExpr":"{expression}","group":"{group_of(number)}",'
        f'"tags":["{tag_of(number)}"]}}'
    )
    yield txn.put(keys.job(name), job.encode())
    yield txn.put(keys.fired(name), keys.cursor(now))


def _expression(number: int, jobs: int) -> str:
    return "* * * * *" if number == jobs - 1 else f"{number % 60} {number // 60 % 24} * * *"


def store_runs(store: LogStore, jobs: int, runs: int) -> str:
    """The last fires of each job of `put_jobs`, as many days back as `runs` allows, and DAYS days of the one
    of each minute. Returns its name.
    """
    hot = job_name(jobs - 1)
    now = now_minute()
    chance = random.Random(5)
    plans = [(hot, now - number * 60_000) for number in range(1, DAYS * 1440 + 1)]
    for day in range(runs // jobs):
        for number in range(jobs - 1):
            of_day = (number // 60 % 24 * 60 + number % 60) * 60_000
            last = now // DAY_MS * DAY_MS + of_day
            plans.append((job_name(number), last - (day + (last >= now)) * DAY_MS))
    with Progress() as bar:
        for start in bar.track(range(0, len(plans), ROWS), description="Runs"):
            store.store([_run(name, plan, chance) for name, plan in plans[start : start + ROWS]])
    return hot


def stored_run(number: int) -> Run:
    """One like those of `store_runs`."""
    return _run(job_name(number), now_minute() - number * 60_000, random.Random(number))


def now_minute() -> int:
    """Epoch ms of the beginning of this minute."""
    return int(time.time() * 1000) // 60_000 * 60_000


def _run(name: str, plan: int, chance: random.Random) -> Run:
    start = plan + chance.randint(1, 40)
    status = chance.choices([Status.SUCCEEDED, Status.FAILED, Status.TIMEOUT], [95, 4, 1])[0]
    return Run(
        id=run_id(name, plan),
        job_name=name,
        plan_time=plan,
        status=status,
        command="true",
        output="\n".join(f"line {number}" for number in range(20)),
        schedule_time=plan + 1,
        start_time=start,
        end_time=start + chance.randint(20, 90_000),
        exit_code=0 if status is Status.SUCCEEDED else 1,
        worker=chance.choice(["local", "worker-a", "worker-b"]),
        output_bytes=150,
        job_revision=1,
    )
