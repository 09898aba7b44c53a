"""The connection to an etcd cluster: several endpoints, TLS, a password, and a deadline on every call."""

import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import grpc
from pyetcd import etcdrpc as rpc

from app.common.errors import EtcdError, EtcdUnavailable, LeaseNotFound
from app.common.etcd import txn
from app.common.etcd.txn import Compare, KeyValue, Operation, TxnResult, key_value, prefix_end
from app.common.settings import CommonSettings

log = logging.getLogger(__name__)

R = TypeVar("R")

PAGE = 5_000  # keys a request of `scan`; some 2 MB of ordinary jobs
MAX_MESSAGE = 64 * 1024 * 1024  # bytes; a page of large jobs is larger than gRPC's default of 4 MB

_UNAVAILABLE = frozenset(
    {
        grpc.StatusCode.UNAVAILABLE,
        grpc.StatusCode.DEADLINE_EXCEEDED,
        grpc.StatusCode.CANCELLED,
        grpc.StatusCode.ABORTED,
        grpc.StatusCode.INTERNAL,
        grpc.StatusCode.UNKNOWN,
    }
)
_OPTIONS = (
    ("grpc.max_receive_message_length", MAX_MESSAGE),
    ("grpc.max_send_message_length", MAX_MESSAGE),
    # Find a peer that vanished without a word. etcd cuts clients that ping more often than every 5 s.
    ("grpc.keepalive_time_ms", 10_000),
    ("grpc.keepalive_timeout_ms", 3_000),
    ("grpc.keepalive_permit_without_calls", 1),
    # A restarted etcd is found again at once, not after gRPC's own back-off of up to two minutes.
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 200),
    ("grpc.max_reconnect_backoff_ms", 1_000),
    # One cluster's outage must not be remembered by a channel of another.
    ("grpc.use_local_subchannel_pool", 1),
)


@dataclass(frozen=True, slots=True)
class Page:
    """Keys in order, the revision they were read at, and whether there are more behind the last."""

    items: list[KeyValue]
    revision: int
    more: bool


class EtcdClient:
    """Safe to share between threads of one process; not to be carried over a fork or spawn.

    Every method raises EtcdUnavailable when no endpoint answered within the deadline (a write may or may not
    have happened) and EtcdError for a refusal. Reads are tried on every endpoint; writes only on the current one,
    because only the caller knows whether repeating them is harmless. After a failure the next endpoint is used.
    """

    def __init__(
        self,
        endpoints: Sequence[str],
        *,
        timeout: float,
        ca_cert: Path | None = None,
        cert: Path | None = None,
        key: Path | None = None,
        user: str | None = None,
        password: str | None = None,
    ) -> None:
        self._endpoints = list(endpoints)
        self._tls = (ca_cert, cert, key)
        self._user, self._password = user, password
        self.timeout = timeout
        self._lock = threading.Lock()
        self._current = 0
        self._connections: dict[int, _Connection] = {}

    @classmethod
    def from_settings(cls, settings: CommonSettings) -> "EtcdClient":
        password = settings.etcd_password
        return cls(
            settings.etcd_endpoints,
            timeout=settings.etcd_timeout_seconds,
            ca_cert=settings.etcd_ca_cert,
            cert=settings.etcd_cert,
            key=settings.etcd_key,
            user=settings.etcd_user,
            password=password.get_secret_value() if password else None,
        )

    def close(self) -> None:
        with self._lock:
            connections, self._connections = self._connections, {}
        for connection in connections.values():
            connection.channel.close()

    # Reading

    def get(self, key: str) -> KeyValue | None:
        page = self._range(rpc.RangeRequest(key=key.encode()))
        return page.items[0] if page.items else None

    def get_many(self, keys: Sequence[str]) -> tuple[list[KeyValue | None], int]:
        """These keys as of one moment, None where there is none, and the revision of that moment."""
        request = rpc.TxnRequest(success=[txn.get(key) for key in keys])
        response = self._read(lambda c: c.kv.Txn, request)
        answers = txn.result(response, response.header.revision)
        return [found[0] if found else None for found in answers.responses], answers.revision

    def page(
        self,
        prefix: str,
        *,
        after: str | None = None,
        limit: int = PAGE,
        revision: int = 0,
        keys_only: bool = False,
    ) -> Page:
        """Keys under `prefix` behind the key `after`, as of `revision` (0: now)."""
        start = prefix.encode()
        return self._range(
            rpc.RangeRequest(
                key=start if after is None else after.encode() + b"\0",
                range_end=prefix_end(start),
                limit=limit,
                revision=revision,
                keys_only=keys_only,
            )
        )

    def scan(self, prefix: str, *, revision: int = 0, keys_only: bool = False) -> Page:
        """All keys under `prefix` as of one revision, read page by page."""
        page = self.page(prefix, revision=revision, keys_only=keys_only)
        items, at = page.items, revision or page.revision
        while page.more:
            page = self.page(prefix, after=items[-1].key, revision=at, keys_only=keys_only)
            items.extend(page.items)
        return Page(items, at, False)

    def count(self, prefix: str) -> int:
        start = prefix.encode()
        request = rpc.RangeRequest(key=start, range_end=prefix_end(start), count_only=True)
        return int(self._read(lambda c: c.kv.Range, request).count)

    # Writing

    def put(self, key: str, value: bytes, lease: int = 0) -> int:
        """Returns the revision of the write."""
        request = rpc.PutRequest(key=key.encode(), value=value, lease=lease)
        return int(self._call(lambda c: c.kv.Put, request).header.revision)

    def delete(self, key: str) -> bool:
        """Whether the key was there."""
        return bool(self._call(lambda c: c.kv.DeleteRange, rpc.DeleteRangeRequest(key=key.encode())).deleted)

    def txn(
        self,
        compare: Sequence[Compare] = (),
        success: Sequence[Operation] = (),
        failure: Sequence[Operation] = (),
        *,
        timeout: float | None = None,
    ) -> TxnResult:
        """If all of `compare` hold do `success`, else `failure`, atomically."""
        request = rpc.TxnRequest(compare=compare, success=success, failure=failure)
        response = self._call(lambda c: c.kv.Txn, request, timeout)
        return txn.result(response, response.header.revision)

    def compact(self, revision: int) -> None:
        """Forget all history before `revision`."""
        self._call(lambda c: c.kv.Compact, rpc.CompactionRequest(revision=revision))

    # Leases

    def grant(self, ttl_seconds: int) -> int:
        """A new lease; returns its id."""
        return int(self._call(lambda c: c.lease.LeaseGrant, rpc.LeaseGrantRequest(TTL=ttl_seconds)).ID)

    def keepalive(self, lease: int) -> int:
        """Renew once; returns the seconds it now has. Raises LeaseNotFound when it has expired."""
        requests = iter([rpc.LeaseKeepAliveRequest(ID=lease)])
        replies = self._call(lambda c: c.lease.LeaseKeepAlive, requests)
        ttl = self._guard(lambda: int(next(replies).TTL))
        if ttl <= 0:
            raise LeaseNotFound(f"lease {lease:x} has expired")
        return ttl

    def revoke(self, lease: int) -> None:
        """End a lease and delete its keys; nothing happens if it has ended already."""
        try:
            self._call(lambda c: c.lease.LeaseRevoke, rpc.LeaseRevokeRequest(ID=lease))
        except LeaseNotFound:
            log.debug("The lease had ended already.", extra={"action": "revoke", "lease": lease})

    # Watching and maintenance

    def watch_stream(self, requests: Iterator[Any]) -> Any:
        """A raw watch stream on the current endpoint (see `mirror`); iterate it, `cancel()` it."""
        connection = self._connection()
        return connection.watch.Watch(requests, metadata=connection.metadata(self.timeout))

    def fail_over(self) -> None:
        """Use the next endpoint from now on."""
        with self._lock:
            failed = self._connections.pop(self._current, None)
            self._current = (self._current + 1) % len(self._endpoints)
        if failed:
            failed.retire()

    def status(self) -> tuple[str, int]:
        """(version, database bytes) of the current endpoint."""
        reply = self._read(lambda c: c.maintenance.Status, rpc.StatusRequest())
        return str(reply.version), int(reply.dbSize)

    # Plumbing

    def _range(self, request: Any) -> Page:
        response = self._read(lambda c: c.kv.Range, request)
        return Page([key_value(kv) for kv in response.kvs], response.header.revision, response.more)

    def _read(self, method: Callable[["_Connection"], Any], request: Any) -> Any:
        last: EtcdUnavailable | None = None
        for _ in range(len(self._endpoints) + 1):
            try:
                return self._call(method, request)
            except EtcdUnavailable as error:
                last = error
        assert last is not None
        raise last

    def _call(
        self, method: Callable[["_Connection"], Any], request: Any, timeout: float | None = None
    ) -> Any:
        connection = self._connection()

        def call() -> Any:
            limit = timeout or self.timeout
            return method(connection)(request, timeout=limit, metadata=connection.metadata(limit))

        try:
            return self._guard(call)
        except EtcdUnavailable:
            self._abandon(connection)
            raise
        except EtcdError as error:
            if not (self._user and "auth token" in str(error)):
                raise
            connection.forget_token()
            return self._guard(call)

    def _connection(self) -> "_Connection":
        with self._lock:
            connection = self._connections.get(self._current)
            if connection is None:
                endpoint = self._endpoints[self._current]
                connection = _Connection(endpoint, self._tls, self._user, self._password)
                self._connections[self._current] = connection
            return connection

    def _abandon(self, connection: "_Connection") -> None:
        """Move on, unless another thread has already done so because of the same endpoint. The only endpoint
        is kept: its channel reconnects by itself, and other threads may be using it."""
        if len(self._endpoints) > 1 and self._connections.get(self._current) is connection:
            self.fail_over()

    @staticmethod
    def _guard(call: Callable[[], R]) -> R:
        try:
            return call()
        except grpc.RpcError as error:
            raise translate(error) from error
        except ValueError as error:  # gRPC: the channel was closed meanwhile
            raise EtcdUnavailable(f"etcd: {error}") from error


def translate(error: Any) -> EtcdError:
    """gRPC's error as one of ours."""
    code, details = error.code(), error.details() or ""
    if code == grpc.StatusCode.NOT_FOUND and "lease" in details:
        return LeaseNotFound(details)
    if code in _UNAVAILABLE or "no leader" in details:
        # gRPC repeats itself: "failed to connect to all addresses; last error: UNKNOWN: ... : Connection refused"
        return EtcdUnavailable(f"etcd does not answer: {details.rpartition('last error: ')[2] or code.name}")
    return EtcdError(f"etcd refused the request: {details or code.name}")


class _Connection:
    """One endpoint: its channel, its stubs, and the token of the user."""

    def __init__(
        self,
        endpoint: str,
        tls: tuple[Path | None, Path | None, Path | None],
        user: str | None,
        password: str | None,
    ) -> None:
        parts = urlsplit(endpoint)
        target = f"{parts.hostname if ':' not in (parts.hostname or '') else f'[{parts.hostname}]'}:{parts.port or 2379}"
        if parts.scheme == "https":
            ca, cert, key = (p.read_bytes() if p else None for p in tls)
            credentials = grpc.ssl_channel_credentials(ca, key, cert)
            self.channel = grpc.secure_channel(target, credentials, options=_OPTIONS)
        else:
            self.channel = grpc.insecure_channel(target, options=_OPTIONS)
        self.kv = rpc.KVStub(self.channel)
        self.lease = rpc.LeaseStub(self.channel)
        self.watch = rpc.WatchStub(self.channel)
        self.maintenance = rpc.MaintenanceStub(self.channel)
        self._auth = rpc.AuthStub(self.channel)
        self._user, self._password = user, password
        self._token: str | None = None

    def metadata(self, timeout: float) -> list[tuple[str, str]]:
        # Requests fail instead of hanging on a member that has lost its quorum.
        pairs = [("hasleader", "true")]
        if self._user is not None:
            if self._token is None:
                request = rpc.AuthenticateRequest(name=self._user, password=self._password)
                self._token = self._auth.Authenticate(request, timeout=timeout).token
            pairs.append(("token", self._token))
        return pairs

    def forget_token(self) -> None:
        self._token = None

    def retire(self) -> None:
        """Close once calls of other threads on it have met their deadlines."""
        timer = threading.Timer(30, self.channel.close)
        timer.daemon = True
        timer.start()
