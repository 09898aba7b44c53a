"""The live output of a run that somebody watches: a sliding window over its output stream. Pure."""

from app.common.logstore.base import LiveOutput

KEPT_BYTES = 256 * 1024
KEPT_SECONDS = 24 * 3600  # after the last write: what a dead worker never cleared goes away by itself


def append(have: LiveOutput | None, chunk: LiveOutput) -> LiveOutput:
    """The window after `chunk`. A chunk told again changes nothing; behind a gap the window begins anew."""
    window = chunk
    if have is not None and chunk.offset <= _end(have):
        if _end(chunk) <= _end(have):
            return have
        first = min(have.offset, chunk.offset)
        window = LiveOutput(chunk.run_id, first, have.data[: max(0, chunk.offset - first)] + chunk.data)
    cut = max(0, len(window.data) - KEPT_BYTES)
    return LiveOutput(chunk.run_id, window.offset + cut, window.data[cut:])


def behind(have: LiveOutput | None, after: int) -> LiveOutput | None:
    """The part of the window behind byte `after`; None when there is none."""
    if have is None or _end(have) <= after:
        return None
    start = max(after, have.offset)
    return LiveOutput(have.run_id, start, have.data[start - have.offset :])


def _end(output: LiveOutput) -> int:
    return output.offset + len(output.data)
