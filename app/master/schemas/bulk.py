"""One action on many jobs, as the API takes and answers it."""

from typing import Annotated, Self

from pydantic import BeforeValidator, ConfigDict, Field, model_validator

from app.common.models.base import CamelModel
from app.common.models.job import Name
from app.master.schemas.common import Cursor, Schema
from app.master.schemas.jobs import JobSelection
from app.master.services.bulk import BulkAction, BulkResult
from app.master.services.jobs import Retag

MAX_NAMES = 1_000
MAX_TAGS = 32

Tags = Annotated[list[Name], Field(max_length=MAX_TAGS)]


class BulkRequest(CamelModel):
    """Which jobs: `names`, or all that a `filter` finds, `limit` of them a call."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"action": "pause", "names": ["nightly-backup", "report"]},
                {"action": "tag", "filter": {"group": "backups"}, "addTags": ["weekly"], "limit": 100},
            ]
        }
    )

    action: BulkAction
    names: list[Annotated[str, Field(max_length=1024)]] | None = Field(
        None, min_length=1, max_length=MAX_NAMES
    )
    filter: JobSelection | None = Field(None, description="As the parameters of GET /jobs; {} finds all")
    limit: int = Field(200, ge=1, le=1_000, description="Of a filter: at most so many jobs a call")
    cursor: Cursor | None = Field(None, description="Of a filter: `next` of the call before")
    add_tags: Tags = Field(default_factory=list)
    remove_tags: Tags = Field(default_factory=list)
    group: Annotated[Name | None, BeforeValidator(lambda group: None if group == "" else group)] = Field(
        None, description="Of `tag`: sets the group; null or empty clears it; absent leaves it"
    )

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if (self.names is None) == (self.filter is None):
            raise ValueError("names: give either names or a filter")
        if self.cursor is not None and self.filter is None:
            raise ValueError("cursor: is for a filter")
        retags = {"add_tags": "addTags", "remove_tags": "removeTags", "group": "group"}
        given = [name for field, name in retags.items() if field in self.model_fields_set]
        if self.action is BulkAction.TAG and not given:
            raise ValueError("addTags: give addTags, removeTags or group")
        if self.action is not BulkAction.TAG and given:
            raise ValueError(f"{given[0]}: is for the action tag")
        return self

    def retag(self) -> Retag | None:
        if self.action is not BulkAction.TAG:
            return None
        return Retag(self.add_tags, self.remove_tags, "group" in self.model_fields_set, self.group)


class BulkItem(Schema):
    name: str
    result: BulkResult
    detail: str = Field("", description="Why it failed, or why nothing was to do")
    run_ids: list[str] = Field(default_factory=list, description="Of the runs ordered or killed")


class BulkAnswer(Schema):
    items: list[BulkItem]
    total: int = Field(description="Jobs named, or found by the filter at this moment")
    next: str | None = Field(None, description="`cursor` of the next call; None: all were worked through")
