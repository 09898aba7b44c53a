"""One job's part of a transaction: the job, its cursor where it fires at other times, and the audit entry.

Whoever sends the transaction adds the mark (`keys.JOBS_MARK`), which stands in it once however many jobs it
writes.
"""

import json
from collections.abc import Mapping
from typing import Any

from app.common import keys
from app.common.etcd import KeyValue, txn
from app.common.models import InvalidJob, Job
from app.common.schedule import Schedule
from app.master.services.audit import Actor, Outbox


def job_write(
    audit: Outbox,
    actor: Actor,
    kv: KeyValue | None,
    fired: KeyValue | None,
    old: Job | InvalidJob | None,
    job: Job,
    schedule: Schedule,
    now: int,
    *,
    action: str = "",
    detail: Mapping[str, Any] | None = None,
) -> tuple[list[txn.Compare], list[txn.Operation]]:
    """The compares and operations that make `job` out of what was found: its key `kv` (parsed: `old`) and its
    cursor `fired`. `now` is the time by which fires are planned, epoch ms; `action` and `detail` are for the
    audit.
    """
    key, cursor_key = keys.job(job.name), keys.fired(job.name)
    compare, write = [unchanged(key, kv)], [txn.put(key, job.to_json())]
    about: dict[str, Any] = dict(detail or {})
    if not isinstance(old, Job) or not job.same_schedule(old):
        # The cursor moves to now: fires of the old schedule, or of a pause, are not missed ones.
        compare.append(unchanged(cursor_key, fired))
        # It never moves back, whatever this host's clock says: no fire is claimed twice.
        claimed = claimed_until(fired)
        cursor = max(schedule.previous(now + 1) or now, claimed or 0)
        write.append(txn.put(cursor_key, keys.cursor(cursor)))
        about |= {"claimedUntil": claimed, "countsFrom": max(now, claimed or 0)}
    action = action or ("job.update" if kv else "job.create")
    write.append(audit.put(actor, action, "job", job.name, before=shown(old), after=shown(job), detail=about))
    return compare, write


def shown(job: Job | InvalidJob | None) -> dict[str, Any] | None:
    """As the audit has it: a job without its defaults, or why it is none."""
    if job is None:
        return None
    if isinstance(job, InvalidJob):
        return {"invalid": job.reason, "raw": job.raw[:4096].decode(errors="replace")}
    return dict(json.loads(job.to_json()))


def unchanged(key: str, kv: KeyValue | None) -> txn.Compare:
    """The condition that `key` is as it was read."""
    return txn.mod_revision_is(key, kv.mod_revision if kv else 0)


def claimed_until(fired: KeyValue | None) -> int | None:
    """The plan time in a cursor; None where there is none."""
    return int(fired.value) if fired and fired.value.isdigit() else None
