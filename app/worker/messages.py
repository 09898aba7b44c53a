"""What the processes of a worker tell each other: facts and orders, immutable, sent in lists.

watcher -> scheduler: KeysReplaced, KeysChanged, SessionRenewed, SessionLost, ClockChecked
watcher -> executors: SessionRenewed
scheduler -> watcher: StatusReported
scheduler -> executors: FireClaimed, KillOrdered, OutputWatched, RowsSettled, StopOrdered
executors -> scheduler: ExecutorReady, RunsEnded
executors, scheduler -> log writer: list of Run
executors -> log writer: LiveOutput
log writer -> scheduler: RowsStored
main -> scheduler: ExecutorDied, StopOrdered; main -> the others: StopOrdered
scheduler -> main: Drained
"""

from typing import NamedTuple

from app.common.key_value import Event, KeyValue
from app.common.models import Run, Status, WorkerState


class KeysReplaced(NamedTuple):
    """One part of a new snapshot of the mirrored keys; `last` closes it. What no part holds is gone."""

    items: list[KeyValue]
    first: bool
    last: bool


class KeysChanged(NamedTuple):
    events: list[Event]


class SessionRenewed(NamedTuple):
    """`valid_until`: monotonic seconds (one clock for all processes of a host)."""

    lease: int
    valid_until: float


class SessionLost(NamedTuple):
    pass


class ClockChecked(NamedTuple):
    """`offset_ms`: this clock minus the median of the cluster. `trusted`: whether to claim by it.
    `at`: monotonic seconds of the comparison."""

    offset_ms: int
    trusted: bool
    at: float


class StatusReported(NamedTuple):
    """What the next heartbeat says of this worker."""

    running: int
    state: WorkerState
    reason: str
    lateness_ms: float


class FireClaimed(NamedTuple):
    """A run to start. `run` is the row so far; the executor completes it."""

    run: Run
    shell: str
    cwd: str | None
    env: dict[str, str]
    timeout: float | None
    grace: float
    output_limit: int
    expire_after_ms: int
    kill_on_isolation: bool
    lock: str | None  # key of the lock it holds
    series: str = ""  # the name under which its job is counted; empty: it has no series of its own


class KillOrdered(NamedTuple):
    run_ids: list[str]
    by: str


class OutputWatched(NamedTuple):
    run_id: str
    watched: bool


class RowsSettled(NamedTuple):
    """These rows are safe; the executor need not keep them any longer."""

    row_ids: list[str]


class HeldRun(NamedTuple):
    """A run that an executor still has: running, or ended and not yet known to be stored."""

    run_id: str
    job_name: str
    fence: int
    lock: str | None
    ended: bool


class ExecutorReady(NamedTuple):
    """First message on every new connection of an executor."""

    executor: int
    pid: int
    held: list[HeldRun]


class EndedRun(NamedTuple):
    run_id: str
    status: Status


class RunsEnded(NamedTuple):
    executor: int
    runs: list[EndedRun]
    max_lateness_ms: float


class ExecutorDied(NamedTuple):
    """The executor is gone and so is everything it had started. `pid` tells which of its lives it was."""

    executor: int
    pid: int


class StoredRow(NamedTuple):
    """`fires` is Run.count: tells which size of a growing range was stored. `lost`: it stands as LOST in the
    store."""

    row_id: str
    fires: int
    lost: bool


class RowsStored(NamedTuple):
    rows: list[StoredRow]


class StopOrdered(NamedTuple):
    """`deadline`: monotonic seconds after which runs are ended."""

    deadline: float


class Drained(NamedTuple):
    """The scheduler has nothing left to do after StopOrdered."""


class StartRefused(NamedTuple):
    """This worker must not run: its id is in use."""

    reason: str
