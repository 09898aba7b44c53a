"""The workers of the cluster as this one sees them: who is live, who may run a job, and in which order.
Pure."""

from collections.abc import Mapping
from dataclasses import dataclass

from app.common.models import WorkerInfo, WorkerState
from app.worker.placement import Candidate, candidate, matching, rank

SILENT_AFTER_HEARTBEATS = 2.5


@dataclass(slots=True)
class _Peer:
    info: WorkerInfo
    candidate: Candidate
    heard: float  # monotonic seconds of the last heartbeat's arrival


class Cluster:
    """Times are monotonic seconds. A silent worker is passed over long before its lease ends."""

    def __init__(
        self, worker_id: str, capacity: int, labels: Mapping[str, str], heartbeat_seconds: float
    ) -> None:
        self.worker_id = worker_id
        self._own = candidate(worker_id, capacity, labels)
        self._silence = SILENT_AFTER_HEARTBEATS * heartbeat_seconds
        self._peers: dict[str, _Peer] = {}
        self._live: list[Candidate] = [self._own]
        self._matching: dict[tuple[tuple[str, str], ...], list[Candidate]] = {}

    def heard(self, info: WorkerInfo, now: float) -> None:
        known = self._peers.get(info.id)
        if known and known.info.capacity == info.capacity and known.info.labels == info.labels:
            chosen = known.candidate
        else:
            chosen = candidate(info.id, info.capacity, info.labels)
        self._peers[info.id] = _Peer(info, chosen, now)

    def gone(self, worker_id: str) -> None:
        self._peers.pop(worker_id, None)

    def registered(self) -> set[str]:
        """Workers with a registration, silent or not."""
        return self._peers.keys() | {self.worker_id}

    def refresh(self, now: float, *, own_active: bool) -> bool:
        """Decide anew who is live; call it about once a second and after a change. Whether anything
        changed."""
        live = [self._own] if own_active else []
        live += [
            peer.candidate
            for peer in self._peers.values()
            if peer.info.id != self.worker_id
            and peer.info.state is WorkerState.ACTIVE
            and now - peer.heard <= self._silence
        ]
        changed = live != self._live
        self._live = live
        if changed:
            self._matching.clear()
        return changed

    def place(self, wanted: Mapping[str, str], seed: int, plan: int) -> int | None:
        """This worker's place in the order for a fire; None if others are to run it."""
        return rank(self._candidates(wanted), self.worker_id, seed, plan)

    def can_anybody(self, wanted: Mapping[str, str]) -> bool:
        return bool(self._candidates(wanted))

    def place_of_all(self, seed: int, plan: int) -> int | None:
        """This worker's place among all live workers, whatever their labels."""
        return rank(self._live, self.worker_id, seed, plan)

    def _candidates(self, wanted: Mapping[str, str]) -> list[Candidate]:
        key = tuple(wanted.items())
        found = self._matching.get(key)
        if found is None:
            found = self._matching[key] = matching(self._live, wanted)
        return found
