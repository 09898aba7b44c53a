"""Import and export of jobs, as the API takes and answers them."""

from typing import Any, Self

from pydantic import ConfigDict, Field, model_validator

from app.common.models.base import CamelModel
from app.common.models.job import Name
from app.master.problems import FieldProblem
from app.master.schemas.common import Moment, Schema
from app.master.schemas.jobs import JobSelection
from app.master.services.export import ExportFormat
from app.master.services.imports import Change, ImportFormat, Planned
from app.master.services.job_write import shown


class ExportParameters(JobSelection):
    format: ExportFormat = Field(ExportFormat.YAML, description="YAML has one document a job, JSON one list")


class ImportRequest(CamelModel):
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"format": "crontab", "text": "30 2 * * * /usr/local/bin/backup --all\n"}]
        }
    )

    format: ImportFormat = Field(description="JSON is YAML")
    text: str = Field(min_length=1)
    dry_run: bool = Field(True, description="Show what would change, change nothing")
    partial: bool = Field(False, description="Apply what is not refused even if something is")
    timezone: str | None = Field(None, max_length=64, description="Of jobs that name none")
    group: Name | None = Field(None, description="Of jobs that name none")
    system: bool = Field(False, description="The lines of the crontab name a user, as in /etc/crontab")
    revisions: dict[str, int] = Field(
        default_factory=dict,
        description="By name, from a dry run: a job that has another revision by now is refused",
    )

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.system and self.format is not ImportFormat.CRONTAB:
            raise ValueError("system: is for crontabs")
        return self


class ImportItem(Schema):
    """One job of the text, or one line that is none."""

    name: str = Field(description="Empty where the text says none")
    change: Change
    where: str = Field(examples=["line 3"])
    before: dict[str, Any] | None = Field(
        None, description="The job now, without defaults; null: there is none"
    )
    after: dict[str, Any] | None = Field(None, description="The job to be, without defaults; null: refused")
    revision: int = Field(0, description="Of the job now; 0: there is none")
    schedule_text: str = ""
    next_fire: Moment | None = None
    errors: list[FieldProblem] = Field(default_factory=list)
    notes: list[str] = Field(default_factory=list)


class ImportAnswer(Schema):
    items: list[ImportItem]
    applied: bool = Field(description="Whether anything was written")
    create: int
    update: int
    unchanged: int
    refused: int
    notes: list[str] = Field(default_factory=list, description="About the text as a whole")


def item(planned: Planned, timezone: str, now: int, language: str) -> ImportItem:
    after = planned.after
    schedule = after.schedule(timezone) if after else None
    return ImportItem(
        name=planned.found.name,
        change=planned.change,
        where=planned.found.where,
        before=shown(planned.before),
        after=shown(after),
        revision=planned.revision,
        schedule_text=schedule.describe(language) if schedule else "",
        next_fire=schedule.next(now) if schedule and after and after.enabled else None,
        errors=[FieldProblem(field=field, message=message) for field, message in planned.errors],
        notes=list(planned.found.notes),
    )
