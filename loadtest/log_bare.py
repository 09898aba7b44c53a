"""What a log store could do at best: one `insert_many` after the other, of rows already in the shape that the
database takes, with the durability of the log store."""

import sqlite3
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import astuple, fields
from pathlib import Path
from typing import Any, Protocol

import pymongo

from app.common.logstore import mongo_docs, open_store
from app.common.models import Run

BATCH = 1_000
_NAMES = tuple(f.name for f in fields(Run))


class Bare(Protocol):
    def insert(self, rows: Sequence[Run]) -> float:
        """Seconds that it takes to insert the rows."""

    def count(self) -> int: ...

    def close(self) -> None: ...


class BareSqlite:
    """`indexed`: the log store's own tables and indexes, else one plain table of the same columns."""

    def __init__(self, path: Path, *, indexed: bool) -> None:
        self._parts: tuple[tuple[str, ...], ...] = (_NAMES,)
        if indexed:
            with closing(open_store(f"sqlite:///{path}", 30)) as store:
                store.prepare()
            texts = ("id", "command", "output")
            self._parts = (tuple(name for name in _NAMES if name not in texts[1:]), texts)
        self._connection = sqlite3.connect(path, isolation_level=None)
        for setting in ("journal_mode = WAL", "synchronous = FULL", "wal_autocheckpoint = 4096"):
            self._connection.execute(f"PRAGMA {setting}")
        if not indexed:
            columns = ", ".join(_NAMES).replace("id", "id TEXT PRIMARY KEY", 1)
            self._connection.execute(f"CREATE TABLE run ({columns}) WITHOUT ROWID")

    def insert(self, rows: Sequence[Run]) -> float:
        values = [dict(zip(_NAMES, map(_plain, astuple(row)), strict=True)) for row in rows]
        inserts = [
            (_insert(table, names), [tuple(each[name] for name in names) for each in values])
            for table, names in zip(("run", "run_text"), self._parts, strict=False)
        ]
        started = time.monotonic()
        for start in range(0, len(rows), BATCH):
            self._connection.execute("BEGIN IMMEDIATE")
            for statement, lines in inserts:
                self._connection.executemany(statement, lines[start : start + BATCH])
            self._connection.execute("COMMIT")
        return time.monotonic() - started

    def count(self) -> int:
        (count,) = self._connection.execute("SELECT count(*) FROM run").fetchone()
        return int(count)

    def close(self) -> None:
        self._connection.close()


class BareMongo:
    """A collection with the log store's indexes."""

    def __init__(self, url: str) -> None:
        with closing(open_store(url, 30)) as store:
            store.prepare()
        self._client: pymongo.MongoClient[dict[str, Any]] = pymongo.MongoClient(url)
        concern = pymongo.WriteConcern("majority", j=True)
        self._log = self._client.get_default_database(write_concern=concern)["log"]

    def insert(self, rows: Sequence[Run]) -> float:
        documents = list(map(mongo_docs.of_run, rows))
        started = time.monotonic()
        for start in range(0, len(rows), BATCH):
            self._log.insert_many(documents[start : start + BATCH], ordered=False)
        return time.monotonic() - started

    def count(self) -> int:
        return self._log.count_documents({})

    def close(self) -> None:
        self._client.close()


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, str) else value


def _insert(table: str, names: tuple[str, ...]) -> str:
    return f"INSERT INTO {table} ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})"
