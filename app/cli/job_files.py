"""Reads job files: YAML or JSON; one job, a list, or several documents. All is checked before any is used."""

import contextlib
import json
import re
from collections.abc import Hashable, Iterator
from pathlib import Path
from typing import Any

import typer
import yaml
from pydantic import ValidationError

from app.cli.config import ClientError
from app.common.errors import ScheduleError
from app.common.models import Job
from app.common.models.job import explain


class _Loader(yaml.SafeLoader):
    """YAML with the words of JSON: `on` and `yes` are text, times are text, and no key may come twice."""

    yaml_implicit_resolvers = {  # noqa: RUF012
        first: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith((":bool", ":timestamp"))]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen = set()
        for key_node, _ in node.value:
            if key_node.value in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"{key_node.value!r} is there twice", key_node.start_mark
                )
            if isinstance(key_node, yaml.ScalarNode):
                seen.add(key_node.value)
        return super().construct_mapping(node, deep)


_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:bool", re.compile("true|True|TRUE|false|False|FALSE"), list("tTfF")
)


def read(files: list[Path]) -> list[Job]:
    """The jobs of all files; `-` is standard input.

    Raises ClientError with a line for everything that is wrong in any of them.
    """
    jobs: dict[str, Job] = {}
    problems = []
    for file in files:
        for place, item in _items(file):
            try:
                job = _job(item)
            except ValueError as error:
                problems.append(f"{place}: {error}")
                continue
            if job.name in jobs:
                problems.append(f"{place}: name: {job.name!r} is there twice")
            jobs[job.name] = job
    if problems:
        raise ClientError("\n".join([*problems, "Nothing was changed."]))
    if not jobs:
        raise ClientError(f"No job in {', '.join(map(str, files))}")
    return list(jobs.values())


def _job(item: Any) -> Job:
    if not isinstance(item, dict):
        raise ValueError("is not a job, which has at least name, command and cronExpr")
    try:
        job = Job.model_validate(item)
        job.schedule("UTC")
    except ValidationError as error:
        raise ValueError(explain(error)) from error
    except ScheduleError as error:
        raise ValueError(str(error)) from error
    return job


def _items(file: Path) -> Iterator[tuple[str, Any]]:
    """(where it stands, what stands there)."""
    try:
        text = typer.get_text_stream("stdin").read() if str(file) == "-" else file.read_text()
        documents = [document for document in _documents(text) if document is not None]
    except (OSError, UnicodeDecodeError) as error:
        raise ClientError(f"{file}: {getattr(error, 'strerror', None) or error}") from error
    except yaml.YAMLError as error:
        raise ClientError(f"{file}: {_where(error)}") from error
    for number, document in enumerate(documents, start=1):
        name = "standard input" if str(file) == "-" else str(file)
        place = f"{name}, document {number}" if len(documents) > 1 else name
        if isinstance(document, list):
            for position, item in enumerate(document, start=1):
                yield _called(f"{place}, job {position}", item), item
        else:
            yield _called(place, document), document


def _documents(text: str) -> list[Any]:
    if text.lstrip().startswith(("{", "[")):
        # Most JSON is YAML, but not all, and large files of it are read a hundred times as fast.
        with contextlib.suppress(json.JSONDecodeError):
            return [json.loads(text, object_pairs_hook=_without_duplicates)]
    return list(yaml.load_all(text, _Loader))


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise yaml.constructor.ConstructorError(None, None, f"{twice!r} is there twice")
    return found


def _called(place: str, item: Any) -> str:
    return (
        f"{place} ({item['name']})" if isinstance(item, dict) and isinstance(item.get("name"), str) else place
    )


def _where(error: yaml.YAMLError) -> str:
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or str(error)
    hint = (
        ". A value that starts with * needs quotes" if "alias" in f"{getattr(error, 'context', '')}" else ""
    )
    return f"line {mark.line + 1}: {problem}{hint}" if mark else f"{problem}{hint}"
