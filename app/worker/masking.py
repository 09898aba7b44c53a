"""Hiding secret values in a stream of bytes, wherever the stream happens to be cut into pieces."""

import base64
import json
import re
from collections.abc import Iterable
from urllib.parse import quote, quote_plus

MASK = b"***"
MIN_BYTES = 4  # what is shorter would be found everywhere
# Of a line of a value, and of what is sure of its base64: they are found by chance more easily.
MIN_DERIVED_BYTES = 8
MAX_LINES = 100  # of a value that are looked for by themselves; a key of 4,096 bits has 52


class Mask:
    """Replaces the values by `***`: as they are, line by line, URL-encoded, in texts of JSON, and in base64
    wherever they begin in what was encoded. Of several that begin at the same byte the longest counts.

    The result does not depend on how the stream is cut into `hide` calls: what could be the beginning of a
    value is held back, until the next piece decides or `rest` ends the stream.
    """

    def __init__(self, values: Iterable[bytes]) -> None:
        forms = {form for value in values if len(value) >= MIN_BYTES for form in _forms(value)}
        self._forms = sorted(forms, key=len, reverse=True)
        self._find = re.compile(b"|".join(map(re.escape, self._forms))) if forms else None
        self._held = b""

    def hide(self, data: bytes) -> bytes:
        """What may be shown, now that `data` has come."""
        if self._find is None:
            return data
        data = self._held + data
        shown: list[bytes] = []
        at = 0
        undecided = self._undecided(data, 0)
        for found in self._find.finditer(data):
            if found.start() >= undecided:
                break
            shown += data[at : found.start()], MASK
            at = found.end()
            if undecided < at:
                undecided = self._undecided(data, at)
        self._held = data[undecided:]
        return b"".join([*shown, data[at:undecided]])

    def rest(self) -> bytes:
        """What was held back, at the end of the stream: the beginning of a value, and no more of it."""
        held, self._held = self._held, b""
        return held if self._find is None else self._find.sub(MASK, held)

    def _undecided(self, data: bytes, start: int) -> int:
        """Where the first value begins that may go on behind the end of `data`; its length if none does."""
        return min((_overlap(data, form, start) for form in self._forms), default=len(data))


def _overlap(data: bytes, form: bytes, start: int) -> int:
    """The first place from `start` on from where `data` is the beginning of `form`, and less than all of
    it; the length of `data` if there is none."""
    end = len(data)
    at = max(start, end - len(form) + 1)
    while 0 <= (at := data.find(form[:MIN_BYTES], at)) < end:
        if form.startswith(data[at:]):
            return at
        at += 1
    for at in range(max(start, end - MIN_BYTES + 1), end):
        if form.startswith(data[at:]):
            return at
    return end


def _forms(value: bytes) -> Iterable[bytes]:
    yield value
    yield from (quote(value, safe="").encode(), quote(value).encode(), quote_plus(value).encode())
    text = value.decode(errors="surrogateescape")
    yield json.dumps(text)[1:-1].encode()
    yield json.dumps(text, ensure_ascii=False)[1:-1].encode(errors="surrogateescape")
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        yield encode(value)
        for before in range(3):
            # A byte spreads over two characters: those that hold bits of its neighbours are not known.
            first = (before * 8 + 5) // 6
            sure = encode(b"\0" * before + value)[first : (before + len(value)) * 8 // 6]
            if len(sure) >= MIN_DERIVED_BYTES:
                yield sure
    for line in value.splitlines()[:MAX_LINES]:
        if len(line.strip()) >= MIN_DERIVED_BYTES:
            yield line.strip()
