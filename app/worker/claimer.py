"""Carries out what the planner and the order book want: checks, claims, and claims again where fires were missed."""

import logging
from collections.abc import Callable
from dataclasses import dataclass

from app.common import keys
from app.common.errors import EtcdError, EtcdUnavailable, LeaseNotFound
from app.common.etcd import EtcdClient
from app.common.metrics import CLAIM_BATCH, CLAIM_TRANSACTIONS, CLAIMS
from app.common.models import MissedRange, OpenRecord, Outcome, Overlap, Trigger, WorkerLoss
from app.common.models.run import run_id
from app.worker import rows
from app.worker.claims import Answer, Claim, Claimed, claim_all, read_cursors
from app.worker.job_table import HeldJob, JobTable
from app.worker.orders import HeldOrder, OrderBook
from app.worker.planner import RETRY_MS, Fire, Planner

log = logging.getLogger(__name__)

MAX_ROUNDS = 3  # of one fire: first, against the cursor found, and once more if somebody was quicker
MAX_BACKOFF_MS = 2_000
NOT_LABELLED = "no live worker has the labels that the job asks for"


@dataclass(frozen=True, slots=True)
class Won:
    """A claim that this worker won. `run_id` and `record` are of the open record it left at `key`."""

    held: HeldJob | None
    order: HeldOrder | None
    record: OpenRecord
    key: str
    run_id: str
    revision: int
    holder: str = ""  # of the lock, where the outcome is OVERLAP


@dataclass(slots=True)
class _Attempt:
    claim: Claim
    held: HeldJob | None
    fire: Fire | None = None
    order: HeldOrder | None = None


class Claimer:
    """Times are epoch ms. `attempt` never raises for etcd: what could not be asked is asked again later."""

    def __init__(
        self,
        client: EtcdClient,
        worker_id: str,
        table: JobTable,
        planner: Planner,
        orders: OrderBook,
        is_mine: Callable[[str], bool],
    ) -> None:
        """`is_mine(key)`: whether the open record at `key` is one that this worker already works on."""
        self._client = client
        self._worker = worker_id
        self._table, self._planner, self._orders = table, planner, orders
        self._is_mine = is_mine
        self._skips: dict[str, MissedRange] = {}  # the growing range of each job that is blocked now
        self._doubtful: list[_Attempt] = []  # claims whose reply was lost: each may have been won
        self._retry_at = 0
        self._backoff = 100

    def next_due(self) -> int | None:
        """When `attempt` has something to do again because of earlier failures."""
        return self._retry_at if self._doubtful else None

    def forget(self, name: str) -> None:
        """The job changed: its next skipped fire begins a new range."""
        self._skips.pop(name, None)

    def attempt(self, now: int, lease: int, free: int) -> list[Won]:
        """Claim what is due, at most `free` of them to be run here. Returns what was won.

        Raises LeaseNotFound when the lease has ended; nothing was claimed with it.
        """
        if now < self._retry_at:
            return []
        try:
            won = self._resolve_doubts(lease)
            attempts = self._collect(now, free - sum(1 for w in won if w.record.outcome is Outcome.RUN))
            won += self._claim(attempts, now, lease)
        except EtcdUnavailable as error:
            log.debug("Claiming waits for etcd: %s", error, extra={"action": "claim"})
            self._back_off(now)
            return []
        if won:
            self._backoff = 100
        return won

    def _back_off(self, now: int) -> None:
        self._retry_at = now + self._backoff
        self._backoff = min(self._backoff * 2, MAX_BACKOFF_MS)

    def _resolve_doubts(self, lease: int) -> list[Won]:
        if not self._doubtful:
            return []
        answers, _ = claim_all(self._client, self._worker, lease, [a.claim for a in self._doubtful])
        resolved, self._doubtful = self._doubtful, []
        won = []
        for attempt, claimed in zip(resolved, answers, strict=True):
            if claimed.answer in (Answer.RUN, Answer.OVERLAP, Answer.RECORDED):
                won += self._take(attempt, claimed)
            elif attempt.fire:
                self._planner.again(attempt.fire, 0)
            elif attempt.order:
                self._orders.again(attempt.order, 0)
        return won

    def _collect(self, now: int, free: int) -> list[_Attempt]:
        due = self._planner.collect(now)
        to_claim = due.claim + self._unclaimed(due.check, now)
        attempts = []
        for fire in to_claim:
            held = self._table.get(fire.name)
            if held is None or not held.job.enabled:
                self._planner.decided(fire)
                continue
            runs = self._planner.may_run(held, fire, now)
            if runs and held.blocked_by != self._worker:
                if free <= 0:
                    self._planner.again(fire, now + RETRY_MS)
                    continue
                free -= 1
            attempts.append(_Attempt(self._claim_of(held, fire, now, runs=runs), held, fire=fire))
        for order in self._orders.collect(now):
            expired = self._orders.expired(order, now)
            if not expired:
                if free <= 0:
                    self._orders.again(order, now + RETRY_MS)
                    continue
                free -= 1
            held = self._table.get(order.job)
            attempts.append(
                _Attempt(self._claim_of_order(order, held, now, expired=expired), held, order=order)
            )
        return attempts

    def _unclaimed(self, fires: list[Fire], now: int) -> list[Fire]:
        """Those that nobody has claimed, with the cursor found."""
        if not fires:
            return []
        try:
            cursors = read_cursors(self._client, [fire.name for fire in fires])
        except EtcdError:
            for fire in fires:
                self._planner.again(fire, now + self._backoff)
            raise
        CLAIM_TRANSACTIONS.labels(kind="check").inc()
        open_fires = []
        for fire in fires:
            cursor = cursors[fire.name].plan
            if cursor is not None and cursor >= fire.plan:
                self._planner.decided(fire)
                continue
            fire.read, fire.cursor = True, cursor
            held = self._table.get(fire.name)
            if held:
                held.blocked_by = ""  # whoever was to claim it did not
            open_fires.append(fire)
        return open_fires

    def _claim(self, attempts: list[_Attempt], now: int, lease: int) -> list[Won]:
        won: list[Won] = []
        for _ in range(MAX_ROUNDS):
            if not attempts:
                break
            attempts = self._claim_round(attempts, now, lease, won)
        for attempt in attempts:
            self._retry(attempt, now + RETRY_MS)
        return won

    def _claim_round(self, attempts: list[_Attempt], now: int, lease: int, won: list[Won]) -> list[_Attempt]:
        """Claim once; returns those to claim again against the cursor found."""
        try:
            answers, transactions = claim_all(self._client, self._worker, lease, [a.claim for a in attempts])
        except EtcdUnavailable as error:
            log.warning("Claims are in doubt: %s", error, extra={"action": "claim", "claims": len(attempts)})
            self._doubtful += attempts
            self._back_off(now)
            return []
        except LeaseNotFound:
            for attempt in attempts:
                self._retry(attempt, now + RETRY_MS)
            raise
        except EtcdError as error:
            log.error("etcd refused claims: %s", error, extra={"action": "claim", "claims": len(attempts)})
            for attempt in attempts:
                self._retry(attempt, now + MAX_BACKOFF_MS)
            return []
        CLAIM_TRANSACTIONS.labels(kind="claim").inc(transactions)
        CLAIM_BATCH.observe(len(attempts) / transactions)
        again = []
        for attempt, claimed in zip(attempts, answers, strict=True):
            CLAIMS.labels(outcome=claimed.answer.value).inc()
            match claimed.answer:
                case Answer.RUN | Answer.OVERLAP | Answer.RECORDED:
                    won += self._take(attempt, claimed)
                case Answer.GAP if attempt.fire and attempt.held:
                    attempt.fire.read, attempt.fire.cursor = True, claimed.cursor
                    runs = self._planner.may_run(attempt.held, attempt.fire, now)
                    attempt.claim = self._claim_of(attempt.held, attempt.fire, now, runs=runs)
                    again.append(attempt)
                case Answer.STALE if attempt.order:
                    self._retry(attempt, now + RETRY_MS)
                case _:
                    self._done(attempt)
        return again

    def _take(self, attempt: _Attempt, claimed: Claimed) -> list[Won]:
        claim = attempt.claim
        self._done(attempt)
        if claimed.answer is Answer.RUN:
            assert claim.run is not None
            record, record_id = claim.run, claim.run_id
        else:
            record, record_id = claim.overlap, claim.overlap_id
        key = keys.running(self._worker, record_id)
        if record.outcome is Outcome.RUN and self._is_mine(key):
            return []
        self._remember_skip(attempt, record, claimed.holder)
        return [Won(attempt.held, attempt.order, record, key, record_id, claimed.revision, claimed.holder)]

    def _remember_skip(self, attempt: _Attempt, record: OpenRecord, holder: str) -> None:
        if attempt.held is None or attempt.fire is None:
            return
        name = attempt.held.job.name
        if record.outcome is Outcome.OVERLAP:
            attempt.held.blocked_by = holder.partition("/")[0]
            # A range whose record also stands for missed fires must not be written again without them.
            if record.skipped and not record.missed:
                self._skips[name] = record.skipped
                return
        else:
            attempt.held.blocked_by = ""
        self._skips.pop(name, None)

    def _done(self, attempt: _Attempt) -> None:
        if attempt.fire:
            self._planner.decided(attempt.fire)
        if attempt.order:
            self._orders.remove(attempt.order.key)

    def _retry(self, attempt: _Attempt, at: int) -> None:
        if attempt.fire:
            self._planner.again(attempt.fire, at)
        if attempt.order:
            self._orders.again(attempt.order, at)

    def _claim_of(self, held: HeldJob, fire: Fire, now: int, *, runs: bool) -> Claim:
        job, gap = held.job, self._planner.gap(held, fire)
        run: OpenRecord | None = None
        if runs:
            trigger = Trigger.MISFIRE if self._planner.is_misfire(fire, now) else Trigger.CRON
            run = OpenRecord(
                job=job.name,
                plan=fire.plan,
                outcome=Outcome.RUN,
                trigger=trigger,
                claimed=now,
                job_revision=held.revision,
                missed=gap,
                rerun=job.on_worker_loss is WorkerLoss.RERUN,
            )
            skipped = self._skipped(fire, gap)
            other = OpenRecord(
                job=job.name,
                plan=fire.plan,
                outcome=Outcome.OVERLAP,
                claimed=now,
                job_revision=held.revision,
                missed=gap,
                skipped=skipped,
            )
            other_id = rows.skip_id(job.name, skipped.first)
        else:
            missed = MissedRange(
                first=gap.first if gap else fire.plan, last=fire.plan, count=(gap.count if gap else 0) + 1
            )
            other = OpenRecord(
                job=job.name,
                plan=fire.plan,
                outcome=Outcome.MISSED,
                claimed=now,
                job_revision=held.revision,
                missed=missed,
                missed_reason=NOT_LABELLED if fire.unplaceable else "",
            )
            other_id = rows.missed_id(job.name, missed.first)
        return Claim(
            job=job.name,
            revision=held.revision,
            plan=fire.plan,
            cursor=fire.cursor,
            run_id=run_id(job.name, fire.plan),
            run=run,
            overlap_id=other_id,
            overlap=other,
            locked=job.overlap is not Overlap.ALLOW,
        )

    def _skipped(self, fire: Fire, gap: MissedRange | None) -> MissedRange:
        """The range this fire would be skipped with: grown from the one before it."""
        before = self._skips.get(fire.name)
        if before and gap is None and fire.cursor == before.last:
            return MissedRange(first=before.first, last=fire.plan, count=before.count + 1)
        return MissedRange(first=fire.plan, last=fire.plan, count=1)

    def _claim_of_order(self, order: HeldOrder, held: HeldJob | None, now: int, *, expired: bool) -> Claim:
        def record(outcome: Outcome, reason: str = "") -> OpenRecord:
            return OpenRecord(
                job=order.job,
                plan=order.plan,
                outcome=outcome,
                trigger=order.order.trigger,
                attempt=order.order.attempt,
                claimed=now,
                job_revision=held.revision if held else 0,
                by=order.order.by,
                missed_reason=reason,
                rerun=bool(held and held.job.on_worker_loss is WorkerLoss.RERUN),
            )

        runs = held is not None and not expired
        if held is None:
            other = record(Outcome.MISSED, "the job does not exist any more")
        elif expired:
            other = record(Outcome.MISSED, "no worker could take the order before it expired")
        else:
            other = record(Outcome.OVERLAP)
        return Claim(
            job=order.job,
            revision=held.revision if held else 0,
            plan=order.plan,
            cursor=None,
            run_id=order.run_id,
            run=record(Outcome.RUN) if runs else None,
            overlap_id=order.run_id,
            overlap=other,
            locked=held is not None and held.job.overlap is not Overlap.ALLOW,
            order=order.key,
        )
