"""Each part of a whole fleet is killed in turn, under load: requests failed, fires and rows lost, and how
long until full service.
"""

import time
from collections.abc import Sequence
from typing import Annotated

import typer

from app.common.models import Job, Status
from loadtest.failover_fleet import Fault, Fleet
from loadtest.failover_load import Load, signed_in
from loadtest.failover_local import local_fleet
from loadtest.failover_machines import machine_fleet
from loadtest.failover_tables import EACH_SECOND, LONGEST_RUN_MS, SPREAD, Window, tell_fires, tell_requests
from loadtest.report import Report
from loadtest.times import next_second, now_ms, pass_time, sleep_until
from tests.harness.oracle import Oracle, Verdict, judge
from tests.harness.poll import wait_until

BACK_SECONDS = 120  # until a part must do its work again
SETTLE_SECONDS = 120  # until each fire has its row: records of the dead are looked for every 60 s
APART_SECONDS = 10  # between the fires of a spread job
SLEEPS = 5  # every so many jobs one sleeps, so that a killed worker has something to lose

PART = typer.Option("--only", help="Kill this part; may be repeated. Default: each.")


def run(
    *,
    rate: Annotated[int, typer.Option(help="Fires a second.")] = 30,
    clients: Annotated[int, typer.Option(help="Clients of the API; each asks one request at a time.")] = 4,
    calm_seconds: Annotated[float, typer.Option(help="Between two faults.")] = 8,
    machines: Annotated[
        bool, typer.Option(help="On machines set up by the playbook, not as processes.")
    ] = False,
    only: Annotated[list[str] | None, PART] = None,
) -> Report:
    """Two nginx, two masters, three workers and three members of etcd. Two thirds of the fires are of jobs
    that fire every ten seconds: a pause makes them late. The others are of jobs of each second, where a pause
    of more than that lets a fire overtake the one before, which is then recorded as missed.
    """
    report = Report(f"failover: {rate} fires/s, {clients} clients of the API")
    fleet: Fleet
    with machine_fleet() if machines else local_fleet() as fleet:
        faults = [fault for fault in fleet.faults if not only or fault.name in only]
        measure(fleet, faults, report, rate=rate, clients=clients, calm_seconds=calm_seconds)
    return report


def measure(
    fleet: Fleet,
    faults: list[Fault],
    report: Report,
    *,
    rate: int,
    clients: int,
    calm_seconds: float,
    more_jobs: Sequence[Job] = (),
) -> Verdict:
    """Give `faults` one after the other, and write what they did into `report`. Returns what became of all
    fires."""
    connect = signed_in(fleet.url, fleet.trust, fleet.admin_password)
    jobs = [*_jobs(fleet, rate), *more_jobs]
    with connect() as client:
        for job in jobs:
            client.put(
                f"/jobs/{job.name}", json=job.model_dump(by_alias=True, mode="json")
            ).raise_for_status()
    load = Load(connect, clients)
    since = next_second(1)
    windows: list[Window] = []
    try:
        load.start()
        sleep_until(since)
        pass_time(calm_seconds, "nothing killed")
        windows.append(Window("nothing killed", since, None, now_ms()))
        for fault in faults:
            windows.append(_give(fault, load, calm_seconds))
        until = next_second(1)
        sleep_until(until)
    finally:
        load.stop()
    sleep_until(until + 3_000)
    with connect() as client:
        for job in jobs:
            client.delete(f"/jobs/{job.name}").raise_for_status()
        oracle, verdict = _judge_when_settled(fleet, jobs, since, until)
        span = {"from": since + 1, "to": until + 1}
        ledger = client.get("/ledger", params=span, timeout=60).raise_for_status().json()
    failed_at_first, failed = tell_requests(report, load, windows)
    missed = tell_fires(report, fleet.store, oracle, jobs, windows)
    report.figures["fires, by the jobs' own files and the rows"] = str(verdict)
    report.figures["writes in doubt, settled by reading"] = load.in_doubt
    report.figures["requests failed at the first try"] = failed_at_first
    report.figures["fires recorded as missed"] = verdict.rows[Status.MISSED]
    report.at_most("requests failed", failed, 0)
    report.at_most("fires lost", len(verdict.without_row), 0)
    report.at_most("fires missed of jobs every ten seconds", missed, 0)
    report.check("each fire ran once at most and has one row", verdict.clean)
    report.check("the ledger agrees", ledger["unaccounted"] == ledger["duplicated"] == 0)
    report.check(f"acknowledged writes are there, at once and at the end {load.wrong or ''}", not load.wrong)
    report.check("requests were answered around each fault", _answered_in_each(load, windows))
    return verdict


def _jobs(fleet: Fleet, rate: int) -> list[Job]:
    each_second = rate // 3
    spread = (rate - each_second) * APART_SECONDS
    schedules = [(f"{EACH_SECOND}{n}", "* * * * * * *") for n in range(each_second)] + [
        (f"{SPREAD}{n}", f"{n % APART_SECONDS}/{APART_SECONDS} * * * * * *") for n in range(spread)
    ]
    return [
        Job(
            name=name,
            command=fleet.command(f"sleep {LONGEST_RUN_MS / 1000:g}" if number % SLEEPS == 0 else ":"),
            cron_expr=expression,
            overlap="allow",
        )
        for number, (name, expression) in enumerate(schedules)
    ]


def _give(fault: Fault, load: Load, calm_seconds: float) -> Window:
    began = now_ms()
    hit = fault.inject()
    pass_time(fault.down_seconds, fault.name)
    fault.mend()
    wait_until(fault.is_back, BACK_SECONDS, f"the return of {fault.name}")
    back = now_ms()
    wait_until(lambda: load.was_answered(back), BACK_SECONDS, f"an answer after {fault.name}")
    pass_time(calm_seconds, f"after {fault.name}")
    return Window(f"{fault.name} ({hit})" if hit else fault.name, began, back, now_ms())


def _judge_when_settled(fleet: Fleet, jobs: list[Job], since: int, until: int) -> tuple[Oracle, Verdict]:
    """Once each fire has its row; at the latest after `SETTLE_SECONDS`."""
    deadline = time.monotonic() + SETTLE_SECONDS
    while True:
        oracle = fleet.oracle
        verdict = judge(jobs, oracle, fleet.store, since, until)
        if verdict.clean or time.monotonic() > deadline:
            return oracle, verdict
        time.sleep(1)


def _answered_in_each(load: Load, windows: list[Window]) -> bool:
    return all(any(not a.error and w.has(a.began) for a in load.asked) for w in windows)
