"""Where runs are recorded: MongoDB for a cluster, SQLite for one host. The only importer of either driver."""

from app.common.logstore.base import (
    AuditEntry,
    AuditPage,
    JobState,
    LastRow,
    LedgerRow,
    LiveOutput,
    LogStore,
    RecentRun,
    RunPage,
    RunQuery,
    StoreFacts,
    StoreResult,
)

__all__ = [
    "AuditEntry",
    "AuditPage",
    "JobState",
    "LastRow",
    "LedgerRow",
    "LiveOutput",
    "LogStore",
    "RecentRun",
    "RunPage",
    "RunQuery",
    "StoreFacts",
    "StoreResult",
    "open_store",
]


def open_store(url: str, timeout_seconds: float) -> LogStore:
    """The store behind `url`: `sqlite:///PATH` (four slashes: absolute) or `mongodb://HOST/DATABASE`.

    Nothing is contacted yet; call `prepare` first.
    """
    if url.startswith("sqlite:///"):
        from app.common.logstore.sqlite import SqliteLogStore

        return SqliteLogStore(url.removeprefix("sqlite:///"), timeout_seconds)
    from app.common.logstore.mongo import MongoLogStore

    return MongoLogStore(url, timeout_seconds)
