"""Which jobs a list shows. Pure."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from app.common.logstore import JobState
from app.master.services.job_index import JobRow, JobStatus


class LastStatus(StrEnum):
    """How the last run of a job ended; NEVER: nothing of it is on record."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    TIMEOUT = "timeout"
    KILLED = "killed"
    SKIPPED = "skipped"
    MISSED = "missed"
    LOST = "lost"
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class JobFilter:
    """All that is given must hold. `group` "" are jobs without a group; `labels` are `key` or `key=value`."""

    q: str = ""
    group: str | None = None
    tag: str | None = None
    state: JobStatus | None = None
    last_statuses: tuple[LastStatus, ...] = ()
    labels: tuple[str, ...] = ()

    @property
    def plain(self) -> bool:
        """Whether the answer depends on nothing but the jobs."""
        return self.state is None and not self.last_statuses

    def apply(
        self, rows: Iterable[JobRow], now: int, states: Callable[[], Mapping[str, JobState]]
    ) -> list[JobRow]:
        """Those that match, but for `q`, in their order. `states` is asked only if it matters."""
        found = rows
        if self.group is not None:
            group = self.group or None
            found = [row for row in found if row.group == group]
        if self.tag is not None:
            found = [row for row in found if self.tag in row.tags]
        for label in self.labels:
            found = _labelled(found, label)
        if self.state is not None:
            found = [row for row in found if row.status(now) is self.state]
        if self.last_statuses:
            found = _ended_as(found, frozenset(map(str, self.last_statuses)), states())
        return list(found)


def _labelled(rows: Iterable[JobRow], wanted: str) -> list[JobRow]:
    if "=" in wanted:
        return [row for row in rows if wanted in row.labels]
    start = f"{wanted}="
    return [row for row in rows if any(label.startswith(start) for label in row.labels)]


def _ended_as(rows: Iterable[JobRow], wanted: frozenset[str], states: Mapping[str, JobState]) -> list[JobRow]:
    never = LastStatus.NEVER in wanted
    return [
        row
        for row in rows
        if (state.last_status in wanted if (state := states.get(row.name)) is not None else never)
    ]
