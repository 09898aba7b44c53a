"""How runs add up to the state of a job. Pure, and idempotent: taking in a row twice changes nothing.

A state remembers the newest row it has taken in, and only newer ones count: so it does not matter how often,
or in which batches, a row is stored. Rows that started nothing (skipped, missed) have a mark of their own: a
run of ten minutes that is stored after the skips it caused is still taken in.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from operator import itemgetter

from app.common.logstore.base import JobState
from app.common.logstore.clashes import is_double
from app.common.models import Run, Status

BAD = [status.value for status in Status if status.bad]
SMOOTHING = 0.2  # weight of the newest duration in the moving average


@dataclass(slots=True)
class Progress:
    """A JobState, with `last_key` and `ran_key`: the newest row taken in, and the newest that ran.

    Each field is as databases keep it, so the statuses are their values.
    """

    job_name: str
    last_status: str = Status.MISSED.value
    last_plan_time: int = 0
    last_start: int | None = None
    last_end: int | None = None
    last_success: int | None = None
    failures_in_a_row: int = 0
    typical_duration_ms: float | None = None
    last_key: str = ""
    ran_key: str = ""
    ran_status: str | None = None

    def take_in(self, key: str, run: Run) -> bool:
        """Whether the row changed anything. With an equal key, only a real result in place of LOST does."""
        newest = key > self.last_key or (key == self.last_key and self.last_status == Status.LOST)
        if newest:
            self.last_key = key
            self.last_status = run.status.value
            self.last_plan_time = run.last_plan_time or run.plan_time
        if not run.status.ran:
            return newest
        counted = key == self.ran_key and self.ran_status == Status.LOST
        if key > self.ran_key or counted:
            self.ran_key = key
            self.ran_status = run.status.value
            self._ran(run, counted=counted)
            return True
        return newest

    def _ran(self, run: Run, *, counted: bool) -> None:
        if run.start_time is not None:
            self.last_start = run.start_time
        if run.end_time is not None:
            self.last_end = run.end_time
        if run.status.bad:
            self.failures_in_a_row += 0 if counted else 1
            return
        self.failures_in_a_row = 0
        if run.end_time is None:
            return
        self.last_success = run.end_time
        if run.start_time is not None:
            duration = float(run.end_time - run.start_time)
            typical = self.typical_duration_ms
            self.typical_duration_ms = (
                duration if typical is None else typical + SMOOTHING * (duration - typical)
            )

    def public(self) -> JobState:
        return JobState(
            job_name=self.job_name,
            last_status=Status(self.last_status),
            last_plan_time=self.last_plan_time,
            last_start=self.last_start,
            last_end=self.last_end,
            last_success=self.last_success,
            failures_in_a_row=self.failures_in_a_row,
            typical_duration_ms=self.typical_duration_ms,
        )


def job_names(runs: Iterable[Run]) -> list[str]:
    return list({run.job_name for run in runs if not is_double(run.id)})


def take_in(states: Mapping[str, Progress], runs: Iterable[Run]) -> list[Progress]:
    """Bring the states up to date; returns those that changed, new ones included.

    The order of the rows does not matter. Doubled rows are evidence only and change nothing.
    """
    by_job: defaultdict[str, list[tuple[str, Run]]] = defaultdict(list)
    for run in runs:
        if not is_double(run.id):
            by_job[run.job_name].append((_key(run), run))
    changed = []
    for name, rows in by_job.items():
        state = states.get(name) or Progress(name)
        is_changed = False
        for key, run in sorted(rows, key=itemgetter(0)):
            is_changed |= state.take_in(key, run)
        if is_changed:
            changed.append(state)
    return changed


def _key(run: Run) -> str:
    """Orders the rows of a job by plan time, then attempt; a range by its end."""
    return f"{run.last_plan_time or run.plan_time:013d}-{run.attempt:03d}-{run.id}"
