"""A heap of due times with one live entry a name; what became stale is dropped when it comes up. Pure."""

import heapq
import itertools
import sys


class DueHeap:
    """Times are epoch ms. Setting a name again replaces its entry."""

    def __init__(self) -> None:
        self._heap: list[tuple[int, int, str]] = []
        self._live: dict[str, tuple[int, int]] = {}  # name -> (due, serial) of its live entry
        self._serial = itertools.count()

    def __len__(self) -> int:
        return len(self._live)

    def __contains__(self, name: str) -> bool:
        return name in self._live

    def set(self, name: str, due: int) -> None:
        serial = next(self._serial)
        self._live[name] = (due, serial)
        heapq.heappush(self._heap, (due, serial, name))
        if len(self._heap) > 2 * len(self._live) + 1_000:
            self._compact()

    def discard(self, name: str) -> None:
        self._live.pop(name, None)

    def clear(self) -> None:
        self._heap.clear()
        self._live.clear()

    def due_of(self, name: str) -> int | None:
        entry = self._live.get(name)
        return entry[0] if entry else None

    def next_due(self) -> int | None:
        """When the first live entry is due."""
        while self._heap and self._live.get(self._heap[0][2]) != self._heap[0][:2]:
            heapq.heappop(self._heap)
        return self._heap[0][0] if self._heap else None

    def pop_due(self, now: int, limit: int = sys.maxsize) -> list[tuple[str, int]]:
        """Take out what is due at `now`, at most `limit`: (name, due), earliest first."""
        taken: list[tuple[str, int]] = []
        while len(taken) < limit and (due := self.next_due()) is not None and due <= now:
            _, _, name = heapq.heappop(self._heap)
            del self._live[name]
            taken.append((name, due))
        return taken

    def _compact(self) -> None:
        self._heap = [entry for entry in self._heap if self._live.get(entry[2]) == entry[:2]]
        heapq.heapify(self._heap)
