"""The claim: one nested transaction a fire, many a request, and what its answer means.

    If   mod_revision(job) == the revision planned from
     and value(fired) == the cursor known
    Then put fired = plan
         If lock is free (or the job allows overlap)
         Then put lock, put open record {run}     -> RUN
         Else get lock, put open record {overlap} -> OVERLAP
    Else get job, get fired                       -> TAKEN, STALE or GAP

The cursor only grows and is not leased, so no plan time is claimed twice, whatever clocks and crashes do.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from app.common import keys
from app.common.etcd import EtcdClient, KeyValue, TxnResult, txn
from app.common.models import OpenRecord

BATCH = 60  # claims a transaction: with what each nests, within etcd's limit of 128 along every path


class Answer(StrEnum):
    """RUN: won, start the command. OVERLAP: won, but the previous run is still in progress. RECORDED: won, and
    nothing is to run (the fire is a misfire). TAKEN: somebody else claimed it. STALE: the job changed. GAP: fires
    before this one are unclaimed; claim again against `Claimed.cursor`."""

    RUN = "run"
    OVERLAP = "overlap"
    RECORDED = "recorded"
    TAKEN = "taken"
    STALE = "stale"
    GAP = "gap"


@dataclass(frozen=True, slots=True)
class Claim:
    """What to ask for. `cursor` is the value expected under `/cron/fired/`, None for: there is none yet.

    `run` is the open record to leave where the lock is free, `overlap` where it is not. A claim without `run` only
    records `overlap` (a misfire). `order` is the key of a run-now order: it is claimed by deleting it, and neither cursor nor revision matter.
    """

    job: str
    revision: int
    plan: int
    cursor: int | None
    run_id: str
    run: OpenRecord | None
    overlap_id: str
    overlap: OpenRecord
    locked: bool
    order: str | None = None


@dataclass(frozen=True, slots=True)
class Claimed:
    """The answer to one claim. `revision` is that of the transaction: the fence of a run. `holder` is who has the
    lock (worker/run id) after OVERLAP, `cursor` the value found after TAKEN and GAP."""

    answer: Answer
    revision: int
    cursor: int | None = None
    holder: str = ""


def claim_all(
    client: EtcdClient, worker: str, lease: int, claims: Sequence[Claim]
) -> tuple[list[Claimed], int]:
    """Claim in batches; answers in the order of the claims, and the number of transactions.

    Raises EtcdUnavailable, after which any of them may have been won: asking again tells, because a claim finds
    its own open record.
    """
    answers: list[Claimed] = []
    transactions = 0
    for start in range(0, len(claims), BATCH):
        batch = claims[start : start + BATCH]
        result = client.txn(success=[_operation(claim, worker, lease) for claim in batch])
        transactions += 1
        answers.extend(
            _answer(claim, worker, reply, result.revision)
            for claim, reply in zip(batch, result.responses, strict=True)
        )
    return answers, transactions


def _operation(claim: Claim, worker: str, lease: int) -> txn.Operation:
    overlap_key = keys.running(worker, claim.overlap_id)
    put_overlap = txn.put(overlap_key, claim.overlap.to_json())
    if claim.order is None:
        fired = keys.fired(claim.job)
        compare = [
            txn.mod_revision_is(keys.job(claim.job), claim.revision),
            txn.absent(fired) if claim.cursor is None else txn.value_is(fired, keys.cursor(claim.cursor)),
        ]
        take = txn.put(fired, keys.cursor(claim.plan))
        failure = [txn.get(keys.job(claim.job)), txn.get(fired)]
    else:
        compare = [txn.present(claim.order)]
        if claim.run is not None:
            compare.append(txn.mod_revision_is(keys.job(claim.job), claim.revision))
        take = txn.delete(claim.order)
        failure = [txn.get(keys.job(claim.job)), txn.get(claim.order)]
    # A claim that was won by an earlier request, whose reply was lost, shows by its own open record.
    failure += [txn.get(keys.running(worker, claim.run_id)), txn.get(overlap_key)]
    if claim.run is None:
        return txn.nested(compare, [take, put_overlap], failure)
    put_run = txn.put(keys.running(worker, claim.run_id), claim.run.to_json())
    if not claim.locked:
        return txn.nested(compare, [take, put_run], failure)
    lock = keys.lock(claim.job)
    decide = txn.nested(
        [txn.absent(lock)],
        [txn.put(lock, lock_value(worker, claim.run_id), lease), put_run],
        [txn.get(lock), put_overlap],
    )
    return txn.nested(compare, [take, decide], failure)


def lock_value(worker: str, run_id: str) -> bytes:
    return f"{worker}/{run_id}".encode()


def _answer(claim: Claim, worker: str, reply: TxnResult, revision: int) -> Claimed:
    if not reply.succeeded:
        return _refused(claim, reply)
    if claim.run is None:
        return Claimed(Answer.RECORDED, revision)
    if not claim.locked or reply.responses[1].succeeded:
        return Claimed(Answer.RUN, revision)
    return Claimed(Answer.OVERLAP, revision, holder=_holder(reply.responses[1].responses[0]))


def _holder(found: list[KeyValue]) -> str:
    return found[0].value.decode(errors="replace") if found else ""


def _refused(claim: Claim, reply: TxnResult) -> Claimed:
    job, taken, own_run, own_overlap = reply.responses
    if claim.run is not None and _stands_for(own_run, claim.run):
        return Claimed(Answer.RUN, own_run[0].mod_revision)
    if _stands_for(own_overlap, claim.overlap):
        answer = Answer.RECORDED if claim.run is None else Answer.OVERLAP
        return Claimed(answer, own_overlap[0].mod_revision)
    if claim.order is not None:
        return Claimed(Answer.STALE if taken else Answer.TAKEN, 0)
    cursor = _cursor(taken)
    if not job or job[0].mod_revision != claim.revision:
        return Claimed(Answer.STALE, 0, cursor)
    if cursor is not None and cursor >= claim.plan:
        return Claimed(Answer.TAKEN, 0, cursor)
    return Claimed(Answer.GAP, 0, cursor)


def _stands_for(found: list[KeyValue], record: OpenRecord) -> bool:
    """Whether this worker's own open record of the same claim is there: it was won, and the reply was lost."""
    if not found:
        return False
    written = OpenRecord.model_validate_json(found[0].value)
    return written.plan == record.plan and written.outcome is record.outcome


def _cursor(found: list[KeyValue]) -> int | None:
    """None where there is no cursor, or something that is none: then the next claim replaces it."""
    try:
        return int(found[0].value) if found else None
    except ValueError:
        return None


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


def read_all_cursors(client: EtcdClient) -> dict[str, Cursor]:
    """The cursors of all jobs: cheaper than reading them by name where most are wanted."""
    page = client.scan(keys.FIRED)
    return {keys.last_part(kv.key): Cursor(_cursor([kv]), kv.mod_revision) for kv in page.items}


def adopt(
    client: EtcdClient, job: str, revision: int, found: Cursor, plan: int, record: tuple[str, bytes]
) -> bool:
    """Move the cursor of a job that was put or changed by hand to `plan`, with the audit entry `record` (key, value).

    Only one worker of all that try succeeds; False for the others.
    """
    fired = keys.fired(job)
    compare = [txn.mod_revision_is(keys.job(job), revision), txn.mod_revision_is(fired, found.revision)]
    success = [txn.put(fired, keys.cursor(plan)), txn.put(*record)]
    return client.txn(compare, success).succeeded
