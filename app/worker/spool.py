"""Rows on disk while the log store is away: append, read back in order, delete what is stored.

A segment is a text file of lines `crc32 json` with empty lines between them; a torn or flipped line costs
itself only, even if it is its end that was flipped. What `append` has returned from is on the disk.
"""

import json
import logging
import os
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from zlib import crc32

from app.common.metrics.worker import DROPPED, SPOOL_BYTES, SPOOL_MAX
from app.common.models import Run, Status, Trigger

log = logging.getLogger(__name__)

SEGMENT_BYTES = 32 * 1024 * 1024
NUMBER_DIGITS = 12  # in the name of a segment
_DEFAULTS = tuple((f.name, f.default) for f in fields(Run))


class SpoolFull(Exception):
    """The bound or the disk is reached. Nothing of the batch was kept."""


class Spool:
    """One directory, one user. Rows come out at least once: after a crash those of the first segment come
    again."""

    def __init__(self, directory: Path, max_bytes: int) -> None:
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._directory = directory
        self._max_bytes = max_bytes
        self._segments = sorted(directory.glob(f"{'[0-9]' * NUMBER_DIGITS}.spool"))
        self._bytes = sum(path.stat().st_size for path in self._segments)
        self._next = int(self._segments[-1].stem) + 1 if self._segments else 0
        self._writing: int | None = None  # descriptor of the last segment
        self._written = 0
        self._read_at = self._reading_to = 0  # offsets in the first segment
        self._damaged = 0  # lines between the two
        SPOOL_BYTES.set(self._bytes)
        SPOOL_MAX.set(max_bytes)
        self._lost_lines = DROPPED.labels(where="spool damaged")

    def __bool__(self) -> bool:
        """Whether there is anything to replay."""
        return bool(self._segments)

    @property
    def bytes(self) -> int:
        return self._bytes

    def append(self, rows: Sequence[Run]) -> None:
        """Keep rows durably. Raises SpoolFull."""
        data = b"".join(map(_line, rows))
        if self._bytes + len(data) > self._max_bytes:
            raise SpoolFull(f"the spool has reached its bound of {self._max_bytes} bytes")
        try:
            descriptor = self._segment()
        except OSError as error:
            raise SpoolFull(f"the spool cannot be written: {error.strerror}") from error
        try:
            view = memoryview(data)
            while view:
                view = view[os.write(descriptor, view) :]
            os.fsync(descriptor)
        except OSError as error:
            os.ftruncate(descriptor, self._written)
            os.lseek(descriptor, self._written, os.SEEK_SET)
            raise SpoolFull(f"the spool cannot be written: {error.strerror}") from error
        self._written += len(data)
        self._bytes += len(data)
        SPOOL_BYTES.set(self._bytes)
        if self._written >= SEGMENT_BYTES:
            self._close_segment()

    def read(self, limit: int) -> list[Run]:
        """The next rows of the oldest segment, at most `limit`; none when it is used up (see `consumed`)."""
        if not self._segments:
            return []
        rows: list[Run] = []
        self._damaged = 0
        with self._segments[0].open("rb") as segment:
            segment.seek(self._read_at)
            while len(rows) < limit and (line := segment.readline()):
                if line == b"\n":
                    continue
                row = _parse(line)
                if row:
                    rows.append(row)
                elif line.endswith(b"\n"):  # else it was being written in a crash, and nobody relied on it
                    self._damaged += 1
            self._reading_to = segment.tell()
        return rows

    def consumed(self) -> None:
        """What `read` returned last is stored; forget it, and the segment at its end."""
        if not self._segments:
            return
        if self._damaged:
            self._lost_lines.inc(self._damaged)
            log.error(
                "Damaged lines of the spool are skipped.", extra={"action": "spool", "lines": self._damaged}
            )
            self._damaged = 0
        self._read_at = self._reading_to
        first = self._segments[0]
        if self._read_at < first.stat().st_size:
            return
        if len(self._segments) == 1:
            self._close_segment()
        self._bytes -= first.stat().st_size
        first.unlink()
        self._segments.pop(0)
        self._read_at = 0
        SPOOL_BYTES.set(self._bytes)

    def close(self) -> None:
        self._close_segment()

    def _segment(self) -> int:
        if self._writing is None:
            path = self._directory / f"{self._next:0{NUMBER_DIGITS}d}.spool"
            self._writing = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            self._written = 0
            self._next += 1
            self._segments.append(path)
            directory = os.open(self._directory, os.O_RDONLY | os.O_DIRECTORY)
            try:
                os.fsync(directory)
            finally:
                os.close(directory)
        return self._writing

    def _close_segment(self) -> None:
        if self._writing is not None:
            os.close(self._writing)
            self._writing = None


def _line(row: Run) -> bytes:
    given = {}
    for name, default in _DEFAULTS:
        value = getattr(row, name)
        if value != default:
            given[name] = value
    # ASCII only: output may hold lone surrogates, which UTF-8 cannot.
    body = json.dumps(given, separators=(",", ":")).encode("ascii")
    return b"%08x %s\n\n" % (crc32(body), body)


def _parse(line: bytes) -> Run | None:
    checksum, _, body = line.rstrip(b"\n").partition(b" ")
    try:
        if int(checksum, 16) != crc32(body):
            return None
        given = json.loads(body)
        given["status"] = Status(given["status"])
        given["trigger"] = Trigger(given.get("trigger", Trigger.CRON))
        return Run(**given)
    except (ValueError, TypeError, KeyError):
        return None
