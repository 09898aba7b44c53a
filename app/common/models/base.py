"""What every JSON object of the system shares: camelCase names, no unknown fields, no coercion."""

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel


class CamelModel(BaseModel):
    """Frozen; JSON names are camelCase; unknown fields and wrong types are refused with their name."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        validate_by_name=True,
        validate_by_alias=True,
        extra="forbid",
        strict=True,
        frozen=True,
        allow_inf_nan=False,
        serialize_by_alias=True,
    )

    def to_json(self) -> bytes:
        """Compact JSON, fields at their defaults left out."""
        return self.model_dump_json(exclude_defaults=True).encode()
