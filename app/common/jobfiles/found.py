"""One job of a text, or what stands in its place."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from app.common.errors import CronError, ScheduleError
from app.common.models import Job
from app.common.models.job import MAX_PROBLEMS
from app.common.refusals import Refusal, refusals


class TextError(CronError):
    """The text cannot be read, or is beyond bounds: nothing of it can be used. The message says where."""


@dataclass(frozen=True, slots=True)
class Found:
    """`job`, or `errors` that say why it is none. `where` it stands: `line 3`, or `job 3` of a JSON list."""

    where: str
    name: str  # empty where the text says none
    job: Job | None
    errors: tuple[Refusal, ...] = ()
    notes: tuple[str, ...] = ()


def checked(where: str, body: Mapping[Any, Any], notes: tuple[str, ...] = ()) -> Found:
    """The job that `body` is, with a schedule that can be."""
    name = body.get("name")
    name = name if isinstance(name, str) and _is_text(name) else ""
    try:
        job = Job.model_validate(body, by_alias=True, by_name=False)
        job.schedule("UTC")
    except ValidationError as error:
        return Found(where, name, None, tuple(_some(error)), notes)
    except ScheduleError as error:
        return Found(where, name, None, ((error.field, error.message),), notes)
    return Found(where, job.name, job, (), notes)


def _is_text(value: str) -> bool:
    """Whether it can be written: JSON can name halves of characters."""
    return not any("\ud800" <= character <= "\udfff" for character in value)


def _some(error: ValidationError) -> list[Refusal]:
    errors = error.errors(include_url=False, include_input=False)
    found = refusals(errors[:MAX_PROBLEMS])
    if len(errors) > MAX_PROBLEMS:
        found.append(("", f"and {len(errors) - MAX_PROBLEMS} more"))
    return found
