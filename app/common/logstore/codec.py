"""What both stores do to rows and page cursors before they reach a database."""

import base64
import binascii
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from app.common.errors import FieldError
from app.common.logstore.base import AuditEntry
from app.common.models import Run

MAX_PAGE = 1000  # rows of one page, whatever was asked for
PART_ROWS = 1000
PART_BYTES = 16 * 1024**2  # of one request or transaction: well below the 48 MB of a MongoDB message
_ROW_BYTES = 1024  # all of a row but its command and output, roughly


def page_size(limit: int) -> int:
    return max(1, min(limit, MAX_PAGE))


def clean(text: str) -> str:
    """`text` as UTF-8 can hold it: lone surrogates become U+FFFD, pairs of them the character they mean."""
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def clean_run(run: Run) -> Run:
    """The run itself where all its text is storable, else a copy in which it is."""
    texts = (run.id, run.job_name, run.command, run.reason, run.err, run.output, run.worker, run.by)
    if all(map(str.isascii, texts)):
        return run
    return replace(
        run,
        id=clean(run.id),
        job_name=clean(run.job_name),
        command=clean(run.command),
        reason=clean(run.reason),
        err=clean(run.err),
        output=clean(run.output),
        worker=clean(run.worker),
        by=clean(run.by),
    )


def parts(runs: Iterable[Run]) -> Iterator[list[Run]]:
    """The rows, cleaned, in parts of at most PART_ROWS rows and, but for a larger row, PART_BYTES."""
    part: list[Run] = []
    size = 0
    for run in map(clean_run, runs):
        row = _ROW_BYTES + _utf8_bound(run.output) + _utf8_bound(run.command)
        if part and (size + row > PART_BYTES or len(part) == PART_ROWS):
            yield part
            part, size = [], 0
        part.append(run)
        size += row
    if part:
        yield part


def _utf8_bound(text: str) -> int:
    return len(text) if text.isascii() else 4 * len(text)


def encode_cursor(*position: int | str) -> str:
    """An opaque cursor, safe in URLs."""
    packed = json.dumps(position, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(packed).rstrip(b"=").decode()


def decode_cursor(cursor: str, *types: type) -> Sequence[Any]:
    """The position in a cursor, whose parts have these types. Raises FieldError for anything else."""
    try:
        packed = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        position = json.loads(packed)
    except (binascii.Error, ValueError, RecursionError):
        position = None
    if not isinstance(position, list) or [type(part) for part in position] != list(types):
        raise FieldError("cursor", "is not a cursor of this list; leave it out to begin at the newest")
    for part in position:
        if isinstance(part, int) and not 0 <= part < 2**53:
            raise FieldError("cursor", "is out of range; leave it out to begin at the newest")
    return [clean(part) if isinstance(part, str) else part for part in position]


class AuditRow(NamedTuple):
    """The columns of an AuditEntry; objects as JSON text, since their keys may be anything."""

    id: str
    at: int
    actor: str
    action: str
    kind: str
    target: str
    before: str | None
    after: str | None
    detail: str


def pack_audit(entry: AuditEntry) -> AuditRow:
    return AuditRow(
        id=clean(entry.id),
        at=entry.at,
        actor=clean(entry.actor),
        action=clean(entry.action),
        kind=clean(entry.kind),
        target=clean(entry.target),
        before=None if entry.before is None else json.dumps(entry.before),
        after=None if entry.after is None else json.dumps(entry.after),
        detail=json.dumps(entry.detail),
    )


def unpack_audit(row: AuditRow) -> AuditEntry:
    return AuditEntry(
        **row._asdict()
        | {
            "before": None if row.before is None else json.loads(row.before),
            "after": None if row.after is None else json.loads(row.after),
            "detail": json.loads(row.detail),
        }
    )
