"""Jobs of a text compared with those there are, then written."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from app.common.errors import EtcdError, FieldError
from app.common.jobfiles import (
    KEPT_ON_SERVER,
    Found,
    Options,
    Source,
    TextError,
    jobs_of_crontabs,
    jobs_of_documents,
)
from app.common.models import InvalidJob, Job
from app.common.refusals import Refusal
from app.master.problems import Problem, invalid
from app.master.services.audit import Actor
from app.master.services.job_index import JobIndex
from app.master.services.jobs import Jobs, Precondition
from app.master.services.stretches import in_stretches

MAX_JOBS = 5_000
MAX_LINES = 50_000
MAX_VALUES = 500_000
MAX_BYTES = 32 * 1024 * 1024  # of all jobs: variables and aliases put a few lines into each of them
NOT_TRIED = (
    "",
    "not written: the time for one request was up, or etcd did not answer; import again to go on",
)


class Change(StrEnum):
    CREATE = "create"
    UPDATE = "update"
    UNCHANGED = "unchanged"
    REFUSED = "refused"


class ImportFormat(StrEnum):
    CRONTAB = "crontab"
    YAML = "yaml"


@dataclass(frozen=True, slots=True)
class Text:
    """What a text holds. `keep`: fields in which it does not change jobs that there are."""

    found: list[Found]
    notes: list[str]
    keep: frozenset[str]


@dataclass(frozen=True, slots=True)
class Planned:
    """What an import does with one job. `before` is the job there is, `after` what it becomes."""

    found: Found
    change: Change
    before: Job | InvalidJob | None = None
    after: Job | None = None
    revision: int = 0
    errors: Sequence[Refusal] = ()


def read(form: ImportFormat, text: str, *, system: bool, timezone: str | None, group: str | None) -> Text:
    """By the rules of the command line. Raises 422 where nothing of the text can be used."""
    if form is ImportFormat.CRONTAB:
        if text.count("\n") > MAX_LINES:
            raise invalid("text", f"has more than {MAX_LINES} lines; import it in parts")
        source = Source("crontab", text, system)
        try:
            crontabs = jobs_of_crontabs([source], Options(timezone=timezone, group=group), max_jobs=MAX_JOBS)
        except TextError as error:
            raise invalid("text", str(error)) from None
        result = Text(_bounded(found for _, found in crontabs.found), crontabs.notes, KEPT_ON_SERVER)
    else:
        jobs = jobs_of_documents(text, timezone=timezone, group=group, max_values=MAX_VALUES)
        try:
            result = Text(_bounded(jobs), [], frozenset())
        except TextError as error:
            raise invalid("text", str(error)) from None
    if not result.found:
        raise invalid("text", "there is no job in it")
    return result


def _bounded(jobs: Iterable[Found]) -> list[Found]:
    found, size = [], 0
    for each in jobs:
        found.append(each)
        size += len(each.job.to_json()) if each.job else 0
        if len(found) > MAX_JOBS:
            raise invalid("text", f"has more than {MAX_JOBS} jobs; import it in parts")
        if size > MAX_BYTES:
            raise invalid("text", f"stands for jobs of more than {MAX_BYTES} bytes; import it in parts")
    return found


class Imports:
    def __init__(self, jobs: Jobs, index: JobIndex) -> None:
        self._jobs, self._index = jobs, index

    def plan(
        self, found: Sequence[Found], revisions: Mapping[str, int], keep: frozenset[str] = frozenset()
    ) -> list[Planned]:
        """`keep`: fields in which jobs stay as they are. `revisions`: what jobs must be at, by name."""
        return [self._plan(each, revisions, keep) for each in found]

    def apply(self, planned: Sequence[Planned], actor: Actor) -> list[Planned]:
        """Write each at the revision it was planned from; what meets another's change is refused, and so is
        the rest when the time is up or etcd has gone.

        Raises EtcdError where etcd answered nothing at all.
        """
        wanted = [each for each in planned if each.change in (Change.CREATE, Change.UPDATE)]
        written: list[Planned] = []
        for stretch in in_stretches(lambda each: self._write(each, actor), wanted):
            lost = [error for _, error in stretch if error]
            if lost and not written and len(lost) == len(stretch):
                raise lost[0]
            written += [each for each, _ in stretch]
            if lost:
                break
        written += [_refused(each, NOT_TRIED) for each in wanted[len(written) :]]
        answers = iter(written)
        return [next(answers) if each.change in (Change.CREATE, Change.UPDATE) else each for each in planned]

    def _plan(self, found: Found, revisions: Mapping[str, int], keep: frozenset[str]) -> Planned:
        row = self._index.get(found.name) if found.name else None
        before = self._index.job_of(row) if row else None
        revision = row.revision if row else 0
        if found.job is None:
            return Planned(found, Change.REFUSED, before, None, revision, found.errors)
        after = found.job
        if isinstance(before, Job) and keep:
            after = after.model_copy(update={name: getattr(before, name) for name in keep})
        change = Change.UNCHANGED if after == before else Change.UPDATE if row else Change.CREATE
        # What is as it should be was perhaps written by a request of which the answer was lost.
        if change is not Change.UNCHANGED and revisions.get(found.name, revision) != revision:
            error = ("name", f"{found.name!r} has been changed since; it is at revision {revision}")
            return Planned(found, Change.REFUSED, before, after, revision, [error])
        return Planned(found, change, before, after, revision)

    def _write(self, planned: Planned, actor: Actor) -> tuple[Planned, EtcdError | None]:
        """What became of it, and the error if that is because etcd does not answer."""
        assert planned.after is not None
        absent = planned.change is Change.CREATE
        only = Precondition(absent=True) if absent else Precondition(frozenset({planned.revision}))
        try:
            self._jobs.replace(planned.after, only, actor)
        except EtcdError as error:
            message = f"etcd did not answer, so this may or may not have been written: {error}"
            return _refused(planned, ("", message)), error
        except Problem as problem:
            return _refused(planned, *(problem.errors or [("", problem.detail)])), None
        except FieldError as error:
            return _refused(planned, (error.field, error.message)), None
        return planned, None


def _refused(planned: Planned, *errors: Refusal) -> Planned:
    return replace(planned, change=Change.REFUSED, errors=errors)
