"""Jobs of a YAML or JSON text: one job, a list of them, or several documents of either."""

import contextlib
import json
from collections.abc import Iterator
from typing import Any

import yaml
from yaml.nodes import Node, SequenceNode

from app.common.jobfiles.found import Found, TextError, checked
from app.common.jobfiles.loader import Loader


def jobs_of_documents(
    text: str, *, timezone: str | None = None, group: str | None = None, max_values: int | None = None
) -> Iterator[Found]:
    """In their order; a second one of a name is refused. `timezone` and `group` are for jobs that name none;
    `max_values` is for YAML, which takes time to read.

    Raises TextError.
    """
    given = {name: value for name, value in (("timezone", timezone), ("group", group)) if value is not None}
    taken: set[str] = set()
    for where, item in _items(text, max_values):
        if not isinstance(item, dict):
            message = "is not a job, which has at least name, command and cronExpr"
            yield Found(where, "", None, (("", message),))
            continue
        found = checked(where, item | {k: v for k, v in given.items() if item.get(k) is None})
        if found.job and found.name in taken:
            found = Found(where, found.name, None, (("name", f"{found.name!r} is there twice"),))
        taken.add(found.name)
        yield found


def _items(text: str, max_values: int | None) -> Iterator[tuple[str, Any]]:
    """(where it stands, what stands there)."""
    if text.lstrip().startswith(("{", "[")):
        # Most JSON is YAML, but not all, and it is read ten times as fast. If it is wrong, YAML says where.
        with contextlib.suppress(ValueError, RecursionError):
            value = json.loads(text, object_pairs_hook=_without_duplicates)
            items = value if isinstance(value, list) else [value]
            yield from ((f"job {number}", item) for number, item in enumerate(items, start=1))
            return
    try:
        yield from _yaml_items(Loader(text, max_values))
    except yaml.YAMLError as error:
        raise TextError(_in_words(error)) from None


def _yaml_items(loader: Loader) -> Iterator[tuple[str, Any]]:
    while loader.check_node():
        root = loader.get_node()
        assert root is not None
        # A list is constructed as a whole, so that its anchors hold in all of it.
        value = loader.construct_document(root)
        if isinstance(root, SequenceNode):
            yield from zip(map(_line, root.value), value, strict=True)
        elif value is not None:
            yield _line(root), value


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key is there twice")
    return found


def _line(node: Node) -> str:
    return f"line {node.start_mark.line + 1}"


def _in_words(error: yaml.YAMLError) -> str:
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or str(error)
    hint = (
        ". A value that starts with * needs quotes" if "alias" in f"{getattr(error, 'context', '')}" else ""
    )
    return f"line {mark.line + 1}: {problem}{hint}" if mark else f"{problem}{hint}"
