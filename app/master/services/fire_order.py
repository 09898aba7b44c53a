"""Jobs in the order of their next fires, kept in order as time goes by and jobs change: sorting a hundred
thousand of them anew for each page would take longer than the page.
"""

import bisect
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from operator import itemgetter

from app.master.services.job_index import JobRow, Published

SET_BACK_MS = 1_000  # a clock that goes back this far was set
FEW = 500  # jobs; more of them are sorted in sooner than put in their places one by one

Key = tuple[int, str, str]  # next fire, then the name


@dataclass(frozen=True, slots=True)
class InOrder:
    """As of `at`. `coming` fire, soonest first; `resting` fire no more, or are paused or invalid: by name."""

    at: int
    coming: list[JobRow]
    resting: list[JobRow]


class FireOrder:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._at = 0
        self._forget()

    def _forget(self) -> None:
        self._generation = -1
        self._firing: set[JobRow] = set()  # of the generation, also those whose last fire is over
        self._keys: list[Key] = []
        self._rows: list[JobRow] = []  # of the same places
        self._resting: list[JobRow] | None = None  # not known since something changed

    def rows(self, published: Published, now: int) -> InOrder:
        """As of `now`, or of a request that asked for a moment later at the same time."""
        with self._lock:
            if now < self._at - SET_BACK_MS:
                self._forget()
                self._at = now
            self._at = max(now, self._at)
            new = self._follow(published) if published.generation != self._generation else []
            fired = bisect.bisect_right(self._keys, self._at, key=itemgetter(0))
            again = [*new, *self._rows[:fired]]
            del self._keys[:fired], self._rows[:fired]
            self._put(again)
            if self._resting is None:
                coming = set(self._rows)
                self._resting = [row for row in published.rows if row not in coming]
            return InOrder(self._at, self._rows[:], self._resting)

    def _follow(self, published: Published) -> Iterable[JobRow]:
        """Drop what has gone; the rows that are new."""
        firing = {row for row in published.rows if row.firing is not None}
        new = firing - self._firing
        kept = [place for place, row in enumerate(self._rows) if row in firing]
        self._keys = [self._keys[place] for place in kept]
        self._rows = [self._rows[place] for place in kept]
        self._firing, self._generation, self._resting = firing, published.generation, None
        return new

    def _put(self, rows: list[JobRow]) -> None:
        """Each where it belongs by its next fire; one without is not put back."""
        keyed = [
            ((fire, *row.sort_key), row) for row in rows if (fire := row.next_fire(self._at)) is not None
        ]
        if len(keyed) < len(rows):
            self._resting = None
        if len(keyed) <= FEW:
            for key, row in keyed:
                place = bisect.bisect(self._keys, key)
                self._keys.insert(place, key)
                self._rows.insert(place, row)
            return
        keyed += zip(self._keys, self._rows, strict=True)
        keyed.sort(key=itemgetter(0))
        self._keys = [key for key, _ in keyed]
        self._rows = [row for _, row in keyed]
