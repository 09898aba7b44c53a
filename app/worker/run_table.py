"""What this worker has claimed and not yet closed: commands that run, and open records whose rows are on
their way to the store. Knows no clock."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from app.common.models import Run, RunOrder
from app.worker.messages import StoredRow


@dataclass(frozen=True, slots=True)
class RunningRun:
    run_id: str
    job: str
    executor: int
    fence: int
    lock: str | None


@dataclass(slots=True)
class OpenEntry:
    """An open record, and the rows (id -> count) that must be stored before it may go. `rerun` is ordered
    with its end if the run stands as lost: (job, order id, order)."""

    key: str
    revision: int
    rows: dict[str, int] = field(default_factory=dict)
    rerun: tuple[str, str, RunOrder] | None = None
    lost: bool = False


class RunTable:
    def __init__(self) -> None:
        self.running: dict[str, RunningRun] = {}
        self._loads: Counter[int] = Counter()
        self._ended: dict[str, int] = {}  # run id -> executor, until its row is stored
        self._open: dict[str, OpenEntry] = {}  # by key
        self._waiting: dict[str, OpenEntry] = {}  # by row id
        self._sent: dict[str, Run] = {}  # rows made here that are not known to be stored

    def __len__(self) -> int:
        return len(self.running)

    @property
    def idle(self) -> bool:
        return not self.running and not self._open

    @property
    def unsettled(self) -> int:
        return len(self._open)

    def holds(self, key: str) -> bool:
        return key in self._open

    def sent(self, rows: Iterable[Run]) -> None:
        """These rows are on their way to the log writer, and are kept in case it dies with them."""
        self._sent.update((row.id, row) for row in rows)

    def unstored(self) -> list[Run]:
        return list(self._sent.values())

    def start(self, run: RunningRun) -> None:
        self.running[run.run_id] = run
        self._loads[run.executor] += 1

    def end(self, run_id: str) -> RunningRun | None:
        run = self.running.pop(run_id, None)
        if run:
            self._loads[run.executor] -= 1
            self._ended[run_id] = run.executor
        return run

    def executor_of(self, run_id: str) -> int | None:
        """Which executor has this run, or keeps its row; None if that is not known here."""
        run = self.running.get(run_id)
        return run.executor if run else self._ended.get(run_id)

    def unstored_of(self, executor: int) -> list[str]:
        """Ended runs whose rows are not known to be stored: if the executor dies, so may have the rows."""
        return [run_id for run_id, index in self._ended.items() if index == executor]

    def of_job(self, job: str) -> list[RunningRun]:
        return [run for run in self.running.values() if run.job == job]

    def of_executor(self, index: int) -> list[RunningRun]:
        return [run for run in self.running.values() if run.executor == index]

    def least_loaded(self, executors: Iterable[int]) -> int:
        """The executor with the fewest commands."""
        return min(executors, key=lambda executor: self._loads[executor])

    def open(self, key: str, revision: int, rows: dict[str, int]) -> OpenEntry:
        """Wait for these rows before the record at `key` may be closed. Opening a key again replaces what was
        known of it: a range that has grown. Without rows there is nothing to wait for."""
        entry = OpenEntry(key, revision, dict(rows))
        before = self._open.pop(key, None)
        for row_id in before.rows if before else ():
            if self._waiting.get(row_id) is before:
                del self._waiting[row_id]
        if rows:
            self._open[key] = entry
        for row_id in rows:
            self._waiting[row_id] = entry
        return entry

    def stored(self, row: StoredRow) -> OpenEntry | None:
        """The open record that can be closed now that this row is stored, if there is one."""
        made_here = self._sent.get(row.row_id)
        if made_here and made_here.count <= row.fires:
            del self._sent[row.row_id]
        self._ended.pop(row.row_id, None)
        entry = self._waiting.get(row.row_id)
        if entry is None or entry.rows.get(row.row_id, 0) > row.fires:
            return None
        entry.lost = entry.lost or row.lost
        del self._waiting[row.row_id]
        del entry.rows[row.row_id]
        if entry.rows:
            return None
        del self._open[entry.key]
        return entry
