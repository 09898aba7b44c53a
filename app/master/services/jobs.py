"""Changing jobs: one etcd transaction a change, with its audit entry."""

import json
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from app.common import keys
from app.common.etcd import EtcdClient, KeyValue, txn
from app.common.models import InvalidJob, Job, parse_job
from app.master.bodies import validated
from app.master.clock import Clock
from app.master.problems import Problem, no_such
from app.master.services.audit import Actor, Audit
from app.master.services.job_index import JobIndex, JobRow
from app.master.services.job_write import claimed_until, job_write, shown, unchanged

ATTEMPTS = 20  # of a transaction that met another change, or a claim of the job
KEEP_CURSOR_SECONDS = 86_400  # of a deleted job

Change = Callable[[Job | InvalidJob | None], Job]


@dataclass(frozen=True, slots=True)
class Precondition:
    """If-Match (`revisions`, None: any) and If-None-Match: * (`absent`)."""

    revisions: frozenset[int] | None = None
    must_exist: bool = False
    absent: bool = False

    def check(self, kv: KeyValue | None) -> None:
        """Raises 412."""
        if self.absent and kv is not None:
            raise Problem(412, "There is such a job already.")
        if (self.must_exist or self.revisions is not None) and kv is None:
            raise Problem(412, "There is no such job any more.")
        if kv is not None and self.revisions is not None and kv.mod_revision not in self.revisions:
            raise Problem(
                412, f"The job has changed: it is at revision {kv.mod_revision}. Read it again, then decide."
            )


ANY = Precondition()


@dataclass(frozen=True, slots=True)
class Written:
    """`changed`: it was not so before."""

    row: JobRow
    created: bool
    changed: bool = True


@dataclass(frozen=True, slots=True)
class Retag:
    """Tags to have and not to have; `group` counts where `regroup` says so, and None clears it."""

    add: Sequence[str]
    remove: Sequence[str]
    regroup: bool = False
    group: str | None = None

    def of(self, job: Job) -> Job:
        """Raises 422 if these are more tags than a job may have."""
        tags = [tag for tag in job.tags if tag not in self.remove]
        tags += [tag for tag in dict.fromkeys(self.add) if tag not in tags]
        group = self.group if self.regroup else job.group
        return validated(Job, {**json.loads(job.to_json()), "tags": tags, "group": group})


class Jobs:
    """`now` is the time by which fires are planned: a cursor beyond it would silence the job until then."""

    def __init__(self, client: EtcdClient, index: JobIndex, audit: Audit, timezone: str, now: Clock) -> None:
        self._client, self._index, self._audit = client, index, audit
        self._timezone, self._now = timezone, now

    def read(self, name: str, found: Sequence[KeyValue] = ()) -> JobRow:
        """Straight from etcd, so that it is right on any master at any time. Raises 404.

        `found`: the job's key, where it was read and is there.
        """
        kv = found[0] if found else self._client.get(keys.job(name))
        if kv is None:
            raise no_such("job", name)
        return self._index.row_of(kv)

    def stored_name(self, name: str) -> str:
        """`name` in normal form, unless a key of exactly this name was put by hand."""
        normal = unicodedata.normalize("NFC", name)
        return name if normal != name and self._client.get(keys.job(name)) else normal

    def create(self, job: Job, actor: Actor) -> Written:
        """Raises 409 when there is one of that name; before that, what is wrong with the schedule."""
        job.schedule(self._timezone)

        def change(old: Job | InvalidJob | None) -> Job:
            if old is not None:
                raise Problem(409, f"There is a job {job.name!r} already.")
            return job

        return self._write(job.name, change, ANY, actor)

    def replace(self, job: Job, precondition: Precondition, actor: Actor) -> Written:
        """Create it or overwrite what is there, valid or not."""
        return self._write(job.name, lambda old: job, precondition, actor)

    def patch(self, name: str, patch: dict[str, Any], precondition: Precondition, actor: Actor) -> Written:
        def change(old: Job | InvalidJob | None) -> Job:
            job = _valid(name, old)
            merged = merge(json.loads(job.to_json()), patch)
            return named(validated(Job, merged), name)

        return self._write(name, change, precondition, actor)

    def enable(self, name: str, enabled: bool, actor: Actor) -> Written:
        """Pause or resume. Doing it twice is doing it once."""
        return self._write(
            name,
            lambda old: _valid(name, old).model_copy(update={"enabled": enabled}),
            ANY,
            actor,
            action="job.resume" if enabled else "job.pause",
        )

    def retag(self, name: str, retag: Retag, actor: Actor) -> Written:
        return self._write(name, lambda old: retag.of(_valid(name, old)), ANY, actor)

    def clone(self, name: str, to: str, enabled: bool, actor: Actor) -> Written:
        """Raises 404 for no such job, 409 for an invalid one or when there is one `to` already."""
        job = _valid(name, self._index.job_of(self.read(name)))
        return self.create(job.model_copy(update={"name": to, "enabled": enabled}), actor)

    def delete(self, name: str, precondition: Precondition, actor: Actor) -> None:
        """The lock and the open records of a run in progress stay: it finishes.

        The cursor stays for a day, by a lease, so that no plan is claimed again for a new job of this name,
        be the clocks of masters apart.
        """
        lease = 0
        for _ in range(ATTEMPTS):
            (kv, fired), _revision = self._client.get_many([keys.job(name), keys.fired(name)])
            if kv is None and precondition == ANY:
                raise no_such("job", name)
            precondition.check(kv)
            assert kv is not None
            claimed = claimed_until(fired)
            cursor = txn.delete(keys.fired(name))
            if claimed is not None:
                lease = lease or self._client.grant(KEEP_CURSOR_SECONDS)
                cursor = txn.put(keys.fired(name), keys.cursor(claimed), lease)
            deleted = self._client.txn(
                [txn.mod_revision_is(kv.key, kv.mod_revision), unchanged(keys.fired(name), fired)],
                [
                    txn.delete(kv.key),
                    cursor,
                    txn.put(keys.JOBS_MARK, b""),
                    self._audit.put(
                        actor,
                        "job.delete",
                        "job",
                        name,
                        before=shown(parse_job(kv.key, kv.value, self._timezone)),
                        detail={"claimedUntil": claimed},
                    ),
                ],
            )
            if deleted.succeeded:
                return
        raise _contended(name)

    def _write(
        self, name: str, change: Change, precondition: Precondition, actor: Actor, action: str = ""
    ) -> Written:
        key = keys.job(name)
        for _ in range(ATTEMPTS):
            (kv, fired), _revision = self._client.get_many([key, keys.fired(name)])
            precondition.check(kv)
            old = parse_job(kv.key, kv.value, self._timezone) if kv else None
            job = change(old)
            schedule = job.schedule(self._timezone)  # raises for a schedule that cannot be
            if kv is not None and job == old:
                return Written(self._index.row_of(kv), False, changed=False)
            compare, write = job_write(
                self._audit, actor, kv, fired, old, job, schedule, self._now(), action=action
            )
            write.append(txn.put(keys.JOBS_MARK, b""))
            result = self._client.txn(compare, write)
            if result.succeeded:
                written = KeyValue(key, job.to_json(), 0, result.revision)
                return Written(self._index.row_of(written), kv is None)
        raise _contended(name)


def named(job: Job, name: str) -> Job:
    """The name in the body must be the one in the address: a job cannot be renamed."""
    if job.name != name:
        raise Problem(
            422,
            f"name: is {job.name!r}, but the address says {name!r}",
            [("name", f"must be {name!r}, as in the address")],
        )
    return job


def merge(target: Any, patch: Any) -> Any:
    """RFC 7396."""
    if not isinstance(patch, dict):
        return patch
    merged = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            merged.pop(name, None)
        else:
            merged[name] = merge(merged.get(name), value)
    return merged


def _valid(name: str, job: Job | InvalidJob | None) -> Job:
    if job is None:
        raise no_such("job", name)
    if isinstance(job, InvalidJob):
        raise Problem(409, f"The job is invalid ({job.reason}). Replace it with PUT, or delete it.")
    return job


def _contended(name: str) -> Problem:
    return Problem(409, f"Job {name!r} is being changed by others. Try again.")
