"""What the log says of an outage that is noticed again and again."""

MAX_REASONS = 5


class Reasons:
    """Each reason is told once, few in all: the first ("connection refused") may hide the one that matters
    ("certificate refused")."""

    def __init__(self) -> None:
        self._told: set[str] = set()

    def is_new(self, error: Exception) -> bool:
        """Whether it is to be told; it counts as told then."""
        reason = str(error)
        if reason in self._told or len(self._told) >= MAX_REASONS:
            return False
        self._told.add(reason)
        return True

    def clear(self) -> None:
        """The outage is over."""
        self._told.clear()
