"""One action on many jobs. Each job is a change of its own: its own transaction, its own audit entry."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from app.common.errors import EtcdError, FieldError
from app.master.problems import Problem, no_such
from app.master.services.audit import Actor
from app.master.services.job_index import JobIndex
from app.master.services.jobs import ANY, Jobs, Retag
from app.master.services.open_runs import OpenRuns
from app.master.services.orders import Orders
from app.master.services.stretches import in_stretches


class BulkAction(StrEnum):
    RUN = "run"
    KILL = "kill"
    PAUSE = "pause"
    RESUME = "resume"
    DELETE = "delete"
    TAG = "tag"


class BulkResult(StrEnum):
    DONE = "done"
    UNCHANGED = "unchanged"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Outcome:
    name: str
    result: BulkResult
    detail: str = ""
    run_ids: Sequence[str] = ()


Act = Callable[[str], Outcome]


class Bulk:
    def __init__(self, jobs: Jobs, orders: Orders, open_runs: OpenRuns, index: JobIndex) -> None:
        self._jobs, self._orders, self._open_runs, self._index = jobs, orders, open_runs, index

    def perform(
        self, action: BulkAction, names: Sequence[str], actor: Actor, retag: Retag | None = None
    ) -> list[Outcome]:
        """Of each job in order; ends early, with fewer outcomes, when the time is up or etcd has gone.

        Raises EtcdError where etcd answered nothing at all.
        """
        act = self._act(action, actor, retag)
        done: list[Outcome] = []
        for answers in in_stretches(lambda name: _try(act, name), names):
            lost = [error for _, error in answers if error]
            if lost and not done and len(lost) == len(answers):
                raise lost[0]
            done += [outcome for outcome, _ in answers]
            if lost:
                break
        return done

    def _act(self, action: BulkAction, actor: Actor, retag: Retag | None) -> Act:
        def run(name: str) -> Outcome:
            return _done(name, [self._orders.run(name, {}, None, actor)])

        def enable(name: str) -> Outcome:
            return _written(name, self._jobs.enable(name, action is BulkAction.RESUME, actor).changed)

        def delete(name: str) -> Outcome:
            self._jobs.delete(name, ANY, actor)
            return _done(name)

        def tag(name: str) -> Outcome:
            assert retag is not None
            return _written(name, self._jobs.retag(name, retag, actor).changed)

        match action:
            case BulkAction.RUN:
                return run
            case BulkAction.KILL:
                return self._kill(actor)
            case BulkAction.PAUSE | BulkAction.RESUME:
                return enable
            case BulkAction.DELETE:
                return delete
            case BulkAction.TAG:
                return tag

    def _kill(self, actor: Actor) -> Act:
        running: defaultdict[str, list[str]] = defaultdict(list)
        for run in self._open_runs.records():
            if run.runs:
                running[run.record.job].append(run.id)

        def kill(name: str) -> Outcome:
            if runs := running.get(name):
                self._orders.kill_runs(name, runs, actor)
                return _done(name, runs)
            if self._index.get(name) is None:
                raise no_such("job", name)
            return Outcome(name, BulkResult.UNCHANGED, "Nothing of it runs.")

        return kill


def _try(act: Act, name: str) -> tuple[Outcome, EtcdError | None]:
    """What became of one job, and the error if that is because etcd does not answer."""
    try:
        return act(name), None
    except EtcdError as error:
        detail = f"etcd did not answer, so this may or may not have happened: {error}"
        return Outcome(name, BulkResult.FAILED, detail), error
    except (Problem, FieldError) as error:
        return Outcome(name, BulkResult.FAILED, str(error)), None


def _done(name: str, runs: Sequence[str] = ()) -> Outcome:
    return Outcome(name, BulkResult.DONE, run_ids=runs)


def _written(name: str, changed: bool) -> Outcome:
    return _done(name) if changed else Outcome(name, BulkResult.UNCHANGED, "It is so already.")
