"""The time that counts for schedules: fires are planned by the workers' clocks, not by this master's."""

import logging
import time
from collections.abc import Callable

from app.common.metrics.shared import CLOCK_OFFSET
from app.master.clock import Clock
from app.master.services.workers import WorkersTime

log = logging.getLogger(__name__)

LIMIT_MS = 2_000  # further from the workers' clocks, this host's is not believed; workers have the same limit
WARN_SECONDS = 60.0


class ClusterClock:
    """This host's clock while it agrees with those of the live workers, else theirs. With no live worker,
    this host's has to do.
    """

    def __init__(
        self,
        own: Clock,
        workers: Callable[[], WorkersTime | None],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._own, self._workers, self._monotonic = own, workers, monotonic
        self._warn_at = float("-inf")

    def __call__(self) -> int:
        """Epoch ms."""
        own = self._own()
        offset = self._offset(own)
        if not offset:
            return own
        if self._monotonic() >= self._warn_at:
            self._warn_at = self._monotonic() + WARN_SECONDS
            log.warning(
                "The clock of this host is %d ms off those of the workers. Theirs count for schedules.",
                offset,
                extra={"action": "clock", "offset": offset},
            )
        return own - offset

    def _offset(self, own: int) -> int:
        """0 where it is within bounds."""
        workers = self._workers()
        if workers is None:
            CLOCK_OFFSET.set(0)
            return 0
        offset = own - workers.at
        # Late news alone do not prove a clock wrong.
        shown = max(0, offset - workers.late) if offset > 0 else offset
        CLOCK_OFFSET.set(shown / 1000)
        return offset if abs(shown) > LIMIT_MS else 0
