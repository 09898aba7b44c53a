"""What a job's schedule was, and when: from its present definition and the changes in the audit. Pure."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from app.common.errors import ScheduleError
from app.common.logstore import AuditEntry
from app.common.models import Job
from app.common.schedule import Schedule


@dataclass(slots=True)
class Segment:
    """Fires of `schedule` with after < fire <= until. Up to `claimed_until` each has been claimed and must
    have a row; None: nothing was claimed yet.
    """

    schedule: Schedule
    after: int
    until: int
    claimed_until: int | None
    start_known: bool = True


def segments(
    current: Schedule | None,
    changes: Sequence[AuditEntry],
    since: int,
    until: int,
    cursor: int | None,
    timezone: str,
) -> list[Segment]:
    """The segments of since <= fire < until, oldest first. `changes` are all since then, also those after
    `until`, oldest first; `current` (None: it fires nothing) and `cursor` are the present ones.
    """
    found: list[Segment] = []
    schedule = _schedule_of(changes[0].before, timezone) if changes else current
    after, start_known = since - 1, False

    def close(end: int | None, claimed: int | None) -> None:
        last = min(until - 1, until - 1 if end is None else end)
        if schedule is not None and after < last:
            found.append(Segment(schedule, after, last, claimed, start_known))

    for change in changes:
        gone = change.after is None
        if not gone and "countsFrom" not in change.detail and change.before is not None:
            continue  # the schedule stayed the same
        # Fires of the old schedule that were not claimed by then never count.
        claimed = change.detail.get("claimedUntil")
        close(claimed if claimed is not None else after, claimed)
        schedule = _schedule_of(change.after, timezone)
        after, start_known = max(since - 1, change.detail.get("countsFrom", change.at)), True
    close(None, cursor)
    return found


def _schedule_of(definition: dict[str, Any] | None, timezone: str) -> Schedule | None:
    """None for a definition that fires nothing."""
    if definition is None:
        return None
    try:
        job = Job.model_validate_json(json.dumps(definition))
        return job.schedule(timezone) if job.enabled else None
    except (ValidationError, ScheduleError):
        return None
