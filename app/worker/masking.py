"""Hiding secret values in a stream of bytes, wherever the stream happens to be cut into pieces."""

import base64
import json
from collections.abc import Iterable, Iterator
from urllib.parse import quote, quote_plus

MASK = b"***"
MIN_BYTES = 4  # what is shorter would be found everywhere
# Of a line of a value, of what is sure of its base64, and of its beginning at the end of the stream: they are
# found by chance more easily.
MIN_DERIVED_BYTES = 8
MAX_LINES = 100  # of a value that are looked for by themselves; a key of 4,096 bits has 52


class Mask:
    """Replaces the values by `***`: as they are, line by line, quoted as `sh -x` does, URL-encoded, in texts
    of JSON, and in base64 wherever they begin in what was encoded. Values that overlap become one `***`.

    The result does not depend on how the stream is cut into `hide` calls: what could be the beginning of a
    value is held back, until the next piece decides or `rest` ends the stream.
    """

    def __init__(self, values: Iterable[bytes]) -> None:
        forms = {form for value in values if len(value) >= MIN_BYTES for form in _forms(value)}
        self._forms = sorted(forms, key=len, reverse=True)
        self._held = b""
        self._hidden = 0  # bytes at the beginning of what is held that belong to a value already replaced

    def hide(self, data: bytes) -> bytes:
        """What may be shown, now that `data` has come."""
        if not self._forms:
            return data
        data = self._held + data
        return self._show(data, min(_undecided(data, form) for form in self._forms))

    def rest(self) -> bytes:
        """What was held back, at the end of the stream: the beginning of a value, and no more of it. Unless
        it is short, it is replaced, too: its command was stopped while it printed the value."""
        held, self._held = self._held, b""
        if len(held) < MIN_DERIVED_BYTES:
            return self._show(held, len(held))
        begun, self._hidden = self._hidden > 0, 0
        return b"" if begun else MASK

    def _show(self, data: bytes, end: int) -> bytes:
        """`data` up to `end`, without the values that begin there; what comes behind is held."""
        shown: list[bytes] = []
        at = self._hidden
        for first, behind in sorted(self._places(data, end)):
            if first >= at:
                shown += data[at:first], MASK
            at = max(at, behind)
        shown.append(data[at:end])
        self._held, self._hidden = data[end:], max(0, at - end)
        return b"".join(shown)

    def _places(self, data: bytes, end: int) -> Iterator[tuple[int, int]]:
        """Where each form stands that begins before `end`."""
        for form in self._forms:
            at = data.find(form)
            while 0 <= at < end:
                yield at, at + len(form)
                at = data.find(form, at + 1)


def _undecided(data: bytes, form: bytes) -> int:
    """The first place where `data` ends as the beginning of `form`, and not all of it; the length of `data`
    if there is none."""
    end = len(data)
    at = max(0, end - len(form) + 1)
    while 0 <= (at := data.find(form[:MIN_BYTES], at)) < end:
        if form.startswith(data[at:]):
            return at
        at += 1
    for at in range(max(0, end - MIN_BYTES + 1), end):
        if form.startswith(data[at:]):
            return at
    return end


def _forms(value: bytes) -> Iterable[bytes]:
    yield value
    yield value.replace(b"'", b"'\\''")
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
