"""What to ask etcd for: a claim made of a fire or of an order, with the open records it would leave."""

from app.common.models import MissedRange, OpenRecord, Outcome, Overlap, Trigger, WorkerLoss, run_id
from app.worker import rows
from app.worker.claims import Claim
from app.worker.job_table import HeldJob
from app.worker.orders import HeldOrder
from app.worker.planner import Fire, Planner

NOT_LABELLED = "no live worker with the labels that the job asks for claimed it in time"


class ClaimMaker:
    """Times are epoch ms. Remembers the growing range of each job whose fires are being skipped."""

    def __init__(self, planner: Planner) -> None:
        self._planner = planner
        self._skips: dict[str, MissedRange] = {}

    def forget(self, name: str) -> None:
        """The job's next skipped fire begins a new range."""
        self._skips.pop(name, None)

    def remember(self, name: str, record: OpenRecord) -> None:
        """A fire of the job was claimed, and `record` is what became of it."""
        # A range whose record also stands for missed fires must not be written again without them.
        if record.outcome is Outcome.OVERLAP and record.skipped and not record.missed:
            self._skips[name] = record.skipped
        else:
            self._skips.pop(name, None)

    def of_fire(self, held: HeldJob, fire: Fire, now: int, *, runs: bool) -> Claim:
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

    def of_order(self, order: HeldOrder, held: HeldJob | None, now: int, *, expired: bool) -> Claim:
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
            cursor=0,
            run_id=order.run_id,
            run=record(Outcome.RUN) if runs else None,
            overlap_id=order.run_id,
            overlap=other,
            locked=held is not None and held.job.overlap is not Overlap.ALLOW,
            order=order.key,
        )
