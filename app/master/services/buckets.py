"""Rows by a value that they are filtered by, such as a job's group: for the few that have it, not all hundred
thousand need to be looked at.
"""

import bisect
from collections import defaultdict
from collections.abc import Callable, Iterable
from operator import attrgetter
from typing import Generic, Protocol, TypeVar


class Sortable(Protocol):
    @property
    def sort_key(self) -> tuple[str, str]: ...  # unique


K = TypeVar("K")
R = TypeVar("R", bound=Sortable)

_by_key = attrgetter("sort_key")


class Buckets(Generic[K, R]):
    """Not safe between threads, but a list that was handed out never changes. `values` are those of a row."""

    def __init__(self, values: Callable[[R], Iterable[K]]) -> None:
        self._values = values
        self._rows: dict[K, list[R]] = {}

    def get(self, value: K) -> list[R]:
        """All rows with it, in their order."""
        return self._rows.get(value, [])

    def rebuild(self, rows: Iterable[R]) -> None:
        """`rows` come in their order."""
        found: dict[K, list[R]] = defaultdict(list)
        for row in rows:
            for value in set(self._values(row)):
                found[value].append(row)
        self._rows = dict(found)

    def change(self, gone: Iterable[R], new: Iterable[R]) -> None:
        """`gone` are in it, `new` are not."""
        changed: dict[K, list[R]] = {}

        def bucket(value: K) -> list[R]:
            if value not in changed:
                changed[value] = list(self.get(value))
            return changed[value]

        for row in gone:
            for value in set(self._values(row)):
                rows = bucket(value)
                del rows[bisect.bisect_left(rows, row.sort_key, key=_by_key)]
        for row in new:
            for value in set(self._values(row)):
                bisect.insort(bucket(value), row, key=_by_key)
        self._rows.update(changed)
        for value in [value for value, rows in changed.items() if not rows]:
            del self._rows[value]
