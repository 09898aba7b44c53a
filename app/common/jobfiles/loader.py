"""YAML for job files: with the words of JSON, and within bounds."""

import re
from collections.abc import Callable
from typing import Any

import yaml
from yaml.composer import Composer, ComposerError
from yaml.constructor import ConstructorError
from yaml.events import AliasEvent
from yaml.nodes import MappingNode, Node, ScalarNode

MAX_DEPTH = 32  # of mappings and lists
MAX_REPEATED = 100_000  # values that aliases may add: a few lines of them can stand for billions

BOOL, INT, FLOAT, TIME = (f"tag:yaml.org,2002:{name}" for name in ("bool", "int", "float", "timestamp"))
_OWN = (BOOL, INT, FLOAT, TIME)

_Parser: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # ten times as fast, where libyaml is there


class _Bounded(Composer):
    """Composes in Python on top of either parser: the C code would follow any nesting into a crash."""

    def __init__(self, max_values: int | None) -> None:
        super().__init__()
        self._max_values = max_values
        self._depth = self._values = self._repeated = 0
        self._sizes: dict[str, int] = {}

    def compose_node(self, parent: Node | None, index: int) -> Node | None:
        event: Any = self.peek_event()  # type: ignore[attr-defined]
        if isinstance(event, AliasEvent):
            self._repeat(event)
            return super().compose_node(parent, index)
        if self._depth > MAX_DEPTH:
            raise ComposerError(None, None, f"nested deeper than {MAX_DEPTH} levels", event.start_mark)
        before = self._values
        self._values += 1
        if self._max_values is not None and self._values > self._max_values:
            raise ComposerError(None, None, f"more than {self._max_values} values", event.start_mark)
        self._depth += 1
        self._sizes.pop(event.anchor, None)
        node = super().compose_node(parent, index)
        self._depth -= 1
        if event.anchor:
            self._sizes[event.anchor] = self._values - before
        return node

    def compose_mapping_node(self, anchor: Any) -> MappingNode:
        node = super().compose_mapping_node(anchor)
        seen = set()
        for key, _ in node.value:
            if isinstance(key, ScalarNode):
                if key.value in seen:
                    raise ComposerError(None, None, f"{key.value!r} is there twice", key.start_mark)
                seen.add(key.value)
        return node

    def _repeat(self, alias: Any) -> None:
        size = self._sizes.get(alias.anchor, 0)
        if not size and alias.anchor in self.anchors:
            raise ComposerError(None, None, f"{alias.anchor!r} contains itself", alias.start_mark)
        self._values += size
        self._repeated += size
        if self._repeated > MAX_REPEATED:
            raise ComposerError(
                None, None, f"aliases stand for more than {MAX_REPEATED} values", alias.start_mark
            )


class Loader(_Bounded, _Parser):  # type: ignore[misc]
    """Numbers are those of JSON, `on`, `yes`, `1:30` and times are text, and no key may come twice."""

    yaml_implicit_resolvers = {  # noqa: RUF012
        first: [(tag, pattern) for tag, pattern in resolvers if tag not in _OWN]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    def __init__(self, text: str, max_values: int | None) -> None:
        _Bounded.__init__(self, max_values)
        _Parser.__init__(self, text)

    def construct_object(self, node: Node, deep: bool = False) -> Any:
        try:
            return super().construct_object(node, deep)
        except (ValueError, OverflowError) as error:  # such as !!int x, or a number of 5,000 digits
            raise ConstructorError(None, None, str(error)[:200], node.start_mark) from None


def _number(kind: Callable[[str], object]) -> Callable[[Any, Node], object]:
    # The constructors of the library take numbers to the base of 60, in quadratic time.
    return lambda loader, node: kind(loader.construct_scalar(node))


JSON_NUMBERS = (
    (INT, re.compile(r"-?(?:0|[1-9][0-9]*)\Z"), list("-0123456789")),
    (FLOAT, re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?\Z"), list("-0123456789")),
)
for _resolver in JSON_NUMBERS:
    Loader.add_implicit_resolver(*_resolver)
Loader.add_implicit_resolver(BOOL, re.compile(r"(?:true|True|TRUE|false|False|FALSE)\Z"), list("tTfF"))
Loader.add_constructor(INT, _number(int))
Loader.add_constructor(FLOAT, _number(float))
