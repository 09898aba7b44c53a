"""The SQLite file: its connections, and its errors in our words."""

import contextlib
import os
import sqlite3
import time
from collections import deque
from collections.abc import Iterator
from pathlib import Path

from app.common.errors import StoreError, StoreUnavailable
from app.common.logstore import sqlite_schema

_IDLE_CONNECTIONS = 4  # kept open; more are opened while more threads ask at once
_CHECKPOINT_PAGES = 4096  # 16 MiB of log, so that a page touched by many batches is copied once
_LOG_BYTES = 64 * 1024**2  # what the log file shrinks to after a burst
_CACHE_KIB = 8 * 1024
_PROGRESS_STEPS = 50_000  # virtual machine steps between looks at the clock, about a millisecond

_HINTS = {
    sqlite3.SQLITE_BUSY: "another process held it for too long",
    sqlite3.SQLITE_LOCKED: "another process held it for too long",
    sqlite3.SQLITE_FULL: "the disk is full; free some space",
    sqlite3.SQLITE_IOERR: "reading or writing the disk failed; check the disk",
    sqlite3.SQLITE_CANTOPEN: "it cannot be opened; check that it exists and its permissions",
    sqlite3.SQLITE_READONLY: "it is read-only; check its permissions",
    sqlite3.SQLITE_PERM: "its permissions refuse this user",
    sqlite3.SQLITE_CORRUPT: "it is damaged; restore a copy, or move it away to start anew",
    sqlite3.SQLITE_NOTADB: "it is not a SQLite database; check the path",
    sqlite3.SQLITE_NOMEM: "out of memory",
    sqlite3.SQLITE_PROTOCOL: "too many processes opened it at once",
    sqlite3.SQLITE_INTERRUPT: "the query took longer than the deadline; narrow it",
}


class Database:
    """Connections to one file, each used by one thread at a time.

    A commit is durable when it returns: write-ahead log with synchronous=FULL, so it survives a power cut.
    """

    def __init__(self, path: str, timeout_seconds: float) -> None:
        self._path = Path(path).absolute()
        self._timeout = timeout_seconds
        self._idle: deque[sqlite3.Connection] = deque()

    def prepare(self) -> None:
        """Create the file, for its owner only, and bring its schema to this version."""
        with self._translated():
            try:
                self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                os.close(os.open(self._path, os.O_CREAT | os.O_RDWR, 0o600))
            except OSError as error:
                raise StoreUnavailable(f"{self._path}: cannot be created: {error.strerror}") from error
            self._use_write_ahead_log()
        with self.write() as connection:
            (version,) = connection.execute("PRAGMA user_version").fetchone()
            if version > sqlite_schema.VERSION:
                raise StoreError(f"{self._path}: was written by a newer version of this program; upgrade it")
            if version < sqlite_schema.VERSION:
                for statement in sqlite_schema.statements(version):
                    connection.execute(statement)
                connection.execute(f"PRAGMA user_version = {sqlite_schema.VERSION}")

    def _use_write_ahead_log(self) -> None:
        """The switch needs the file for itself and, unlike others, does not wait for it on its own."""
        deadline = time.monotonic() + self._timeout
        while True:
            with contextlib.closing(self._open()) as connection:
                try:
                    connection.execute("PRAGMA journal_mode = WAL").fetchone()
                except sqlite3.OperationalError as error:
                    if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                        raise
                else:
                    return
            time.sleep(0.02)

    @contextlib.contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """A connection whose queries end with StoreUnavailable at the deadline."""
        with self._connection() as connection:
            self.extend_deadline(connection)
            try:
                yield connection
            finally:
                connection.set_progress_handler(None, 0)

    def extend_deadline(self, connection: sqlite3.Connection) -> None:
        """Count the deadline from now: for a reader that takes its rows in pieces."""
        deadline = time.monotonic() + self._timeout
        connection.set_progress_handler(lambda: time.monotonic() > deadline, _PROGRESS_STEPS)

    @contextlib.contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """A transaction: committed at the end, rolled back on an error. Waits its turn up to the deadline."""
        with self._connection() as connection:
            connection.execute("BEGIN IMMEDIATE")
            yield connection
            connection.execute("COMMIT")

    @contextlib.contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        """An idle connection or a new one. After an error it is closed, which also rolls back."""
        with self._translated():
            try:
                connection = self._idle.pop()
            except IndexError:
                connection = self._open()
            try:
                yield connection
            except BaseException:
                connection.close()
                raise
            if len(self._idle) < _IDLE_CONNECTIONS:
                self._idle.append(connection)
            else:
                connection.close()

    def _open(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self._path.as_uri() + "?mode=rw",
            uri=True,
            timeout=self._timeout,
            isolation_level=None,
            check_same_thread=False,
        )
        for setting, value in (
            ("synchronous", "FULL"),
            ("wal_autocheckpoint", _CHECKPOINT_PAGES),
            ("journal_size_limit", _LOG_BYTES),
            ("cache_size", -_CACHE_KIB),
        ):
            connection.execute(f"PRAGMA {setting} = {value}")
        return connection

    @contextlib.contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            code = getattr(error, "sqlite_errorcode", None)
            hint = _HINTS.get(code & 0xFF) if code is not None else None
            if hint is None:
                raise StoreError(f"{self._path}: {error}") from error
            raise StoreUnavailable(f"{self._path}: {error}: {hint}") from error
        except OverflowError as error:
            raise StoreError(f"{self._path}: a number is out of range: {error}") from error

    def close(self) -> None:
        while self._idle:
            self._idle.pop().close()
