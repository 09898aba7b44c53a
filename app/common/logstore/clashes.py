"""What happens to a row whose id is there already. Pure: the stores bring the rows, this decides."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum

from app.common.logstore.base import StoreResult
from app.common.models import Run, Status

_RANGES = (Status.SKIPPED, Status.MISSED)
_DOUBLE = "~"  # never part of a run id


class Verdict(Enum):
    KNOWN = "known"
    REPLACES = "replaces"
    CONFLICTS = "conflicts"


def judge(have: Run, new: Run) -> Verdict:
    """What `new` is to the stored row of its id; the rules are those of `LogStore.store`.

    A skipped or missed row started nothing: its range told again, by whomever and however short, is known.
    """
    if new.status is Status.LOST:
        return Verdict.KNOWN
    if have.status is Status.LOST:
        return Verdict.REPLACES
    if new.status is have.status and new.status in _RANGES:
        return Verdict.REPLACES if new.count > have.count else Verdict.KNOWN
    if (new.worker, new.start_time) == (have.worker, have.start_time):
        return Verdict.KNOWN
    return Verdict.CONFLICTS


def double(run: Run) -> Run:
    """`run` under an id of its own, beside the row that was first."""
    return replace(run, id=f"{run.id}{_DOUBLE}{run.worker}")


def first_id(run_id: str) -> str:
    """The id that a doubled row was stored under first."""
    return run_id.partition(_DOUBLE)[0]


def is_double(run_id: str) -> bool:
    return _DOUBLE in run_id


@dataclass(slots=True)
class Sorted:
    """What becomes of the rows of a batch.

    `write`: what is to be written, one row an id; `replaced` holds the stored rows that some of them replace.
    `known`: for each row that is not to be written, the one that stands in its place.
    `doubles`: conflicts, already under ids of their own, and to be sorted out in their turn.
    """

    write: dict[str, Run] = field(default_factory=dict)
    replaced: dict[str, Run] = field(default_factory=dict)
    known: list[Run] = field(default_factory=list)
    doubles: list[Run] = field(default_factory=list)


def sort_out(runs: Iterable[Run], stored: Mapping[str, Run]) -> Sorted:
    """Judge each row against what is stored and against the rows before it in the same batch.

    Where a later row of the batch replaces an earlier one, the earlier one counts as known.
    """
    result = Sorted()
    for run in runs:
        have = result.write.get(run.id) or stored.get(run.id)
        if have is None:
            result.write[run.id] = run
            continue
        verdict = judge(have, run)
        if verdict is Verdict.CONFLICTS:
            result.doubles.append(double(run))
        elif verdict is Verdict.KNOWN or run.id in result.write:
            result.known.append(have)
        else:
            result.replaced[run.id] = have
        if verdict is Verdict.REPLACES:
            result.write[run.id] = run
    return result


def store_all(parts: Iterable[list[Run]], write: Callable[[list[Run]], Sorted]) -> StoreResult:
    """Hand each part to `write`, which stores what it can, and then the conflicts that it left."""
    stored = known = 0
    conflicts: list[str] = []
    for part in parts:
        todo = part
        while todo:
            done = write(todo)
            doubled = [first_id(row_id) for row_id in done.write if is_double(row_id)]
            stored += len(done.write) - len(doubled)
            known += len(done.known)
            conflicts += doubled
            todo = done.doubles
    return StoreResult(stored, known, tuple(conflicts))
