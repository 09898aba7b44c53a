"""What `yuanya backup` and `yuanya restore` share: etcd, the archive's file, the progress bar."""

import contextlib
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING

from app.cli.config import ClientError
from app.cli.output import progress
from app.common.settings import CommonSettings

if TYPE_CHECKING:  # loaded when a command runs, not for every `--help`
    from app.common.etcd import EtcdClient

STDIO = "-"


@contextlib.contextmanager
def etcd_client(settings: CommonSettings) -> "Iterator[EtcdClient]":
    from app.common.etcd import EtcdClient

    client = EtcdClient.from_settings(settings)
    try:
        yield client
    finally:
        client.close()


@contextlib.contextmanager
def bar(what: str) -> Iterator[Callable[[int, int], None]]:
    """`advance(more, total)`"""
    with progress() as bar:
        task = bar.add_task(what, total=None)
        yield lambda more, total: bar.update(task, advance=more, total=total)


@contextlib.contextmanager
def output(file: Path) -> Iterator[IO[bytes]]:
    """A file that appears whole, or not at all, and that its owner alone may read; or standard output."""
    # What appears takes the place of what is there: of /dev/null, for every program of the host.
    if str(file) != STDIO and file.exists() and not file.is_file():
        raise ClientError(f"{file} is no plain file; - writes the archive to standard output")
    if str(file) == STDIO:
        with tempfile.TemporaryFile() as spool:
            yield spool
            spool.seek(0)
            shutil.copyfileobj(spool, sys.stdout.buffer)
            sys.stdout.buffer.flush()
        return
    try:
        number, name = tempfile.mkstemp(prefix=f".{file.name}.", suffix=".new", dir=file.parent)
        new = Path(name)
        try:
            with os.fdopen(number, "w+b") as target:
                yield target
                target.flush()
                os.fsync(target.fileno())
            new.replace(file)
        finally:
            new.unlink(missing_ok=True)
        folder = os.open(file.parent, os.O_RDONLY | os.O_DIRECTORY)
        os.fsync(folder)
        os.close(folder)
    except OSError as error:
        raise ClientError(f"{file}: {error.strerror}") from error


@contextlib.contextmanager
def source(file: Path) -> Iterator[IO[bytes]]:
    try:
        if str(file) != STDIO:
            with file.open("rb") as source:
                yield source
            return
        with tempfile.TemporaryFile() as spool:
            shutil.copyfileobj(sys.stdin.buffer, spool)
            spool.seek(0)
            yield spool
    except OSError as error:
        raise ClientError(f"{file}: {error.strerror}") from error
