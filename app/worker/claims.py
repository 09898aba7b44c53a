"""The claim: one nested transaction a fire, many a request, and why one was refused.

    If   mod_revision(job) == the revision planned from
     and value(fired) == the cursor known
    Then put fired = plan
         If lock is free (or the job allows overlap)
         Then put lock, put open record {run}     -> RUN
         Else get lock, put open record {overlap} -> OVERLAP
    Else nothing                                  -> REFUSED

The cursor only grows and is not leased, so no plan time is claimed twice, whatever clocks and crashes do.

Refusals are rare, so a claim asks for no reason: `why_refused` reads it afterwards, for many at once. What it
reads may be newer than the refusal, and holds all the same. A cursor at or beyond the plan time stays there:
TAKEN. A revision that the job no longer has never comes back: STALE. A cursor that is older or unreadable
tells what the next claim must compare with, and that claim is refused in turn if it is out of date. And what
refuses a claim in doubt that is asked again refuses its first request for good: either this was carried out
before, and its open record is there to be read, or it never will be.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from pydantic import ValidationError

from app.common import keys
from app.common.etcd import EtcdClient, KeyValue, TxnResult, txn
from app.common.models import OpenRecord, run_id

BATCH = 120  # claims a transaction: with what each nests, within etcd's limit of 128 along every path
EVIDENCE = 5  # keys that tell why a claim was refused
REASONS_A_READ = txn.MAX_OPERATIONS // EVIDENCE


class Answer(StrEnum):
    """RUN: won, start the command. OVERLAP: won, but the previous run is still in progress. RECORDED: won,
    and nothing is to run (the fire is a misfire). REFUSED: not won by this request. And why: TAKEN, it was
    claimed before. STALE, the job changed. GAP, fires before this one are unclaimed; claim again against
    `Claimed.cursor`. NO_CURSOR, nobody can tell what was claimed."""

    RUN = "run"
    OVERLAP = "overlap"
    RECORDED = "recorded"
    REFUSED = "refused"
    TAKEN = "taken"
    STALE = "stale"
    GAP = "gap"
    NO_CURSOR = "no cursor"


@dataclass(frozen=True, slots=True)
class Claim:
    """What to ask for. `cursor` is the value expected under `/cron/fired/`.

    `run` is the open record to leave where the lock is free, `overlap` where it is not. A claim without `run`
    only records `overlap` (a misfire). `order` is the key of a run-now order: it is claimed by deleting it,
    and the cursor does not matter.
    """

    job: str
    revision: int
    plan: int
    cursor: int
    run_id: str
    run: OpenRecord | None
    overlap_id: str
    overlap: OpenRecord
    locked: bool
    order: str | None = None


@dataclass(frozen=True, slots=True)
class Claimed:
    """The answer to one claim. `revision` is that of the transaction: the fence of a run. `cursor` is the
    value found after GAP. `blocker`: after OVERLAP and TAKEN, the worker whose earlier run kept the fire from
    running. `overtaken`: a RUN that came to light so late that another run has the lock."""

    answer: Answer
    revision: int
    cursor: int | None = None
    blocker: str = ""
    overtaken: bool = False


def claim_batch(client: EtcdClient, worker: str, lease: int, claims: Sequence[Claim]) -> list[Claimed]:
    """Claim at most BATCH fires, each of another job, in one transaction; answers in the order of the claims:
    RUN, OVERLAP, RECORDED or REFUSED.

    Raises EtcdUnavailable, after which any of them may have been won: ask again, and let `why_refused` tell
    of those that are refused whether the first request had won them. After any other error none was won.
    """
    result = client.txn(success=[_operation(claim, worker, lease) for claim in claims])
    return [
        _answer(claim, reply, result.revision) for claim, reply in zip(claims, result.responses, strict=True)
    ]


def why_refused(
    client: EtcdClient, worker: str, claims: Sequence[Claim], *, in_doubt: bool = False
) -> list[Claimed]:
    """Why these claims were refused, in their order: TAKEN, STALE, GAP or NO_CURSOR. With `in_doubt`, those
    that an earlier request had won say so, since it left their open records."""
    answers: list[Claimed] = []
    for start in range(0, len(claims), REASONS_A_READ):
        batch = claims[start : start + REASONS_A_READ]
        wanted = [txn.get(key) for claim in batch for key in _evidence(claim, worker)]
        found = client.txn(success=wanted).responses
        answers += [
            _reason(claim, found[at : at + EVIDENCE], in_doubt)
            for claim, at in zip(batch, range(0, len(found), EVIDENCE), strict=True)
        ]
    return answers


def hold_locks(client: EtcdClient, worker: str, lease: int, claims: Sequence[Claim]) -> set[str]:
    """Take the locks of these runs once more, where the lease has ended that they were taken with.

    Returns the ids of the runs that have them; another run has begun in place of the others.
    """
    operations = []
    for claim in claims:
        lock, value = keys.lock(claim.job), lock_value(worker, claim.run_id)
        operations.append(txn.nested([txn.absent(lock)], [txn.put(lock, value, lease)], [txn.get(lock)]))
    result = client.txn(success=operations)
    return {
        claim.run_id
        for claim, reply in zip(claims, result.responses, strict=True)
        if reply.succeeded or reply.responses[0][0].value == lock_value(worker, claim.run_id)
    }


def _operation(claim: Claim, worker: str, lease: int) -> txn.Operation:
    lock = keys.lock(claim.job)
    put_overlap = txn.put(keys.running(worker, claim.overlap_id), claim.overlap.to_json())
    if claim.order is None:
        fired = keys.fired(claim.job)
        compare = [
            txn.mod_revision_is(keys.job(claim.job), claim.revision),
            txn.value_is(fired, keys.cursor(claim.cursor)),
        ]
        take = txn.put(fired, keys.cursor(claim.plan))
    else:
        compare = [txn.present(claim.order)]
        if claim.run is not None:
            compare.append(txn.mod_revision_is(keys.job(claim.job), claim.revision))
        take = txn.delete(claim.order)
    if claim.run is None:
        return txn.nested(compare, [take, put_overlap])
    put_run = txn.put(keys.running(worker, claim.run_id), claim.run.to_json())
    if not claim.locked:
        return txn.nested(compare, [take, put_run])
    decide = txn.nested(
        [txn.absent(lock)],
        [txn.put(lock, lock_value(worker, claim.run_id), lease), put_run],
        [txn.get(lock), put_overlap],
    )
    return txn.nested(compare, [take, decide])


def lock_value(worker: str, run_id: str) -> bytes:
    return f"{worker}/{run_id}".encode()


def _answer(claim: Claim, reply: TxnResult, revision: int) -> Claimed:
    if not reply.succeeded:
        return Claimed(Answer.REFUSED, revision)
    if claim.run is None:
        return Claimed(Answer.RECORDED, revision)
    if not claim.locked or reply.responses[1].succeeded:
        return Claimed(Answer.RUN, revision)
    return Claimed(
        Answer.OVERLAP, revision, blocker=_blocker(claim.job, None, reply.responses[1].responses[0])
    )


def _evidence(claim: Claim, worker: str) -> tuple[str, ...]:
    """The keys that tell why a claim was refused; EVIDENCE of them."""
    return (
        keys.job(claim.job),
        claim.order or keys.fired(claim.job),
        keys.running(worker, claim.run_id),
        keys.running(worker, claim.overlap_id),
        keys.lock(claim.job),
    )


def _reason(claim: Claim, evidence: list[list[KeyValue]], in_doubt: bool) -> Claimed:
    job, found, own_run, own_overlap, lock = evidence
    if in_doubt and claim.run is not None and _stands_for(own_run, claim.run):
        return Claimed(Answer.RUN, own_run[0].mod_revision)
    if in_doubt and _stands_for(own_overlap, claim.overlap):
        answer = Answer.RECORDED if claim.run is None else Answer.OVERLAP
        return Claimed(answer, own_overlap[0].mod_revision)
    if claim.order is not None:
        return Claimed(Answer.STALE if found else Answer.TAKEN, 0)
    cursor = _cursor(found)
    if cursor is not None and cursor >= claim.plan:
        return Claimed(Answer.TAKEN, 0, blocker=_blocker(claim.job, cursor, lock))
    if not job or job[0].mod_revision != claim.revision:
        return Claimed(Answer.STALE, 0)
    if cursor is None:
        return Claimed(Answer.NO_CURSOR, 0)
    return Claimed(Answer.GAP, 0, cursor)


def _stands_for(found: list[KeyValue], record: OpenRecord) -> bool:
    """Whether the open record that was found was left by a claim of the same fire, decided the same way."""
    if not found:
        return False
    try:
        written = OpenRecord.model_validate_json(found[0].value)
    except ValidationError:
        return False
    return written.plan == record.plan and written.outcome is record.outcome


def _blocker(job: str, cursor: int | None, lock: list[KeyValue]) -> str:
    """The worker of the run that has the lock, unless that is the run of the last fire itself."""
    worker, _, run = lock[0].value.decode(errors="replace").partition("/") if lock else ("", "", "")
    return "" if cursor is not None and run == run_id(job, cursor) else worker


def _cursor(found: list[KeyValue]) -> int | None:
    """None where there is no cursor, or something that no claim wrote."""
    value = found[0].value if found else b""
    return int(value) if len(value) == len(keys.cursor(0)) and value.isdigit() else None


@dataclass(frozen=True, slots=True)
class Cursor:
    """`plan` is None where there is no cursor; `revision` is when it was written."""

    plan: int | None
    revision: int


def read_cursors(client: EtcdClient, names: Sequence[str]) -> dict[str, Cursor]:
    """The cursors of these jobs, read in batches."""
    cursors: dict[str, Cursor] = {}
    for start in range(0, len(names), txn.MAX_OPERATIONS):
        batch = names[start : start + txn.MAX_OPERATIONS]
        result = client.txn(success=[txn.get(keys.fired(name)) for name in batch])
        cursors.update(
            (name, Cursor(_cursor(found), found[0].mod_revision if found else 0))
            for name, found in zip(batch, result.responses, strict=True)
        )
    return cursors


@dataclass(frozen=True, slots=True)
class Seen:
    """A job's cursor, None where there is none, and the worker that keeps it from running (see Claimed)."""

    cursor: int | None
    blocker: str


def look(client: EtcdClient, jobs: Sequence[str]) -> dict[str, Seen]:
    """What became of the last fires of these jobs, read in batches."""
    seen: dict[str, Seen] = {}
    for start in range(0, len(jobs), txn.MAX_OPERATIONS // 2):
        batch = jobs[start : start + txn.MAX_OPERATIONS // 2]
        wanted = [txn.get(key) for job in batch for key in (keys.fired(job), keys.lock(job))]
        found = client.txn(success=wanted).responses
        for job, fired, lock in zip(batch, found[::2], found[1::2], strict=True):
            cursor = _cursor(fired)
            seen[job] = Seen(cursor, _blocker(job, cursor, lock))
    return seen


def read_all_cursors(client: EtcdClient) -> dict[str, Cursor]:
    """The cursors of all jobs: cheaper than reading them by name where most are wanted."""
    page = client.scan(keys.FIRED)
    return {keys.last_part(kv.key): Cursor(_cursor([kv]), kv.mod_revision) for kv in page.items}


def adopt(
    client: EtcdClient, job: str, revision: int, found: Cursor, plan: int, record: tuple[str, bytes]
) -> bool:
    """Move the cursor of a job that was put or changed by hand to `plan`, and leave the audit entry `record`
    (key, value).

    Only one worker of all that try succeeds; False for the others.
    """
    fired = keys.fired(job)
    compare = [txn.mod_revision_is(keys.job(job), revision), txn.mod_revision_is(fired, found.revision)]
    success = [txn.put(fired, keys.cursor(plan)), txn.put(*record)]
    return client.txn(compare, success).succeeded
