"""The connection to an etcd cluster: several endpoints, TLS, a password, and a deadline on every call."""

import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self, TypeVar

import grpc
from pyetcd import etcdrpc as rpc

from app.common.errors import EtcdUnavailable, LeaseNotFound
from app.common.etcd import txn
from app.common.etcd.connection import Connection, TokenRefused, TooLarge, translate
from app.common.etcd.handshake import Examiner
from app.common.etcd.measure import measured
from app.common.etcd.patience import Patience
from app.common.etcd.tls_files import Credentials, TlsFiles
from app.common.etcd.txn import Compare, Operation, TxnResult, key_value, prefix_end
from app.common.key_value import KeyValue
from app.common.settings import CommonSettings

log = logging.getLogger(__name__)

R = TypeVar("R")

PAGE = 5_000  # keys a request of `scan`; some 2 MB of ordinary jobs


@dataclass(frozen=True, slots=True)
class Page:
    """Keys in order, the revision they were read at, and whether there are more behind the last."""

    items: list[KeyValue]
    revision: int
    more: bool


class EtcdClient:
    """Safe to share between threads of one process; not to be carried over a fork or spawn.

    Every method raises EtcdUnavailable when etcd did not answer within `timeout` (a write may or may not have
    happened) and EtcdError for a refusal. Reads are tried on every endpoint, each for `timeout` at most;
    writes only on the current one, because only the caller knows whether repeating them is harmless. After a
    failure the next endpoint is used. Certificates that were renewed are read when etcd has to be connected
    to again; where the new files cannot be used, the old contents go on.

    With `first_timeout` small reads and writes are given up sooner, as `Patience` says. For callers that can
    ask again: a member that has just lost its leader swallows writes without a word, and never answers those.
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
        first_timeout: float | None = None,
    ) -> None:
        self._endpoints = list(endpoints)
        files = TlsFiles(ca_cert, cert, key)
        self._credentials = Credentials(files)
        self._examiner = Examiner(files)
        self._user, self._password = user, password
        self.timeout = timeout
        first = timeout if first_timeout is None else first_timeout
        self._reads, self._writes = Patience(first, timeout), Patience(first, timeout)
        self._lock = threading.Lock()
        self._current = 0
        self._connections: dict[int, Connection] = {}

    @classmethod
    def from_settings(cls, settings: CommonSettings, *, first_timeout: float | None = None) -> Self:
        password = settings.etcd_password
        return cls(
            settings.etcd_endpoints,
            timeout=settings.etcd_timeout_seconds,
            ca_cert=settings.etcd_ca_cert,
            cert=settings.etcd_cert,
            key=settings.etcd_key,
            user=settings.etcd_user,
            password=password.get_secret_value() if password else None,
            first_timeout=first_timeout,
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
        answers = self.read([txn.get(key) for key in keys])
        return [found[0] if found else None for found in answers.responses], answers.revision

    def read(self, operations: Sequence[Operation], compare: Sequence[Compare] = ()) -> TxnResult:
        """What several `txn.get` and `txn.get_prefix` find as of one moment, if all of `compare` hold then;
        nothing else."""
        response = self._read(lambda c: c.kv.Txn, txn.request(compare, operations))
        return txn.result(response, response.header.revision)

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
        items: list[KeyValue] = []
        for page in self.pages(prefix, revision=revision, keys_only=keys_only):
            items += page.items
            revision = page.revision
        return Page(items, revision, False)

    def pages(self, prefix: str, *, revision: int = 0, keys_only: bool = False) -> Iterator[Page]:
        """The same page by page, at least one. While the caller works on a page, the next one is read."""
        start = prefix.encode()
        request = rpc.RangeRequest(
            key=start, range_end=prefix_end(start), limit=PAGE, revision=revision, keys_only=keys_only
        )
        response = self._range_that_fits(request)
        request.revision = revision or response.header.revision
        with ThreadPoolExecutor(1, thread_name_prefix="pages") as ahead:
            while response.more:
                request.key = response.kvs[-1].key + b"\0"
                following = ahead.submit(self._range_that_fits, request)
                yield Page([key_value(kv) for kv in response.kvs], request.revision, True)
                response = following.result()
        yield Page([key_value(kv) for kv in response.kvs], request.revision, False)

    def count(self, prefix: str) -> int:
        start = prefix.encode()
        request = rpc.RangeRequest(key=start, range_end=prefix_end(start), count_only=True)
        return int(self._read(lambda c: c.kv.Range, request).count)

    # Writing

    def put(self, key: str, value: bytes, lease: int = 0) -> int:
        """Returns the revision of the write."""
        request = rpc.PutRequest(key=key.encode(), value=value, lease=lease)
        return int(self._write(lambda c: c.kv.Put, request).header.revision)

    def delete(self, key: str) -> bool:
        """Whether the key was there."""
        return bool(self._write(lambda c: c.kv.DeleteRange, rpc.DeleteRangeRequest(key=key.encode())).deleted)

    def txn(
        self,
        compare: Sequence[Compare] = (),
        success: Sequence[Operation] = (),
        failure: Sequence[Operation] = (),
        *,
        timeout: float | None = None,
    ) -> TxnResult:
        """If all of `compare` hold do `success`, else `failure`, atomically."""
        request = txn.request(compare, success, failure)
        response = self._write(lambda c: c.kv.Txn, request, timeout)
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
        reply = self._call(_first(lambda c: c.lease.LeaseKeepAlive), rpc.LeaseKeepAliveRequest(ID=lease))
        if reply is None:
            raise EtcdUnavailable("etcd does not answer: it closed the stream of a keepalive")
        ttl = int(reply.TTL)
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
        return self._guard(
            lambda: connection.watch.Watch(requests, metadata=connection.metadata(self.timeout))
        )

    def fail_over(self, failed: Connection | None = None) -> None:
        """Use the next endpoint from now on; with `failed`, only if that is still the current connection."""
        with self._lock:
            current = self._connections.get(self._current)
            if failed is not None and failed is not current:
                return  # another thread has moved on already, because of the same failure
            self._connections.pop(self._current, None)
            self._current = (self._current + 1) % len(self._endpoints)
        if current:
            current.retire()

    def status(self) -> tuple[str, int]:
        """(version, database bytes) of the current endpoint."""
        reply = self._read(lambda c: c.maintenance.Status, rpc.StatusRequest())
        return str(reply.version), int(reply.dbSize)

    # Plumbing

    def _range(self, request: Any) -> Page:
        response = self._read(lambda c: c.kv.Range, request)
        return Page([key_value(kv) for kv in response.kvs], response.header.revision, response.more)

    def _range_that_fits(self, request: Any) -> Any:
        """Asks for fewer keys, from then on, where their values are too large for one message."""
        while True:
            try:
                return self._read(lambda c: c.kv.Range, request, self.timeout)  # a page may be long
            except TooLarge:
                if request.limit == 1:
                    raise
                request.limit = max(1, request.limit // 4)

    def _read(self, method: Callable[[Connection], Any], request: Any, timeout: float | None = None) -> Any:
        """Try every endpoint once and the first again: it may only have lost an idle connection."""
        deadline = time.monotonic() + self.timeout * len(self._endpoints)
        for _ in self._endpoints:
            try:
                return self._patiently(self._reads, method, request, timeout)
            except EtcdUnavailable:
                if time.monotonic() >= deadline:
                    raise
        limit = self._reads.seconds() if timeout is None else timeout
        return self._patiently(self._reads, method, request, min(limit, deadline - time.monotonic()))

    def _write(self, method: Callable[[Connection], Any], request: Any, timeout: float | None = None) -> Any:
        return self._patiently(self._writes, method, request, timeout)

    def _patiently(
        self, patience: Patience, method: Callable[[Connection], Any], request: Any, timeout: float | None
    ) -> Any:
        began = time.monotonic()
        try:
            answer = self._call(method, request, patience.seconds() if timeout is None else timeout)
        except EtcdUnavailable:
            patience.gave_up(began)
            raise
        patience.answered(began)
        return answer

    @measured
    def _call(self, method: Callable[[Connection], Any], request: Any, timeout: float | None = None) -> Any:
        connection = self._connection()
        limit = timeout or self.timeout
        began = time.monotonic()

        def call() -> Any:
            return method(connection)(request, timeout=limit, metadata=connection.metadata(limit))

        try:
            return self._guard(call)
        except EtcdUnavailable as error:
            # The only endpoint is kept: its channel reconnects by itself, and other threads may be using it.
            if len(self._endpoints) > 1 or connection.outdated():
                self.fail_over(connection)
            trouble = self._examiner.trouble(connection.endpoint, limit - (time.monotonic() - began))
            if trouble:
                raise EtcdUnavailable(f"etcd does not answer: {connection.endpoint}: {trouble}") from error
            raise
        except TokenRefused:
            connection.forget_token()
            return self._guard(call)

    def _connection(self) -> Connection:
        with self._lock:
            connection = self._connections.get(self._current)
            if connection is None:
                endpoint = self._endpoints[self._current]
                connection = Connection(endpoint, self._credentials, self._user, self._password)
                self._connections[self._current] = connection
            return connection

    @staticmethod
    def _guard(call: Callable[[], R]) -> R:
        try:
            return call()
        except grpc.RpcError as error:
            raise translate(error) from error
        except ValueError as error:  # gRPC: the channel was closed meanwhile
            raise EtcdUnavailable(f"etcd: {error}") from error


def _first(
    method: Callable[[Connection], Callable[..., Iterator[Any]]],
) -> Callable[[Connection], Callable[..., Any]]:
    """A streaming call as a plain one: one request, and its first reply (None: the stream ended without)."""

    def call(connection: Connection) -> Callable[..., Any]:
        return lambda request, **options: next(method(connection)(iter([request]), **options), None)

    return call
