"""How long a log store takes to answer, by operation."""

import functools
import time
from collections.abc import Callable
from typing import Any, TypeVar

from app.common.errors import StoreError
from app.common.logstore.base import LogStore
from app.common.metrics.shared import STORE_FAILURES, STORE_REQUEST

S = TypeVar("S")

# The rows of a ledger are read at the pace of whoever takes them.
_NOT_MEASURED = {"ledger_rows", "close"}
OPERATIONS = tuple(name for name in vars(LogStore) if not name.startswith("_") and name not in _NOT_MEASURED)


def measured(store: type[S]) -> type[S]:
    """Decorates the class of a store."""
    for operation in OPERATIONS:
        setattr(store, operation, _timed(operation, getattr(store, operation)))
    return store


def _timed(operation: str, method: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(method)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        began = time.perf_counter()
        try:
            return method(*args, **kwargs)
        except StoreError:
            STORE_FAILURES.labels(operation).inc()
            raise
        finally:
            STORE_REQUEST.labels(operation).observe(time.perf_counter() - began)

    return wrapper
