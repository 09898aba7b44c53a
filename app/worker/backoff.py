"""When to ask etcd again after it did not answer."""

MIN_BACKOFF_MS = 100
MAX_BACKOFF_MS = 2_000


class Backoff:
    """Pauses that grow by half from failure to failure: doubled ones would outlast the election of a leader
    by far. Times are epoch ms."""

    def __init__(self) -> None:
        self.retry_at = 0
        self.pause = MIN_BACKOFF_MS  # after the next failure

    @property
    def at_rest(self) -> bool:
        """Whether nothing has failed since the last success."""
        return self.pause == MIN_BACKOFF_MS

    def holds(self, now: int) -> bool:
        """Whether it is too early to ask."""
        return 0 < self.retry_at - now <= MAX_BACKOFF_MS  # further off: the clock was set back meanwhile

    def failed(self, now: int) -> None:
        self.retry_at = now + self.pause
        self.pause = min(self.pause * 3 // 2, MAX_BACKOFF_MS)

    def succeeded(self) -> None:
        self.pause = MIN_BACKOFF_MS
