"""Reads job files. All is checked before any of it is used."""

from collections.abc import Iterator
from pathlib import Path

import typer

from app.cli.config import ClientError
from app.common.jobfiles import Found, TextError, jobs_of_documents
from app.common.models import Job
from app.common.refusals import in_words


def read(files: list[Path]) -> list[Job]:
    """The jobs of all files; `-` is standard input.

    Raises ClientError with a line for everything that is wrong in any of them.
    """
    jobs: dict[str, Job] = {}
    problems = []
    for file in files:
        name = "standard input" if str(file) == "-" else str(file)
        for found in _jobs(file, name):
            place = f"{name}, {found.where}" + (f" ({found.name})" if found.name else "")
            if found.job is None:
                problems.append(f"{place}: {in_words(found.errors)}")
            elif found.name in jobs:
                problems.append(f"{place}: name: {found.name!r} is there twice")
            else:
                jobs[found.name] = found.job
    if problems:
        raise ClientError("\n".join([*problems, "Nothing was changed."]))
    if not jobs:
        raise ClientError(f"No job in {', '.join(map(str, files))}")
    return list(jobs.values())


def _jobs(file: Path, name: str) -> Iterator[Found]:
    try:
        text = typer.get_text_stream("stdin").read() if str(file) == "-" else file.read_text()
        yield from jobs_of_documents(text)
    except (OSError, UnicodeDecodeError) as error:
        raise ClientError(f"{name}: {getattr(error, 'strerror', None) or error}") from error
    except TextError as error:
        raise ClientError(f"{name}: {error}") from error
