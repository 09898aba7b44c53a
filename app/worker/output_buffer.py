"""The head and the tail of what a command prints, within a fixed number of bytes, however much it prints."""

from collections.abc import Callable

MARKER_ROOM = 64  # bytes; the marker with a count of 20 digits takes 48


class OutputBuffer:
    """Takes every byte and keeps at most about `1.5 * limit`; `total` counts all of them.

    `text` is the result: valid UTF-8 of at most `limit` bytes, `limit` being at least 1024.
    """

    __slots__ = ("_head", "_head_room", "_tail", "_tail_room", "limit", "total")

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.total = 0
        self._head = bytearray()
        self._tail = bytearray()
        self._head_room = limit // 2
        self._tail_room = limit - self._head_room

    def write(self, data: bytes) -> None:
        self.total += len(data)
        room = self._head_room - len(self._head)
        if room > 0:
            self._head += data[:room]
            data = data[room:]
        self._tail += data
        if len(self._tail) > 2 * self._tail_room:
            del self._tail[: -self._tail_room]

    def text(self) -> tuple[str, bool]:
        """What to store, and whether something was cut out of its middle.

        Bytes that are not UTF-8 appear as `\\xff`, which makes the text longer than the stream was.
        """
        whole = self.total == len(self._head) + len(self._tail)
        if whole and self.total <= self.limit:
            text = (self._head + self._tail).decode(errors="backslashreplace")
            if _size(text) <= self.limit:
                return text, False
        head = tail = bytes(self._head + self._tail) if whole else b""
        if not whole:
            head, tail = bytes(self._head), bytes(self._tail)
        room = (self.limit - MARKER_ROOM) // 2
        first, first_bytes = _fit(lambda size: _without_partial_end(head[:size]), len(head), room)
        last, last_bytes = _fit(lambda size: _without_partial_start(tail[-size:]), len(tail), room)
        cut = self.total - first_bytes - last_bytes
        return f"{first}\n… {cut:,} bytes cut …\n{last}", True

    def since(self, offset: int, limit: int) -> tuple[int, bytes]:
        """The newest bytes behind `offset`, at most `limit` of them, and the offset of the first one."""
        start = max(offset, self.total - limit)
        tail_start = self.total - len(self._tail)
        if start < tail_start == len(self._head):
            return start, bytes(self._head[start:] + self._tail)
        start = max(start, tail_start)
        return start, bytes(self._tail[start - tail_start :])


def _fit(part: Callable[[int], bytes], size: int, room: int) -> tuple[str, int]:
    """The text of a part that fits `room` bytes, the largest found, and the bytes of the stream it is."""
    size = min(size, room)
    while size > 0:
        data = part(size)
        text = data.decode(errors="backslashreplace")
        needed = _size(text)
        if needed <= room:
            return text, len(data)
        size = size * room // needed
    return "", 0


def _size(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode())


def _without_partial_end(data: bytes) -> bytes:
    """`data` without the beginning of a UTF-8 sequence that was cut off at its end."""
    for back in range(1, min(4, len(data) + 1)):
        byte = data[-back]
        if byte >= 0xC0:
            length = 2 + (byte >= 0xE0) + (byte >= 0xF0)
            return data[:-back] if length > back else data
        if byte < 0x80:
            break
    return data


def _without_partial_start(data: bytes) -> bytes:
    """`data` without the end of a UTF-8 sequence that was cut off at its start."""
    for index in range(min(3, len(data))):
        if data[index] & 0xC0 != 0x80:
            return data[index:]
    return data[3:]
