"""The file of a backup: a .tar.gz with `manifest.json` first, then one JSON list a section, an item a line.

The manifest has the length and the checksum of each file. Nothing here is held in memory as a whole.
"""

import gzip
import hashlib
import io
import json
import tarfile
import tempfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import TracebackType
from typing import IO, Annotated, Any, Literal, Self

from pydantic import ConfigDict, Field, ValidationError

from app.common.errors import BackupError
from app.common.models.base import CamelModel

FORMAT = "yuanya-backup"
FORMAT_VERSION = 1
MANIFEST = "manifest.json"

_MAX_MANIFEST = 1024 * 1024  # bytes
_MAX_LINE = 16 * 1024 * 1024  # bytes; a value of etcd has at most 1.5 MiB, and escapes make six of one
_MAX_READ = 1024 * 1024  # bytes at once
_MAX_FILES = 100
# What the libraries raise for bytes that nobody wrote on purpose, and for those that somebody did.
_DAMAGED = (
    tarfile.TarError,
    EOFError,
    gzip.BadGzipFile,
    zlib.error,
    ValueError,
    OverflowError,
    RecursionError,
)
_NOT_OURS = "this is not a backup made by `yuanya backup`"


class FileFacts(CamelModel):
    """One file of the archive."""

    items: Annotated[int, Field(ge=0)]
    bytes: Annotated[int, Field(ge=0)]
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class Manifest(CamelModel):
    """`manifest.json`. Fields that a later program of the same format adds are passed over."""

    model_config = ConfigDict(extra="ignore")

    format: Literal["yuanya-backup"] = "yuanya-backup"
    format_version: Annotated[int, Field(ge=1)] = FORMAT_VERSION
    version: str
    """Of the program that took it."""
    taken_at: str
    """ISO 8601, UTC."""
    revision: Annotated[int, Field(ge=1)]
    """Of etcd: all of it is as of this moment."""
    timezone: str
    """Of jobs that name none, by the settings of whoever took it."""
    files: dict[str, FileFacts]


class ListFile:
    """One section on its way into the archive: a JSON list in a file without a name."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 - closed by whoever writes the archive
        self._hash = hashlib.sha256()
        self._items = 0

    def add(self, line: bytes) -> None:
        self._write((b",\n" if self._items else b"[\n") + line)
        self._items += 1

    def finish(self) -> FileFacts:
        self._write(b"\n]\n" if self._items else b"[]\n")
        return FileFacts(items=self._items, bytes=self._file.tell(), sha256=self._hash.hexdigest())

    def reader(self) -> IO[bytes]:
        self._file.seek(0)
        return self._file

    def close(self) -> None:
        self._file.close()

    def _write(self, data: bytes) -> None:
        self._file.write(data)
        self._hash.update(data)


def write(out: IO[bytes], manifest: Manifest, files: Mapping[str, ListFile], at: int) -> None:
    """The whole archive; `at` (epoch seconds) is the time its files bear."""
    with tarfile.open(fileobj=out, mode="w:gz") as tar:
        text = json.dumps(manifest.model_dump(mode="json"), indent=2).encode() + b"\n"
        _add(tar, MANIFEST, io.BytesIO(text), len(text), at)
        for name, facts in manifest.files.items():
            _add(tar, name, files[name].reader(), facts.bytes, at)


def _add(tar: tarfile.TarFile, name: str, content: IO[bytes], size: int, at: int) -> None:
    info = tarfile.TarInfo(name)
    info.size, info.mtime, info.mode = size, at, 0o600
    tar.addfile(info, content)


class _Stream(gzip.GzipFile):
    """tarfile reads the header of a file in one piece, however long it says that it is."""

    def read(self, size: int | None = -1) -> bytes:
        if size is None or not 0 <= size <= _MAX_READ:
            raise tarfile.ReadError("it has a header that is too long")
        return super().read(size)


class Archive:
    """Opens a backup for reading; every fault is a BackupError in words. `manifest` is known at once, the
    rest is to be believed only after `verify`.
    """

    def __init__(self, file: IO[bytes]) -> None:
        self._stream = _Stream(fileobj=file, mode="rb")
        try:
            self._tar = tarfile.open(fileobj=self._stream, mode="r:")  # noqa: SIM115 - closed by `__exit__`
        except _DAMAGED as error:
            raise BackupError(f"{_NOT_OURS}, or its beginning is damaged ({error})") from error
        with _damage_in_words():
            self._members = _members(self._tar)
        self.manifest = self._manifest()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._tar.close()
        self._stream.close()

    def verify(self) -> None:
        """Raises BackupError unless each file is there, whole and as it was written, and no other is."""
        with _damage_in_words():
            for name in self._members:
                if name != MANIFEST and name not in self.manifest.files:
                    raise BackupError(f"{name} does not belong into a backup")
            for name, facts in self.manifest.files.items():
                digest, size = hashlib.sha256(), 0
                with self._open(name) as content:
                    while block := content.read(_MAX_READ):
                        digest.update(block)
                        size += len(block)
                if (size, digest.hexdigest()) != (facts.bytes, facts.sha256):
                    raise BackupError(f"{name} is not as it was written: its checksum differs")
            self._read_to_the_end()

    def lines(self, name: str) -> Iterator[bytes]:
        """The items of a list, one after the other."""
        if name not in self.manifest.files:
            return
        with _damage_in_words(), self._open(name) as content:
            before = content.readline(_MAX_LINE)
            if before.strip() == b"[]":
                return
            if before != b"[\n":
                raise BackupError(f"{name} is no list with an item a line")
            while (line := content.readline(_MAX_LINE)) != b"]\n":
                if not line.endswith(b"\n"):
                    raise BackupError(f"{name} is cut short, or has a line that is too long")
                yield line[:-1].removesuffix(b",")

    def _manifest(self) -> Manifest:
        try:
            with self._open(MANIFEST) as content:
                found = json.loads(content.read(_MAX_MANIFEST))
        except (*_DAMAGED, BackupError, ValueError, RecursionError) as error:
            raise BackupError(f"{_NOT_OURS}: it has no readable {MANIFEST}") from error
        _refuse_other_formats(found)
        try:
            return Manifest.model_validate(found)
        except ValidationError as error:
            raise BackupError(f"{MANIFEST} is damaged: {error.errors()[0]['loc'][0]} is not right") from error

    def _open(self, name: str) -> IO[bytes]:
        content = self._tar.extractfile(self._members[name]) if name in self._members else None
        if content is None:
            raise BackupError(f"{name} is missing; the backup is not whole")
        return content

    def _read_to_the_end(self) -> None:
        """Behind the last file stands the checksum of the compression: it tells a file that was cut there."""
        while self._stream.read(_MAX_READ):
            pass


def _members(tar: tarfile.TarFile) -> dict[str, tarfile.TarInfo]:
    """Looked at one by one, before tarfile goes on: a negative size leads it back to where it was. A link may
    lead to itself, and a sparse file be a petabyte of nothing.
    """
    found: dict[str, tarfile.TarInfo] = {}
    for member in tar:
        if not member.isreg() or member.issparse() or member.size < 0:
            raise tarfile.ReadError(f"{member.name!r} is no plain file")
        if member.name in found or len(found) == _MAX_FILES:
            raise tarfile.ReadError(f"{member.name!r} is there twice, or one of too many")
        found[member.name] = member
    return found


def _refuse_other_formats(manifest: Any) -> None:
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise BackupError(_NOT_OURS)
    version = manifest.get("formatVersion")
    if isinstance(version, int) and version > FORMAT_VERSION:
        raise BackupError(
            f"this backup was written by version {manifest.get('version')} in a newer format ({version}); "
            f"this program knows {FORMAT_VERSION}: restore it with that version or a later one"
        )


@contextmanager
def _damage_in_words() -> Iterator[None]:
    try:
        yield
    except _DAMAGED as error:
        raise BackupError(f"the backup is cut short or damaged ({error})") from error
