"""Which jobs a list shows. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from app.common.logstore import LastRow
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

    def apply(self, rows: list[JobRow], now: int, last: Mapping[str, LastRow]) -> list[JobRow]:
        """Those that match, but for `q`, in their order: `rows` itself, if these are all. `last` matters to
        `last_statuses` alone.
        """
        found = rows
        if self.group is not None:
            group = self.group or None
            found = [row for row in found if row.group == group]
        if self.tag is not None:
            found = [row for row in found if self.tag in row.tags]
        for label in self.labels:
            found = _labelled(found, label)
        if self.state is not None:
            found = [row for row in found if (row.status(now) if row.bounded else row.lasting) is self.state]
        if self.last_statuses:
            found = _ended_as(found, frozenset(map(str, self.last_statuses)), last)
        return found


def _labelled(rows: Iterable[JobRow], wanted: str) -> list[JobRow]:
    if "=" in wanted:
        return [row for row in rows if wanted in row.labels]
    start = f"{wanted}="
    return [row for row in rows if any(label.startswith(start) for label in row.labels)]


def _ended_as(rows: Iterable[JobRow], wanted: frozenset[str], last: Mapping[str, LastRow]) -> list[JobRow]:
    never = LastStatus.NEVER in wanted
    return [
        row for row in rows if (known[1] in wanted if (known := last.get(row.name)) is not None else never)
    ]
