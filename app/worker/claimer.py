"""Carries out what the planner and the order book want: checks, claims, and claims again where fires were
missed."""

import itertools
import logging
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

from app.common import keys
from app.common.errors import EtcdError, EtcdUnavailable, LeaseNotFound
from app.common.etcd import EtcdClient
from app.common.metrics.worker import CLAIM_BATCH, CLAIM_TRANSACTIONS, CLAIMS
from app.common.models import OpenRecord, Outcome
from app.worker.backoff import MAX_BACKOFF_MS, Backoff
from app.worker.claim_maker import ClaimMaker
from app.worker.claims import (
    BATCH,
    Answer,
    Claim,
    Claimed,
    claim_batch,
    hold_locks,
    look,
    why_refused,
)
from app.worker.job_table import HeldJob, JobTable
from app.worker.orders import HeldOrder, OrderBook
from app.worker.planner import RETRY_MS, Fire, Planner

log = logging.getLogger(__name__)

MAX_ROUNDS = 3  # of one fire: first, against the cursor found, and once more if somebody was quicker
FIRES_A_TURN = BATCH  # what was won starts before more is claimed
FIRST_FIRES = 30  # after a quiet time: executors that have nothing to do need not wait for a whole batch
QUIET_MS = 100
WON = (Answer.RUN, Answer.OVERLAP, Answer.RECORDED)


@dataclass(frozen=True, slots=True)
class Won:
    """A claim that this worker won. `run_id` and `record` are of the open record it left at `key`.
    `overtaken`: another run of the job has begun meanwhile, so this one must not."""

    held: HeldJob | None
    order: HeldOrder | None
    record: OpenRecord
    key: str
    run_id: str
    revision: int
    overtaken: bool = False


@dataclass(slots=True)
class _Attempt:
    claim: Claim
    held: HeldJob | None
    fire: Fire | None = None
    order: HeldOrder | None = None


def _batches(attempts: Iterable[_Attempt]) -> Iterator[list[_Attempt]]:
    """At most BATCH each, and no job twice: etcd refuses a request that may write a key (the lock) twice."""
    layers: defaultdict[int, list[_Attempt]] = defaultdict(list)
    seen: Counter[str] = Counter()
    for attempt in attempts:
        layers[seen[attempt.claim.job]].append(attempt)
        seen[attempt.claim.job] += 1
    for layer in layers.values():
        for start in range(0, len(layer), BATCH):
            yield layer[start : start + BATCH]


def _count(answers: Iterable[Claimed]) -> None:
    for answer, count in Counter(claimed.answer for claimed in answers).items():
        if answer is not Answer.REFUSED:  # counted by its reason
            CLAIMS.labels(outcome=answer.value).inc(count)


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
        self._maker = ClaimMaker(planner)
        self._doubtful: list[_Attempt] = []  # claims whose reply was lost: each may have been won
        self._claimed_at = 0  # when something was due last
        self._backoff = Backoff()

    def next_due(self) -> int | None:
        """When `attempt` has something to do: not before a pause after a failure is over."""
        times = [self._planner.next_due(), self._orders.next_due(), 0 if self._doubtful else None]
        due = min((time for time in times if time is not None), default=None)
        return None if due is None else max(due, self._backoff.retry_at)

    def may_claim(self, now: int) -> bool:
        """Whether `attempt` may claim something now, if there is room for it."""
        due = self.next_due()
        return self._planner.waits_for_room or (due is not None and due <= now)

    @property
    def not_before(self) -> int:
        """Until then `attempt` does nothing, whatever is due (epoch ms)."""
        return self._backoff.retry_at

    def forget(self, name: str) -> None:
        """The job changed: its next skipped fire begins a new range."""
        self._maker.forget(name)

    def attempt(self, now: int, lease: int, free: int) -> list[Won]:
        """Claim what is due, at most `free` of them to be run here. Returns what was won.

        Raises LeaseNotFound when the lease has ended; nothing was claimed with it.
        """
        if self._backoff.holds(now):
            return []
        won: list[Won] = []
        try:
            self._resolve_doubts(now, lease, won)
            free -= sum(1 for w in won if w.record.outcome is Outcome.RUN)
            self._claim(self._collect(now, free), now, lease, won)
        except LeaseNotFound:
            if not won:
                raise
            log.warning("The lease ended between two claims.", extra={"action": "claim"})
        except EtcdError as error:
            log.debug("Claiming waits for etcd: %s", error, extra={"action": "claim"})
            self._backoff.failed(now)
        else:
            if not self._doubtful:
                self._backoff.succeeded()
        return won

    def _resolve_doubts(self, now: int, lease: int, won: list[Won]) -> None:
        """Ask again for the claims whose replies were lost. Those that etcd refuses stay in doubt."""
        unresolved: list[_Attempt] = []
        batches = deque(_batches(self._doubtful))
        try:
            while batches:
                try:
                    answers = self._ask_again(batches[0], now, lease)
                except (EtcdUnavailable, LeaseNotFound):
                    raise
                except EtcdError as error:
                    log.error("etcd refuses claims in doubt: %s", error, extra={"action": "claim"})
                    unresolved += batches.popleft()
                    self._backoff.failed(now)
                    continue
                for attempt, claimed in zip(batches.popleft(), answers, strict=True):
                    if claimed.answer in WON:
                        won += self._take(attempt, claimed)
                    else:
                        self._retry(attempt, now)
        finally:
            self._doubtful = [*unresolved, *itertools.chain.from_iterable(batches)]

    def _ask_again(self, batch: list[_Attempt], now: int, lease: int) -> list[Claimed]:
        """A fire that has become too late is not won by asking again: it is recorded as missed, unless it was
        won the first time."""
        late = []
        for attempt in batch:
            fire, held = attempt.fire, attempt.held
            if fire and held and attempt.claim.run and not self._planner.may_run(held, fire, now):
                late.append((attempt, self._maker.of_fire(held, fire, now, runs=False)))
        if late:
            answers = self._ask_in_doubt([claim for _, claim in late], lease)
            for (attempt, claim), claimed in zip(late, answers, strict=True):
                if claimed.answer is Answer.RECORDED:
                    attempt.claim = claim
        answers = self._ask_in_doubt([attempt.claim for attempt in batch], lease)
        runs = [a.claim for a, c in zip(batch, answers, strict=True) if c.answer is Answer.RUN]
        locked = [claim for claim in runs if claim.locked]
        if not locked:
            return answers
        holding = hold_locks(self._client, self._worker, lease, locked)
        overtaken = {claim.run_id for claim in locked} - holding
        return [
            replace(answer, overtaken=attempt.claim.run_id in overtaken and answer.answer is Answer.RUN)
            for attempt, answer in zip(batch, answers, strict=True)
        ]

    def _collect(self, now: int, free: int) -> list[_Attempt]:
        self._planner.make_room(free)
        quiet = not 0 <= now - self._claimed_at < QUIET_MS
        due = self._planner.collect(now, FIRST_FIRES if quiet else FIRES_A_TURN)
        claim, free = self._fitting(due.claim, free, now)
        # What has no room is not looked at either: by the time it has, somebody may have claimed it.
        check, free = self._fitting(due.check, free, now)
        if claim or check:
            self._claimed_at = now
        try:
            claim += self._unclaimed(check)
        except EtcdError:
            for fire in claim + check:
                self._planner.again(fire, now + self._backoff.pause)
            raise
        attempts = []
        for fire in claim:
            held = self._table.get(fire.name)
            if held is None or not held.job.enabled:
                self._planner.decided(fire)
                continue
            runs = self._planner.may_run(held, fire, now)
            attempts.append(_Attempt(self._maker.of_fire(held, fire, now, runs=runs), held, fire=fire))
        for order in self._orders.collect(now):
            expired = self._orders.expired(order, now)
            if not expired:
                if free <= 0:
                    self._orders.again(order, now + RETRY_MS)
                    continue
                free -= 1
            held = self._table.get(order.job)
            attempts.append(
                _Attempt(self._maker.of_order(order, held, now, expired=expired), held, order=order)
            )
        return attempts

    def _fitting(self, fires: list[Fire], free: int, now: int) -> tuple[list[Fire], int]:
        """Those that need no room here or find some, and how much is left of it; the others wait for it."""
        fitting = []
        for fire in fires:
            held = self._table.get(fire.name)
            if held and held.blocked_by != self._worker and self._planner.may_run(held, fire, now):
                if free <= 0:
                    self._planner.wait_for_room(fire)
                    continue
                free -= 1
            fitting.append(fire)
        return fitting, free

    def _unclaimed(self, fires: list[Fire]) -> list[Fire]:
        """Those that nobody has claimed, with the cursor found."""
        if not fires:
            return []
        seen = look(self._client, [fire.name for fire in fires])
        CLAIM_TRANSACTIONS.labels(kind="check").inc()
        open_fires = []
        for fire in fires:
            held, found = self._table.get(fire.name), seen[fire.name]
            if found.cursor is None:
                self._planner.distrust(fire.name)
            elif found.cursor >= fire.plan:
                self._planner.decided(fire)
                self._note_blocker(held, found.blocker)
            else:
                fire.read, fire.cursor = True, found.cursor
                if held:
                    held.blocked_by = ""  # whoever was to claim it did not
                open_fires.append(fire)
        return open_fires

    def _claim(self, attempts: list[_Attempt], now: int, lease: int, won: list[Won]) -> None:
        """Claim, and again against the cursors found. What is not claimed in the end is tried again later."""
        for _ in range(MAX_ROUNDS):
            batches, refused = deque(_batches(attempts)), list[_Attempt]()
            while batches:
                batch = batches.popleft()
                try:
                    answers = self._send([attempt.claim for attempt in batch], lease)
                except EtcdUnavailable as error:
                    log.warning(
                        "Claims are in doubt: %s", error, extra={"action": "claim", "claims": len(batch)}
                    )
                    self._doubtful += batch
                    self._retry_all([*refused, *itertools.chain.from_iterable(batches)], now)
                    raise
                except LeaseNotFound:
                    self._retry_all([*batch, *refused, *itertools.chain.from_iterable(batches)], now)
                    raise
                except EtcdError as error:
                    if len(batch) > 1:
                        # One bad claim must not hold up the others: find it by sending them one by one.
                        batches.extendleft([attempt] for attempt in reversed(batch))
                        continue
                    log.error("etcd refused a claim: %s", error, extra={"action": "claim"})
                    self._retry(batch[0], now + MAX_BACKOFF_MS)
                    continue
                for attempt, claimed in zip(batch, answers, strict=True):
                    if claimed.answer in WON:
                        won += self._take(attempt, claimed)
                    else:
                        refused.append(attempt)
            if not refused:
                return
            try:
                reasons = self._ask_why([attempt.claim for attempt in refused])
            except EtcdError:
                self._retry_all(refused, now)
                raise
            attempts = [a for a, why in zip(refused, reasons, strict=True) if self._again(a, why, now)]
        self._retry_all(attempts, now)

    def _send(self, claims: list[Claim], lease: int) -> list[Claimed]:
        answers = claim_batch(self._client, self._worker, lease, claims)
        CLAIM_TRANSACTIONS.labels(kind="claim").inc()
        CLAIM_BATCH.observe(len(claims))
        _count(answers)
        return answers

    def _ask_why(self, claims: list[Claim], *, in_doubt: bool = False) -> list[Claimed]:
        reasons = why_refused(self._client, self._worker, claims, in_doubt=in_doubt)
        CLAIM_TRANSACTIONS.labels(kind="reason").inc()
        _count(reasons)
        return reasons

    def _ask_in_doubt(self, claims: list[Claim], lease: int) -> list[Claimed]:
        """Claim once more what an earlier request may have won; the answers say so of what it did win."""
        answers = self._send(claims, lease)
        refused = [claim for claim, each in zip(claims, answers, strict=True) if each.answer not in WON]
        reasons = iter(self._ask_why(refused, in_doubt=True) if refused else ())
        return [each if each.answer in WON else next(reasons) for each in answers]

    def _again(self, attempt: _Attempt, claimed: Claimed, now: int) -> bool:
        """Whether to claim at once again, against the cursor found."""
        match claimed.answer:
            case Answer.GAP if attempt.fire and attempt.held and claimed.cursor is not None:
                attempt.fire.read, attempt.fire.cursor = True, claimed.cursor
                runs = self._planner.may_run(attempt.held, attempt.fire, now)
                attempt.claim = self._maker.of_fire(attempt.held, attempt.fire, now, runs=runs)
                return True
            case Answer.STALE:
                # The change is on its way here. If it moves no fire, this one is still to be claimed.
                self._retry(attempt, now + RETRY_MS)
            case Answer.NO_CURSOR if attempt.fire:
                self._planner.distrust(attempt.fire.name)
            case _:
                self._done(attempt)
                if attempt.fire:
                    self._note_blocker(attempt.held, claimed.blocker)
        return False

    def _note_blocker(self, held: HeldJob | None, blocker: str) -> None:
        """Whoever runs a job also records the fires skipped meanwhile, so that they become one row."""
        if held and blocker != self._worker:  # of its own runs the scheduler knows more
            held.blocked_by = blocker

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
        if attempt.held and attempt.fire:
            attempt.held.blocked_by = claimed.blocker
            self._maker.remember(attempt.fire.name, record)
        return [Won(attempt.held, attempt.order, record, key, record_id, claimed.revision, claimed.overtaken)]

    def _done(self, attempt: _Attempt) -> None:
        if attempt.fire:
            self._planner.decided(attempt.fire)
        if attempt.order:
            self._orders.remove(attempt.order.key)

    def _retry_all(self, attempts: list[_Attempt], now: int) -> None:
        for attempt in attempts:
            self._retry(attempt, now + RETRY_MS)

    def _retry(self, attempt: _Attempt, at: int) -> None:
        if attempt.fire:
            self._planner.again(attempt.fire, at)
        if attempt.order:
            self._orders.again(attempt.order, at)
