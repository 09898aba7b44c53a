"""What several resources share."""

import functools
from datetime import UTC, datetime
from typing import Annotated, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    WithJsonSchema,
)
from pydantic.alias_generators import to_camel

from app.common.models.job import Time

MAX_MS = 4_133_980_799_999  # the end of 2100


def iso(ms: int) -> str:
    """`2030-01-31T08:00:00.123Z`"""
    whole, part = divmod(ms, 1000)
    return f"{_iso_second(whole)}.{part:03d}Z"


@functools.lru_cache(maxsize=4096)  # most moments of an answer share their second with others
def _iso_second(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")


def parse_ms(value: object) -> object:
    """Epoch milliseconds from an ISO 8601 time with an offset, or from a number of them."""
    if isinstance(value, str):
        text = value.strip()
        if text.isdigit():
            return int(text)
        try:
            # In an address a plus sign means a space.
            moment = datetime.fromisoformat(text.replace(" ", "+"))
        except ValueError:
            raise ValueError("must be an ISO 8601 time such as 2030-01-31T08:00:00Z") from None
        if moment.tzinfo is None:
            raise ValueError("needs a time zone offset, such as the Z in 2030-01-31T08:00:00Z")
        return round(moment.timestamp() * 1000)
    return value


def _no_nul(value: str) -> str:
    if "\x00" in value:
        raise ValueError("must not contain a NUL character")
    return value


_DATE_TIME = WithJsonSchema(
    {"type": "string", "format": "date-time", "examples": ["2030-01-31T08:00:00.000Z"]}
)

Moment = Annotated[int, PlainSerializer(iso, return_type=str), _DATE_TIME]
"""Epoch milliseconds inside, ISO 8601 outside."""

MomentParameter = Annotated[int, BeforeValidator(parse_ms), Field(ge=0, le=MAX_MS), _DATE_TIME]

QueryText = Annotated[str, Field(max_length=256), AfterValidator(_no_nul)]

Cursor = Annotated[str, Field(max_length=4096), AfterValidator(_no_nul)]
"""Holds the keys of a row: at most a group and a name, and that once more in small letters."""

BodyTime = Time


class Schema(BaseModel):
    """Of answers: made by us, so not checked again. All fields are always there, whatever their defaults."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        populate_by_name=True,
        serialize_by_alias=True,
        json_schema_serialization_defaults_required=True,
    )

    @classmethod
    def made_of(cls, source: object) -> Self:
        """From the attributes of the same names. As `model_construct`, which takes five times as long to look
        for aliases and defaults.
        """
        made = cls.__new__(cls)
        object.__setattr__(made, "__dict__", {name: getattr(source, name) for name in cls.model_fields})
        object.__setattr__(made, "__pydantic_fields_set__", set(cls.model_fields))
        object.__setattr__(made, "__pydantic_extra__", None)
        object.__setattr__(made, "__pydantic_private__", None)
        return made


class Parameters(BaseModel):
    """Of queries: unknown ones are refused with their name."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="forbid")


class PageParameters(Parameters):
    limit: int = Field(50, ge=1, le=1000)
    cursor: Cursor | None = Field(None, description="`next` of the page before")
