"""The log writer's real process between the two ends that a worker has around it, and rows as executors make
them."""

import multiprocessing
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from app.common.models import Run, Status, run_id
from app.common.settings import WorkerSettings
from app.worker import log_writer
from app.worker import messages as m
from app.worker.process import Parent
from app.worker.queues import Inbox, Outbox
from loadtest.processes import cpu

T0 = 1_900_000_000_000  # a whole minute in 2030: no store expires these rows
DAY_MS = 86_400_000
ROWS_A_MESSAGE = 10  # what an executor under load ends in one turn
MAX_ON_THE_WAY = 5_000  # rows sent and not yet acknowledged
SPOOL_BYTES = 8 * 1024**3


def a_row(number: int, jobs: int) -> Run:
    """Row `number` of as many jobs, each of which runs every second, as an executor completes it."""
    job = f"job-{number % jobs}"
    plan = T0 + number // jobs * 1000
    return Run(
        id=run_id(job, plan),
        job_name=job,
        plan_time=plan,
        status=Status.SUCCEEDED,
        command="/usr/bin/backup --quiet /srv",
        output="done\n",
        schedule_time=plan + 2,
        start_time=plan + 5,
        end_time=plan + 12,
        exit_code=0,
        worker="worker-1",
        pid=4000 + number % 20_000,
        output_bytes=5,
        cpu_seconds=0.0021,
        max_rss_kb=3544,
        fence=1_000_000 + number,
        job_revision=4711,
        expire_at=plan + 30 * DAY_MS,
    )


@dataclass(frozen=True)
class Writing:
    """What storing and acknowledging so many rows took."""

    rows: int
    seconds: float
    cpu: float  # seconds of the writer's process


class Desk:
    """The producer's and the scheduler's end of a log writer."""

    def __init__(self, sockets: Path, pid: int, acknowledgements: Inbox) -> None:
        self._outbox = Outbox(sockets, "log-writer")
        self._acknowledgements = acknowledgements
        self._pid = pid
        self._outbox.connect(30)

    def store(self, rows: Sequence[Run]) -> Writing:
        """Send rows as fast as they are acknowledged. The last ones, which wait for a batch that never gets
        full, are stored but not measured. Raises TimeoutError if not all are acknowledged."""
        before, started = cpu(self._pid).own, time.monotonic()
        sent = acknowledged = 0
        measured: Writing | None = None
        while acknowledged < len(rows):
            if time.monotonic() - started > 120:
                raise TimeoutError(f"the log writer has acknowledged {acknowledged} of {len(rows)} rows")
            while sent < len(rows) and sent - acknowledged < MAX_ON_THE_WAY:
                self._outbox.send(list(rows[sent : sent + ROWS_A_MESSAGE]))
                sent += ROWS_A_MESSAGE
            all_sent = self._outbox.flush(block=0.01)
            for message in self._acknowledgements.receive(0.01 if all_sent else 0):
                acknowledged += len(message.rows)
            if measured is None and acknowledged >= len(rows) - 2 * log_writer.BATCH:
                took = time.monotonic() - started
                measured = Writing(acknowledged, took, cpu(self._pid).own - before)
        assert measured is not None
        return measured

    def stop(self) -> None:
        self._outbox.send(m.StopOrdered(0))
        self._outbox.flush(block=5)
        self._outbox.close()


@contextmanager
def log_writer_process(directory: Path, store_url: str) -> Iterator[Desk]:
    """A log writer of a worker whose data is in `directory`; what its spool holds is replayed at once."""
    settings = WorkerSettings(store_url=store_url, data_dir=directory, spool_max_bytes=SPOOL_BYTES)
    sockets = directory / "sockets"
    sockets.mkdir(parents=True)
    acknowledgements = Inbox(sockets, "scheduler")
    process = multiprocessing.get_context("spawn").Process(
        target=log_writer.main, args=(settings, sockets, Parent(os.getpid())), daemon=True
    )
    process.start()
    try:
        assert process.pid is not None
        desk = Desk(sockets, process.pid, acknowledgements)
        yield desk
        desk.stop()
        process.join(30)
    finally:
        process.kill()
        process.join()
        acknowledgements.close()
