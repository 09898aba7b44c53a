"""An executor process: runs commands, completes their rows, and keeps each row until it is known to be
stored."""

import logging
import os
import time
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from app.common.metrics.worker import DURATION, LATENESS, RUNNING, RUNS
from app.common.models import Run, Status, Trigger
from app.common.settings import WorkerSettings
from app.worker import job_counts
from app.worker import messages as m
from app.worker.command import Launch
from app.worker.process import Parent, process_loop
from app.worker.queues import Inbox, Outbox
from app.worker.runner import Runner
from app.worker.running import Cause, Ended

log = logging.getLogger(__name__)

TURN_SECONDS = 0.25
GATHER_SECONDS = 0.005  # ends of this long are told together
BUSY_SECONDS = 0.02  # a turn while a queue waits for its consumer
ISOLATION_MARGIN = 2.0  # seconds; commands are gone this long before the lease may have ended
MAX_KEPT_BYTES = 64 * 1024 * 1024  # of rows kept until they are stored; beyond it the oldest are let go


def main(settings: WorkerSettings, sockets: Path, parent: Parent, index: int) -> None:
    """Entry point of the process."""
    process_loop(f"executor-{index}", settings, parent, lambda: Executor(settings, sockets, index))


class Executor:
    def __init__(self, settings: WorkerSettings, sockets: Path, index: int) -> None:
        self._settings = settings
        self._index = index
        self._runner = Runner(os.environ, secrets=settings.job_secrets_dir)
        self._inbox = Inbox(sockets, f"executor-{index}")
        self._runner.register(self._inbox.fileno())
        self._to_scheduler = Outbox(sockets, "scheduler", self._greet_scheduler)
        self._to_writer = Outbox(sockets, "log-writer", self._unstored)
        self._fires: dict[str, m.FireClaimed] = {}  # of runs in progress, and of the rows kept
        self._kept: dict[str, Run] = {}  # rows of ended runs, not known to be stored
        self._kept_bytes = 0
        for status in (Status.SUCCEEDED, Status.FAILED, Status.TIMEOUT, Status.KILLED):
            RUNS.labels(status=status.value, trigger=Trigger.CRON.value)
        self._valid_until = 0.0
        self._stopping: m.StopOrdered | None = None

    def turn(self) -> bool:
        busy = not (self._to_scheduler.idle and self._to_writer.idle)
        self._report(self._runner.poll(BUSY_SECONDS if busy else TURN_SECONDS, GATHER_SECONDS))
        for chunk in self._runner.live_output():
            self._to_writer.send(chunk)
        if self._runner.ready:  # the inbox is all that is registered there
            self._take(self._inbox.receive(0))
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

    def _take(self, messages: Iterable[object]) -> None:
        for message in messages:
            match message:
                case m.FireClaimed():
                    self._fires[message.run.id] = message
                    if log.isEnabledFor(logging.DEBUG):
                        log.debug("A run begins.", extra={"action": "run", **_ids(message.run)})
                    self._runner.launch([_launch(message)])
                case m.KillOrdered():
                    for run_id in message.run_ids:
                        if self._runner.kill(run_id, Cause.KILL, message.by):
                            ids = _ids(self._fires[run_id].run)
                            log.info("A run is killed.", extra={"action": "kill", "by": message.by, **ids})
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
                    log.error(
                        "An executor got a message that is not for it: %s",
                        type(message).__name__,
                        extra={"action": "message"},
                    )

    def _report(self, ended: list[Ended]) -> None:
        if not ended:
            return
        fires = self._fires
        rows = [
            complete(fires[end.run_id].run, end, fires[end.run_id].expire_after_ms)
            for end in ended
            if end.run_id in fires
        ]
        for row in rows:
            if fires[row.id].series:
                job_counts.count(row, fires[row.id].series)
        _log_ends(rows)
        for row in rows:
            self._keep(row)
        # The rows go out first: a scheduler that knows of an end can rely on the row being under way.
        self._to_writer.send(rows)
        facts = [m.EndedRun(row.id, row.status) for row in rows]
        self._to_scheduler.send(m.RunsEnded(self._index, facts, _measure(rows)))

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
            del self._fires[row_id]

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
                        fire.run.job_name,
                        fire.run.fence,
                        fire.lock,
                        run_id in self._kept,
                    )
                    for run_id, fire in self._fires.items()
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
        for run_id, fire in self._fires.items():
            # A grace that does not fit into half of the lease is cut: the run must be gone in time.
            grace = min(fire.grace, ttl / 2 - margin)
            if fire.kill_on_isolation and run_id not in self._kept and left < grace + margin:
                reason = "this worker: it was cut off from etcd (onIsolation)"
                self._runner.kill(run_id, Cause.KILL, reason, grace)


def _launch(fire: m.FireClaimed) -> Launch:
    run = fire.run
    return Launch(
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


def _ids(run: Run) -> dict[str, str]:
    return {"runId": run.id, "job": run.job_name}


def _log_ends(rows: list[Run]) -> None:
    """Runs that ended well are told at DEBUG only: there may be thousands a second."""
    debugging = log.isEnabledFor(logging.DEBUG)
    for row in rows:
        if debugging or row.status is not Status.SUCCEEDED:
            facts = {
                "status": row.status.value,
                "trigger": row.trigger.value,
                "attempt": row.attempt,
                "exitCode": row.exit_code,
                "seconds": (row.end_time - row.start_time) / 1000
                if row.start_time and row.end_time
                else None,
            }
            level = logging.DEBUG if row.status is Status.SUCCEEDED else logging.INFO
            log.log(level, "A run has ended.", extra={"action": "run", **_ids(row), **facts})


def _measure(rows: list[Run]) -> float:
    """Count the rows; returns how late the latest cron fire among them started, in ms."""
    for (status, trigger), count in Counter((row.status, row.trigger) for row in rows).items():
        RUNS.labels(status=status.value, trigger=trigger.value).inc(count)
    DURATION.observe_all(
        [max(0, row.end_time - row.start_time) / 1000 for row in rows if row.start_time and row.end_time]
    )
    late = [row.start_time - row.plan_time for row in rows if row.start_time and row.trigger is Trigger.CRON]
    LATENESS.observe_all([max(0, each) / 1000 for each in late])
    return max(late, default=0)


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
