"""Jobs as a file."""

import json
from collections.abc import Iterator, Sequence
from enum import StrEnum
from itertools import islice

from app.common.jobfiles import dump_yaml, settings_of
from app.common.models import Job
from app.master.services.job_index import JobIndex, JobRow

AT_ONCE = 100  # jobs a piece


class ExportFormat(StrEnum):
    YAML = "yaml"
    JSON = "json"

    @property
    def media_type(self) -> str:
        return f"application/{self}"


def export(index: JobIndex, rows: Sequence[JobRow], form: ExportFormat) -> Iterator[str]:
    """In pieces, so that any number of jobs takes little memory. Invalid jobs are left out."""
    jobs = (job for row in rows if isinstance(job := index.job_of(row), Job))
    if form is ExportFormat.YAML:
        while piece := list(islice(jobs, AT_ONCE)):
            yield "".join(dump_yaml(settings_of(job), start=True) for job in piece)
        return
    start = "["
    while piece := list(islice(jobs, AT_ONCE)):
        yield start + ",".join("\n" + json.dumps(settings_of(job), ensure_ascii=False) for job in piece)
        start = ","
    yield "]\n" if start == "," else "[]\n"
