"""Why a value was refused, in JSON names: one wording for forms, files and the command line. Pure."""

import re
from collections.abc import Sequence
from typing import Any

from app.common.models.job import field_path, message_of

Refusal = tuple[str, str]
"""Field and message; the field is empty where the whole is refused."""

_LEADING_FIELD = re.compile(r"([A-Za-z]\w*): (.+)", re.DOTALL)


def refusals(errors: Sequence[Any], *, skip: int = 0) -> list[Refusal]:
    """Of pydantic's errors; `skip` leaves out the first parts of each location."""
    return [_refusal(e["loc"][skip:], e["type"], message_of(e["msg"])) for e in errors]


def in_words(found: Sequence[Refusal]) -> str:
    return "; ".join(f"{field}: {message}" if field else message for field, message in found)


def _refusal(location: tuple[int | str, ...], kind: str, message: str) -> Refusal:
    if kind == "extra_forbidden":
        message = "unknown field"
    if not location and (leading := _LEADING_FIELD.fullmatch(message)):
        return leading[1], leading[2]
    return field_path(location), message[:1].lower() + message[1:]
