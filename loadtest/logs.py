"""The log writer and its store: rows a second, the replay of a spool, and page times over many rows."""

import random
import statistics
import tempfile
import time
from collections.abc import Sequence
from contextlib import closing
from operator import truediv
from pathlib import Path

from rich.progress import track

from app.common.logstore import open_store
from app.common.models import Run, Status
from app.worker.spool import Spool
from loadtest import log_pages
from loadtest.log_bare import Bare, BareMongo, BareSqlite
from loadtest.log_history import fill
from loadtest.log_writing import SPOOL_BYTES, T0, Writing, a_row, log_writer_process
from loadtest.report import Report, Series
from loadtest.times import percentile
from tests.harness.poll import wait_until
from tests.harness.services import Mongo

JOBS = (1, 100, 1_000)  # distinct jobs of a batch
TYPICAL_JOBS = 100
SPOOLED_AT_ONCE = 10_000  # rows
DEADLINE = 30  # seconds
PAGE_MS = 50
TARGET = 0.8


def run(
    *,
    rows: int = 40_000,
    mongo_rows: int = 6_000,
    rounds: int = 3,
    spooled: int = 1_000_000,
    stored: int = 5_000_000,
    asked: int = 60,
) -> Report:
    """Rates: `rounds` times so many rows, for each store and number of jobs. Replay of `spooled` rows. Pages
    over `stored` rows, each `asked` times. 0 leaves a part out.

    The rate is that of the log writer's own process, fed through its queue and acknowledging each row. The
    bare loop, in turns with it, inserts the same rows in transactions or requests of 1,000, as durable: for
    SQLite into the same tables with the same indexes, and into one plain table without any; for MongoDB into
    a collection with the same indexes. It receives nothing, compares nothing, and keeps no state of any job.
    """
    report = Report("logs: the log writer and its store")
    with tempfile.TemporaryDirectory(prefix="yuanya-load-", ignore_cleanup_errors=True) as name:
        directory = Path(name)
        table = report.table(
            "rows a second",
            "store",
            "jobs",
            "log writer",
            "its CPU, us a row",
            "bare loop",
            "ratio",
            "plain",
            "ratio",
        )
        if rows:
            _sqlite_rates(report, table, directory, rows, rounds)
        if mongo_rows:
            _mongo_rates(report, table, directory, mongo_rows, rounds)
        if spooled:
            _replay(report, directory / "replay", spooled)
        if stored:
            _pages(report, directory / "pages", stored, asked)
    return report


def _sqlite_rates(report: Report, table: Series, directory: Path, rows: int, rounds: int) -> None:
    for jobs in JOBS:
        place = directory / f"sqlite-{jobs}"
        place.mkdir()
        bare = [BareSqlite(place / "same.db", indexed=True), BareSqlite(place / "plain.db", indexed=False)]
        _rates(report, table, "SQLite", jobs, place, f"sqlite:///{place / 'runs.db'}", bare, rows, rounds)


def _mongo_rates(report: Report, table: Series, directory: Path, rows: int, rounds: int) -> None:
    server = Mongo(directory / "mongo")
    server.start()
    try:
        for jobs in JOBS:
            url = server.url.removesuffix("/cron")
            bare = [BareMongo(f"{url}/bare_{jobs}")]
            place = directory / f"mongo-{jobs}"
            _rates(report, table, "MongoDB", jobs, place, f"{url}/cron_{jobs}", bare, rows, rounds)
    finally:
        server.stop()


def _rates(
    report: Report,
    table: Series,
    store: str,
    jobs: int,
    place: Path,
    url: str,
    bare: Sequence[Bare],
    rows: int,
    rounds: int,
) -> None:
    """The log writer and the bare loops in turns, over the same rows; the median of the rounds counts."""
    written: list[Writing] = []
    seconds: list[list[float]] = [[] for _ in bare]
    with log_writer_process(place / "worker", url) as desk:
        desk.store(_rows(0, 1_000, jobs))  # it connects, and makes its tables
        for number in track(range(rounds), f"{store}, {jobs} jobs"):
            batch = _rows(1_000 + number * rows, rows, jobs)
            written.append(desk.store(batch))
            for loop, taken in zip(bare, seconds, strict=True):
                taken.append(loop.insert(batch))
    ours = [each.rows / each.seconds for each in written]
    loops = [[rows / each for each in taken] for taken in seconds]
    ratios = [statistics.median(map(truediv, ours, each)) for each in loops]
    cpu = sum(each.cpu for each in written) / sum(each.rows for each in written) * 1e6
    rates = [round(statistics.median(each)) for each in (ours, *loops)]
    plain = (rates[2], ratios[1]) if len(bare) > 1 else ("", "")
    table.add(store, jobs, rates[0], round(cpu, 1), rates[1], ratios[0], *plain)
    if jobs == TYPICAL_JOBS:
        report.at_least(f"{store}, {jobs} jobs a batch: over the bare loop", ratios[0], TARGET)
    total = 1_000 + rounds * rows
    with closing(open_store(url, DEADLINE)) as kept:
        counted = sum(kept.count_by_status(T0, T0 + 10 * total * 1000).values())
        states = kept.job_states()
    right = counted == total and all(loop.count() == rounds * rows for loop in bare)
    right = right and len(states) == jobs and not any(each.failures_in_a_row for each in states.values())
    report.check(f"{store}, {jobs} jobs: each row is stored once, and counted for its job", right)
    for loop in bare:
        loop.close()


def _replay(report: Report, place: Path, rows: int) -> None:
    spool = Spool(place / "spool", SPOOL_BYTES)
    spooling = 0.0
    for first in track(range(0, rows, SPOOLED_AT_ONCE), "Spooling"):
        batch = _rows(first, min(SPOOLED_AT_ONCE, rows - first), TYPICAL_JOBS)
        started = time.monotonic()
        spool.append(batch)
        spooling += time.monotonic() - started
    spool.close()
    url = f"sqlite:///{place / 'runs.db'}"
    started = time.monotonic()
    with log_writer_process(place, url):
        wait_until(lambda: not any((place / "spool").iterdir()), 600, "the end of the replay")
        taken = time.monotonic() - started
    report.figures[f"replay of {rows:,} rows from the spool, rows/s"] = round(rows / taken)
    report.figures["rows/s into the spool, flushed to the disk"] = round(rows / spooling)
    end = T0 + 10 * rows * 1000
    with closing(open_store(url, DEADLINE)) as store:
        counts = store.count_by_status(T0, end)
        first_ones = sum(not row.duplicate for row in store.ledger_rows(None, T0, end))
    once = counts == {Status.SUCCEEDED: rows} and first_ones == rows
    report.check("every row of the spool is stored once, none is lost", once)


def _pages(report: Report, place: Path, rows: int, asked: int) -> None:
    started = time.monotonic()
    place.mkdir()
    history = fill(place / "runs.db", rows)
    report.figures[f"time to make {history.rows:,} rows, s"] = round(time.monotonic() - started)
    with closing(history.open()) as store:
        report.check("lists and counts are what plain SQL finds", log_pages.lists_are_right(store, history))
        times = log_pages.ask_all(log_pages.questions(store, history, random.Random(1)), asked)
    table = report.table(f"answers over {history.rows:,} rows, ms", "question", "p50", "p95", "max")
    for name, taken in times.items():
        p95 = percentile(taken, 0.95)
        table.add(name, round(percentile(taken, 0.5), 1), round(p95, 1), round(max(taken), 1))
    slowest = max(percentile(taken, 0.95) for taken in times.values())
    report.at_most("p95 of the slowest question, ms", slowest, PAGE_MS)


def _rows(first: int, count: int, jobs: int) -> list[Run]:
    return [a_row(number, jobs) for number in range(first, first + count)]
