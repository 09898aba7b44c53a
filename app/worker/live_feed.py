"""What the watched runs print, while they print it: a chunk a run now and then, never a backlog."""

from dataclasses import dataclass
from math import inf

from app.common.logstore.base import LiveOutput
from app.worker.running import Running

CHUNK_SECONDS = 0.2  # between two chunks of a run
CHUNK_BYTES = 262_144  # at most: what the log store keeps


@dataclass(slots=True)
class _Watch:
    run: Running
    offset: int = 0  # all before it was taken
    next_at: float = 0

    @property
    def waiting(self) -> bool:
        return self.run.output.total > self.offset

    def chunk(self, now: float) -> LiveOutput:
        offset, data = self.run.output.since(self.offset, CHUNK_BYTES)
        self.offset = self.run.output.total
        self.next_at = now + CHUNK_SECONDS
        return LiveOutput(self.run.run_id, offset, data)


class LiveFeed:
    """`due` is the monotonic time at which there is something to take, `inf` if there is nothing."""

    def __init__(self) -> None:
        self.due = inf
        self._watches: dict[str, _Watch] = {}
        self._last: list[LiveOutput] = []

    def watch(self, run: Running) -> None:
        """Begin with what is kept of the output so far."""
        self._watches.setdefault(run.run_id, _Watch(run))
        self.printed(run)

    def unwatch(self, run_id: str) -> None:
        self._watches.pop(run_id, None)

    def printed(self, run: Running) -> None:
        watch = self._watches.get(run.run_id)
        if watch is not None and watch.waiting:
            self.due = min(self.due, watch.next_at)

    def finished(self, run: Running) -> None:
        watch = self._watches.pop(run.run_id, None)
        if watch is not None and watch.waiting:
            self._last.append(watch.chunk(0))
            self.due = 0

    def take(self, now: float) -> list[LiveOutput]:
        """New output, at most one chunk a run; of very much output the newest part."""
        chunks, self._last = self._last, []
        waiting = [watch for watch in self._watches.values() if watch.waiting]
        chunks += [watch.chunk(now) for watch in waiting if watch.next_at <= now]
        self.due = min((watch.next_at for watch in waiting if watch.waiting), default=inf)
        return chunks
