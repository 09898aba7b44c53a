"""What jobs can be filtered by."""

from pydantic import Field

from app.master.schemas.common import Schema


class Facet(Schema):
    value: str
    count: int = Field(description="Jobs that have it")


class Facets(Schema):
    """Most used first, at most 1,000 of each."""

    groups: list[Facet]
    tags: list[Facet]
    labels: list[Facet] = Field(description="Of jobs' workerLabels, as `key=value`")
