"""Load that is offered to a running system, and what became of it."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from app.common import keys
from app.common.etcd import txn
from app.common.logstore import RunQuery
from app.common.models import Run, RunOrder, Status, Trigger
from loadtest.processes import CpuClock, pids_of
from loadtest.system import JOBS_A_TRANSACTION, System
from loadtest.times import next_second, now_ms, pass_time, sleep_until
from tests.harness.oracle import Oracle, Start
from tests.harness.poll import wait_until

TICK_SECONDS = 0.005  # between orders that are put together
SETTLE_SECONDS = 90  # a fire that finds no room waits up to 60 s for it
ORDER_LIFE_MS = 600_000


@dataclass(frozen=True)
class Outcome:
    """`lateness`: ms from plan to start by the command's own clock, sorted. `cpu_us`: microseconds of CPU a
    run by kind of process, most first, with `commands` for the commands themselves."""

    rate: int  # offered a second
    seconds: int
    succeeded: int
    right: bool  # each ran at most once, and has exactly one row
    verdict: str
    lateness: list[int]
    cpu_us: dict[str, float]

    @property
    def all_ran(self) -> bool:
        return self.right and self.succeeded == self.rate * self.seconds

    @property
    def ran_rate(self) -> float:
        return self.succeeded / self.seconds


def each_second(system: System, rate: int, seconds: int) -> Outcome:
    """`rate` jobs that all fire at each full second, for `seconds`.

    Their schedules end by themselves: so the last fires are on record too where the system has fallen behind.
    """
    first = next_second(2 + rate / 1000)
    last = first + (seconds - 1) * 1000
    return at_seconds(system, first, last, rate, "* * * * * * *")


def at_seconds(system: System, first: int, last: int, count: int, expression: str) -> Outcome:
    """`count` jobs with this schedule, which fires at `first` and `last` and maybe between them."""
    s = _with_own_oracle(system, first)
    jobs = s.put_jobs(
        {
            "name": f"job-{first // 1000}-{i}",
            "command": s.oracle.command(),
            "cronExpr": expression,
            "startsAt": _iso(first),
            "endsAt": _iso(last + 500),  # it must be later than startsAt
        }
        for i in range(count)
    )
    sleep_until(first - 300)
    assert now_ms() < first, "the jobs took longer to write than planned"
    clock = _cpu_clock(s)
    pass_time((last + 1000 - now_ms()) / 1000, f"{count} fires at once")
    verdict = s.judge_when_settled(jobs, first - 1, last, SETTLE_SECONDS)
    used = clock.seconds()
    s.delete_jobs(jobs)
    succeeded = verdict.rows[Status.SUCCEEDED]
    return Outcome(
        rate=count,
        seconds=(last - first) // 1000 + 1,
        succeeded=succeeded,
        right=verdict.clean,
        verdict=str(verdict),
        lateness=lateness(s.oracle.starts()),
        cpu_us=_each(used, succeeded),
    )


def spread(system: System, rate: int, seconds: int) -> Outcome:
    """`rate` orders to run a job now, put into etcd evenly over each of `seconds`."""
    first = next_second(2 + rate / 1000)
    s = _with_own_oracle(system, first)
    jobs = s.put_jobs(
        {"name": f"ordered-{first // 1000}-{i}", "command": s.oracle.command(), "cronExpr": "@yearly"}
        for i in range(rate)
    )
    sleep_until(first)
    clock = _cpu_clock(s)
    for due, numbers in even_batches(rate, seconds):
        sleep_until(first + round(due * 1000))
        at = now_ms()
        order = RunOrder(at=at, expires_at=at + ORDER_LIFE_MS).to_json()
        s.cluster.client.txn(
            success=[txn.put(keys.order(jobs[i % rate].name, str(i)), order) for i in numbers]
        )
    wait_until(lambda: not _unfinished(s), SETTLE_SECONDS, "the end of all ordered runs")
    used = clock.seconds()
    starts, rows = s.oracle.starts(), _manual_rows(s, first, now_ms())
    s.delete_jobs(jobs)
    wanted = rate * seconds
    ids = Counter(start.run_id for start in starts)
    right = set(ids) == {row.id for row in rows} and len(rows) == len(ids) == len(starts) == wanted
    succeeded = sum(row.status is Status.SUCCEEDED for row in rows)
    return Outcome(
        rate=rate,
        seconds=seconds,
        succeeded=succeeded,
        right=right,
        verdict=f"ordered {wanted}, starts {len(starts)} of {len(ids)} runs, rows {len(rows)}",
        lateness=lateness(starts),
        cpu_us=_each(used, succeeded),
    )


def lateness(starts: list[Start]) -> list[int]:
    return sorted(start.at - start.plan for start in starts)


def even_batches(rate: int, seconds: int) -> Iterator[tuple[float, range]]:
    """`rate` numbers for each of `seconds`, evenly: when a batch is due, in seconds, and its numbers."""
    begun = 0
    for tick in range(1, round(seconds / TICK_SECONDS) + 1):
        due = min(round(tick * TICK_SECONDS * rate), rate * seconds)
        for start in range(begun, due, JOBS_A_TRANSACTION):
            yield tick * TICK_SECONDS, range(start, min(due, start + JOBS_A_TRANSACTION))
        begun = due


def _unfinished(s: System) -> bool:
    return bool(s.cluster.client.scan(keys.ORDERS, keys_only=True).items or s.cluster.open_records())


def _manual_rows(s: System, since: int, until: int) -> list[Run]:
    found: list[Run] = []
    cursor = None
    while True:
        query = RunQuery(triggers=(Trigger.MANUAL,), since=since, until=until, limit=1000, cursor=cursor)
        page = s.cluster.store.runs(query)
        found += page.runs
        cursor = page.next_cursor
        if cursor is None:
            return found


def _with_own_oracle(s: System, moment: int) -> System:
    return replace(s, oracle=Oracle(s.directory / f"oracle-{moment}"))


def _cpu_clock(s: System) -> CpuClock:
    assert s.etcd.process is not None
    return CpuClock({"etcd": s.etcd.process.pid, **pids_of(s.cluster)})


def _each(used: dict[str, float], runs: int) -> dict[str, float]:
    """Microseconds a run by kind of process, all workers and executors together, most first."""
    kinds: dict[str, float] = defaultdict(float)
    for name, seconds in used.items():
        kinds[name.rpartition("/")[2].rstrip("-0123456789")] += seconds / max(runs, 1) * 1e6
    return dict(sorted(kinds.items(), key=lambda kind: -kind[1]))


def _iso(moment: int) -> str:
    return datetime.fromtimestamp(moment / 1000, UTC).isoformat()
