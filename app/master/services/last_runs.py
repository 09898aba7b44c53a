"""How every job fared last: what lists filter and sort by."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from app.common.logstore import LastRow, LogStore
from app.common.models import Status
from app.master.clock import Clock
from app.master.services.latest import Latest

FRESH_MS = 2_000
USABLE_MS = 5_000  # where the store is slow
RENEW_MS = 1_000  # ahead of the next request, while there are some
INTEREST_MS = 30_000  # how long requests make others likely
_BAD = frozenset(status.value for status in Status if status.bad)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """`rows` by job; a job without a row is not in it. `version` grows when any of them has changed."""

    at: int
    version: int
    rows: Mapping[str, LastRow]

    def failing(self) -> list[str]:
        """Jobs whose last run was bad; some of them may be deleted."""
        return [name for name, status, _ in self.rows.values() if status in _BAD]


class LastRuns:
    """Read from the store in a thread of its own while lists ask for it; requests need not wait for that."""

    def __init__(self, store: LogStore, now: Clock) -> None:
        self._store, self._now = store, now
        self._asked_at = -INTEREST_MS
        self._last = Snapshot(0, 0, {})
        self._latest = Latest("last runs", self._read, self._due)
        self.start, self.stop = self._latest.start, self._latest.stop

    def get(self) -> Snapshot:
        """At most FRESH_MS old, if the store is as quick as it should be. Raises what the store raised."""
        self._asked_at = self._now()
        return self._latest.get(
            fresh=lambda read: abs(self._now() - read.at) < FRESH_MS,
            usable=lambda read: abs(self._now() - read.at) < USABLE_MS,
        )

    def _read(self) -> Snapshot:
        at, rows = self._now(), {row[0]: row for row in self._store.last_rows()}
        last = self._last
        # What lists have made of equal rows can stay.
        self._last = replace(last, at=at) if rows == last.rows else Snapshot(at, last.version + 1, rows)
        return self._last

    def _due(self, read: Snapshot | None, asked: bool) -> bool:
        now = self._now()
        ahead = read is not None and now - read.at >= RENEW_MS and now - self._asked_at < INTEREST_MS
        return asked or ahead
