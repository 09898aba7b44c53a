"""How long etcd takes to answer, by kind of call."""

import functools
import time
from collections.abc import Callable
from typing import Any, Concatenate, ParamSpec, TypeVar

from pyetcd import etcdrpc as rpc

from app.common.errors import EtcdError, LeaseNotFound
from app.common.metrics.shared import ETCD_FAILURES, ETCD_REQUEST

P = ParamSpec("P")
S = TypeVar("S")

_CALLS = {
    rpc.RangeRequest: "range",
    rpc.PutRequest: "put",
    rpc.DeleteRangeRequest: "delete",
    rpc.TxnRequest: "txn",
    rpc.CompactionRequest: "compact",
    rpc.LeaseGrantRequest: "grant",
    rpc.LeaseKeepAliveRequest: "keepalive",
    rpc.LeaseRevokeRequest: "revoke",
    rpc.StatusRequest: "status",
}


def measured(call: Callable[Concatenate[S, Any, Any, P], Any]) -> Callable[Concatenate[S, Any, Any, P], Any]:
    """Decorates the method through which all requests go: `call(self, method, request, ...)`."""

    @functools.wraps(call)
    def wrapper(self: S, method: Any, request: Any, /, *args: P.args, **kwargs: P.kwargs) -> Any:
        kind = _CALLS.get(type(request), "other")
        began = time.perf_counter()
        try:
            return call(self, method, request, *args, **kwargs)
        except LeaseNotFound:  # an answer like others: leases end
            raise
        except EtcdError:
            ETCD_FAILURES.labels(kind).inc()
            raise
        finally:
            ETCD_REQUEST.labels(kind).observe(time.perf_counter() - began)

    return wrapper
