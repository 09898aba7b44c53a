"""Faults that make each alert fire, and how to make them. Each is undone at the end of its `with` block."""

import os
import secrets
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx

from app.common import keys
from app.common.models import Run, Status, run_id
from tests.cluster.test_isolation import clear_faketime
from tests.cluster.test_process_deaths import is_running
from tests.harness.poll import free_port, wait_until
from tests.harness.services import needs
from tests.observability.live import EVERY_SECOND, QUOTA_BYTES, Fleet

WARNING, CRITICAL = "warning", "critical"
EVERY_FEW_SECONDS = "*/2 * * * * * *"


@dataclass(frozen=True)
class Fault:
    name: str
    make: Callable[[Fleet], AbstractContextManager[None]]
    fires: tuple[tuple[str, str], ...]  # alert and severity


def at_second(moment: datetime) -> str:
    """The schedule that fires once, then."""
    return f"{moment:%-S %-M %-H %-d %-m} * {moment:%Y}"


@contextmanager
def jobs_fail(fleet: Fleet) -> Iterator[None]:
    names = [f"fails-{number}" for number in range(6)]
    for name in names:
        fleet.cluster.put_job(
            name=name, command="exit 3", cronExpr=EVERY_FEW_SECONDS, metrics=name == names[0]
        )
    yield
    for name in names:
        fleet.cluster.client.delete(keys.job(name))


@contextmanager
def a_job_never_succeeds(fleet: Fleet) -> Iterator[None]:
    """Made by way of the API, which notes when: the time counts from there."""
    job = {"name": "overdue", "command": "true", "cronExpr": "0 0 1 1 *", "successWithinSeconds": 1}
    with closing(fleet.master.client()) as client:
        client.post("/jobs", json=job).raise_for_status()
    yield
    fleet.cluster.client.delete(keys.job("overdue"))


@contextmanager
def a_bad_value_in_etcd(fleet: Fleet) -> Iterator[None]:
    fleet.cluster.client.put(
        keys.job("invalid"), b'{"name":"invalid","command":"true","cronExpr":"61 * * * *"}'
    )
    yield
    fleet.cluster.client.delete(keys.job("invalid"))


@contextmanager
def executors_die(fleet: Fleet) -> Iterator[None]:
    """While they run something."""
    marker = f"4321.{secrets.randbelow(10**9):09d}"
    fleet.cluster.put_job(name="long", command=f"sleep {marker}", cronExpr=EVERY_SECOND)
    wait_until(lambda: is_running(marker), what="the run")
    fleet.cluster.client.delete(keys.job("long"))
    for worker in fleet.workers:
        os.kill(worker.pids()["executor-0"], signal.SIGKILL)
    yield


@contextmanager
def a_fire_has_a_row_of_another(fleet: Fleet) -> Iterator[None]:
    """What a second worker that ran the same fire would have stored is in the store before."""
    moment = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=4)
    plan = int(moment.timestamp() * 1000)
    other = Run(
        id=run_id("doubled", plan),
        job_name="doubled",
        plan_time=plan,
        status=Status.SUCCEEDED,
        worker="elsewhere",
        start_time=plan,
        end_time=plan + 1,
        expire_at=plan + 86_400_000,
    )
    fleet.cluster.store.store([other])
    fleet.cluster.put_job(name="doubled", command="true", cronExpr=at_second(moment))
    yield
    fleet.cluster.client.delete(keys.job("doubled"))


@contextmanager
def a_clock_is_ahead(fleet: Fleet) -> Iterator[None]:
    """That of a third worker."""
    needs("faketime")
    port = free_port()
    worker = fleet.cluster.add_worker("w3", metrics_port=port)
    clear_faketime()
    worker.start(prefix=("faketime", "-f", "+5s"), FAKETIME_DONT_FAKE_MONOTONIC="1")
    fleet.prometheus.scrape_too("yuanya-worker", "w3", f"127.0.0.1:{port}")
    yield
    fleet.prometheus.scrape_no_more("yuanya-worker", "w3")
    worker.kill()
    clear_faketime()


@contextmanager
def the_certificate_ends_soon(fleet: Fleet) -> Iterator[None]:
    fleet.use_certificate(days=2)
    yield
    fleet.use_certificate(days=365)


@contextmanager
def workers_hang(fleet: Fleet) -> Iterator[None]:
    """For 10 s: fires of each second are missed but for the last, and one of them is 7 s late."""
    moment = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=3)
    fleet.cluster.put_job(name="late", command="true", cronExpr=at_second(moment))
    for worker in fleet.workers:
        worker.signal_all(signal.SIGSTOP)
    wait_until(lambda: ("CronWorkerDown", CRITICAL) in fleet.prometheus.firing(), what="the alert")
    time.sleep(max(0.0, moment.timestamp() + 7 - time.time()))
    for worker in fleet.workers:
        worker.signal_all(signal.SIGCONT)
    yield
    fleet.cluster.client.delete(keys.job("late"))


@contextmanager
def the_store_is_away(fleet: Fleet) -> Iterator[None]:
    """While jobs print much."""
    output = "head -c 200000 /dev/urandom | base64"
    names = [f"prints-{number}" for number in range(4)]
    for name in names:
        fleet.cluster.put_job(name=name, command=output, cronExpr=EVERY_SECOND)
    fleet.mongo.kill()
    yield
    for name in names:
        fleet.cluster.client.delete(keys.job(name))
    fleet.mongo.start()


@contextmanager
def the_spool_is_damaged(fleet: Fleet) -> Iterator[None]:
    fleet.mongo.kill()
    directory = fleet.cluster.directory / "w1"
    found: list[Path] = []

    def rows_on_disk() -> bool:
        found[:] = [path for path in directory.rglob("*.spool") if path.stat().st_size > 0]
        return bool(found)

    wait_until(rows_on_disk, what="rows on disk")
    with found[0].open("r+b") as file:
        file.write(b"damaged!")
    fleet.mongo.start()
    yield


@contextmanager
def the_console_is_down(fleet: Fleet) -> Iterator[None]:
    fleet.console.kill()
    yield
    fleet.console.start()


@contextmanager
def a_worker_is_killed(fleet: Fleet) -> Iterator[None]:
    worker = fleet.cluster.workers["w2"]
    worker.kill()
    yield
    worker.start()


@contextmanager
def etcd_fills(fleet: Fleet) -> Iterator[None]:
    """With values that nobody here asked for, to 92 % of its quota."""
    written = 0
    while size_of(fleet) < 0.92 * QUOTA_BYTES:
        fleet.cluster.client.put(f"/junk/{written}", bytes(256 * 1024))
        written += 1
    yield


def size_of(fleet: Fleet) -> float:
    text = httpx.get(f"{fleet.etcd.endpoint}/metrics").text
    name = "etcd_mvcc_db_total_size_in_bytes "
    return float(next(line for line in text.splitlines() if line.startswith(name)).removeprefix(name))


@contextmanager
def etcd_hangs(fleet: Fleet) -> Iterator[None]:
    fleet.etcd.pause()
    yield
    fleet.etcd.resume()


@contextmanager
def the_master_is_killed(fleet: Fleet) -> Iterator[None]:
    fleet.master.kill()
    yield
    fleet.master.start()


STEPS: list[list[Fault]] = [
    [
        Fault("six jobs fail", jobs_fail, (("CronJobFailing", WARNING), ("CronJobsFailing", WARNING))),
        Fault("a job never succeeds", a_job_never_succeeds, (("CronJobOverdue", CRITICAL),)),
        Fault("a bad value is put into etcd", a_bad_value_in_etcd, (("CronInvalidJobs", WARNING),)),
        Fault(
            "executors are killed while they run something",
            executors_die,
            (("CronProcessCrashing", WARNING), ("CronRunsLost", WARNING)),
        ),
        Fault(
            "a fire has a row of another worker", a_fire_has_a_row_of_another, (("CronDoubledRun", CRITICAL),)
        ),
        Fault(
            "the certificate of the console ends in 2 days",
            the_certificate_ends_soon,
            (("CronCertificateExpires", WARNING), ("CronCertificateExpires", CRITICAL)),
        ),
    ],
    [Fault("a clock is 5 s ahead", a_clock_is_ahead, (("CronClockOff", WARNING),))],
    [
        Fault(
            "all workers hang for 10 s",
            workers_hang,
            (
                ("CronWorkerDown", CRITICAL),
                ("CronFiresMissed", WARNING),
                ("CronRunsLate", WARNING),
            ),
        )
    ],
    [
        Fault(
            "the log store is killed while jobs print much",
            the_store_is_away,
            (("CronSpoolGrowing", WARNING), ("CronSpoolGrowing", CRITICAL), ("CronStoreFailing", CRITICAL)),
        )
    ],
    [Fault("a row on disk is damaged", the_spool_is_damaged, (("CronRecordsDropped", CRITICAL),))],
    [
        Fault("nginx is killed", the_console_is_down, (("CronConsoleDown", CRITICAL),)),
        Fault("a worker is killed", a_worker_is_killed, (("CronWorkerDown", WARNING),)),
    ],
    [Fault("etcd is filled to 92 %", etcd_fills, (("CronEtcdSpace", WARNING), ("CronEtcdSpace", CRITICAL)))],
    [
        Fault(
            "etcd hangs",
            etcd_hangs,
            (
                ("CronEtcdDown", WARNING),
                ("CronEtcdDown", CRITICAL),
                ("CronEtcdSlow", WARNING),
                ("CronMirrorStale", CRITICAL),
            ),
        )
    ],
    [
        Fault(
            "the master is killed",
            the_master_is_killed,
            (("CronMasterDown", WARNING), ("CronMasterDown", CRITICAL)),
        )
    ],
]
"""Faults of a step are made together; steps follow one another."""
