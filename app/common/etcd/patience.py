"""How long a caller that can ask again waits for an answer."""

import time


class Patience:
    """Of one kind of call: how prompt reads are says nothing about writes, which wait for disks.

    A call that follows a prompt answer may take `first` seconds. While there is none, half as long as there
    has been none, up to `longest`: so silence is noticed soon, and an etcd that is slow is waited for.
    """

    def __init__(self, first: float, longest: float) -> None:
        self._first, self._longest = min(first, longest), longest
        self._slow_since: float | None = None  # monotonic: no call has been answered promptly since

    def seconds(self) -> float:
        since = self._slow_since
        without = time.monotonic() - since if since is not None else 0.0
        return min(self._longest, max(self._first, without / 2))

    def answered(self, began: float) -> None:
        """A call that began then, by the monotonic clock, has its answer."""
        if time.monotonic() - began < self._first / 2:
            self._slow_since = None

    def gave_up(self, began: float) -> None:
        if self._slow_since is None:
            self._slow_since = began
