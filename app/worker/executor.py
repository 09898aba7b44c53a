"""An executor process: runs commands, completes their rows, and keeps each row until it is known to be
stored."""

import logging
import os
import time
from dataclasses import dataclass
from pathlib import Path

from app.common.metrics import DURATION, LATENESS, RUNNING, RUNS
from app.common.models import Run, Status, Trigger
from app.common.settings import WorkerSettings
from app.worker import messages as m
from app.worker.command import Launch
from app.worker.process import Parent, process_loop
from app.worker.queues import Inbox, Outbox
from app.worker.runner import Runner
from app.worker.running import Cause, Ended

log = logging.getLogger(__name__)

TURN_SECONDS = 0.25
BUSY_SECONDS = 0.02  # a turn while a queue waits for its consumer
ISOLATION_MARGIN = 2.0  # seconds; commands are gone this long before the lease may have ended
MAX_KEPT_BYTES = 64 * 1024 * 1024  # of rows kept until they are stored; beyond it the oldest are let go


@dataclass(slots=True)
class _Held:
    fire: m.FireClaimed
    ended: bool = False


def main(settings: WorkerSettings, sockets: Path, parent: Parent, index: int) -> None:
    """Entry point of the process."""
    executor = Executor(settings, sockets, index)
    process_loop(f"executor-{index}", settings, parent, executor.turn, executor.close)


class Executor:
    def __init__(self, settings: WorkerSettings, sockets: Path, index: int) -> None:
        self._settings = settings
        self._index = index
        self._runner = Runner(os.environ)
        self._inbox = Inbox(sockets, f"executor-{index}")
        self._runner.register(self._inbox.fileno())
        self._to_scheduler = Outbox(sockets, "scheduler", self._greet_scheduler)
        self._to_writer = Outbox(sockets, "log-writer", self._unstored)
        self._held: dict[str, _Held] = {}
        self._kept: dict[str, Run] = {}  # rows not known to be stored
        self._kept_bytes = 0
        self._valid_until = 0.0
        self._stopping: m.StopOrdered | None = None

    def turn(self) -> bool:
        busy = not (self._to_scheduler.idle and self._to_writer.idle)
        self._report(self._runner.poll(BUSY_SECONDS if busy else TURN_SECONDS))
        for chunk in self._runner.live_output():
            self._to_writer.send(chunk)
        for message in self._inbox.receive(0):
            self._take(message)
        self._keep_isolated_from_overlapping()
        self._to_scheduler.flush()
        self._to_writer.flush()
        RUNNING.set(self._runner.running)
        return not (self._stopping and not self._runner.running and not self._kept)

    def close(self) -> None:
        """Ends every command; the rows are sent if there is still somebody to take them."""
        self._report(self._runner.close())
        for outbox in (self._to_writer, self._to_scheduler):
            outbox.flush(block=1)
            outbox.close()
        self._inbox.close()

    def _take(self, message: object) -> None:
        match message:
            case m.FireClaimed():
                self._launch(message)
            case m.KillOrdered():
                for run_id in message.run_ids:
                    self._runner.kill(run_id, Cause.KILL, message.by)
            case m.OutputWatched():
                self._runner.watch_output(message.run_id, message.watched)
            case m.RowsSettled():
                for row_id in message.row_ids:
                    self._let_go(row_id)
            case m.SessionRenewed():
                self._valid_until = message.valid_until
            case m.StopOrdered():
                self._stopping = message
                self._runner.kill_all(Cause.STOP)
            case _:
                log.error("An executor got a message that is not for it: %s", type(message).__name__)

    def _launch(self, fire: m.FireClaimed) -> None:
        run = fire.run
        self._held[run.id] = _Held(fire)
        self._runner.launch(
            [
                Launch(
                    run_id=run.id,
                    job_name=run.job_name,
                    command=run.command,
                    plan_time=run.plan_time,
                    worker=run.worker,
                    attempt=run.attempt,
                    fence=run.fence,
                    shell=fire.shell,
                    cwd=fire.cwd,
                    env=fire.env,
                    timeout=fire.timeout,
                    grace=fire.grace,
                    output_limit=fire.output_limit,
                )
            ]
        )

    def _report(self, ended: list[Ended]) -> None:
        if not ended:
            return
        rows, facts, lateness = [], [], 0.0
        for end in ended:
            held = self._held.get(end.run_id)
            if held is None:
                continue
            row = complete(held.fire.run, end, held.fire.expire_after_ms)
            held.ended = True
            rows.append(row)
            facts.append(m.EndedRun(row.id, row.status))
            late = self._measure(row)
            lateness = max(lateness, late)
            self._keep(row)
        # The row goes out first: a scheduler that knows of the end can rely on the row being under way.
        self._to_writer.send(rows)
        self._to_scheduler.send(m.RunsEnded(self._index, facts, lateness))

    @staticmethod
    def _measure(row: Run) -> float:
        """Count the row; returns how late it started, in ms (0 for all but cron fires)."""
        RUNS.labels(status=row.status.value, trigger=row.trigger.value).inc()
        if row.start_time is None or row.end_time is None:
            return 0.0
        DURATION.observe(max(0, row.end_time - row.start_time) / 1000)
        if row.trigger is not Trigger.CRON:
            return 0.0
        late = row.start_time - row.plan_time
        LATENESS.observe(max(0, late) / 1000)
        return late

    def _keep(self, row: Run) -> None:
        self._kept[row.id] = row
        self._kept_bytes += _size(row)
        while self._kept_bytes > MAX_KEPT_BYTES and len(self._kept) > 1:
            # The log writer has it; it is only no longer insured against the log writer's own death.
            self._let_go(next(iter(self._kept)))

    def _let_go(self, row_id: str) -> None:
        row = self._kept.pop(row_id, None)
        if row is not None:
            self._kept_bytes -= _size(row)
            self._held.pop(row_id, None)

    def _unstored(self) -> list[object]:
        """For a log writer that starts anew: what its predecessor may have taken with it."""
        return [list(self._kept.values())] if self._kept else []

    def _greet_scheduler(self) -> list[object]:
        """For a scheduler that starts anew: what runs here, and what ended and is not yet closed."""
        if self._kept:
            self._to_writer.send(list(self._kept.values()))  # so that it hears of their storage
        return [
            m.ExecutorReady(
                self._index,
                os.getpid(),
                [
                    m.HeldRun(
                        run_id,
                        held.fire.run.job_name,
                        held.fire.run.fence,
                        held.fire.lock,
                        held.ended,
                        held.fire.kill_on_isolation,
                    )
                    for run_id, held in self._held.items()
                ],
            )
        ]

    def _keep_isolated_from_overlapping(self) -> None:
        """End the commands that must never overlap before the lease can have run out: then another worker may
        start the next run. Does not depend on the other processes, which may be what failed."""
        if not self._valid_until:
            return
        left = self._valid_until - time.monotonic()
        ttl = self._settings.lease_ttl_seconds
        margin = min(ISOLATION_MARGIN, ttl / 6)
        if left >= ttl / 2:  # renewed every third of the TTL, a lease in order has two thirds left or more
            return
        for run_id, held in self._held.items():
            # A grace that does not fit into half of the lease is cut: the run must be gone in time.
            grace = min(held.fire.grace, ttl / 2 - margin)
            if held.fire.kill_on_isolation and not held.ended and left < grace + margin:
                reason = "this worker: it was cut off from etcd (onIsolation)"
                self._runner.kill(run_id, Cause.KILL, reason, grace)


def _size(row: Run) -> int:
    return len(row.output) + len(row.command) + 500


_STATUS = {
    Cause.TIMEOUT: Status.TIMEOUT,
    Cause.KILL: Status.KILLED,
    Cause.STOP: Status.KILLED,
    Cause.SPAWN_ERROR: Status.FAILED,
}


def complete(run: Run, end: Ended, expire_after_ms: int) -> Run:
    """The row of a run, now that it has ended."""
    run.status = _STATUS.get(end.cause) or (Status.SUCCEEDED if end.exit_code == 0 else Status.FAILED)
    run.start_time, run.end_time = end.start_ms, end.end_ms
    run.exit_code, run.signal, run.pid = end.exit_code, end.signal, end.pid
    run.output, run.output_bytes, run.truncated = end.output, end.output_bytes, end.truncated
    run.cpu_seconds, run.max_rss_kb = end.cpu_seconds, end.max_rss_kb
    run.reason = end.reason
    if end.survivors:
        run.reason += f"; {end.survivors} processes could not be ended"
    if run.status is not Status.SUCCEEDED:
        run.err = end.reason or _how_it_failed(end)
        run.reason = run.reason or run.err
    run.expire_at = end.end_ms + expire_after_ms
    return run


def _how_it_failed(end: Ended) -> str:
    return f"ended by signal {end.signal}" if end.signal else f"exit code {end.exit_code}"
