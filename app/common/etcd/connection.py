"""One endpoint of etcd: its channel, and gRPC's errors as ours."""

import threading
from typing import Any

import grpc
from pyetcd import etcdrpc as rpc

from app.common.errors import EtcdError, EtcdUnavailable, LeaseNotFound
from app.common.etcd.handshake import address
from app.common.etcd.tls_files import Credentials
from app.common.file_version import Version

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
    # Find a peer that vanished without a word, while a call is open. etcd cuts off clients that ping without
    # one, or more often than every 5 s.
    ("grpc.keepalive_time_ms", 10_000),
    ("grpc.keepalive_timeout_ms", 3_000),
    # A restarted etcd is found again at once, not after gRPC's own back-off of up to two minutes.
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 1_000),
    # By its name a pause, in fact how long one attempt to connect may take, TLS and all.
    ("grpc.min_reconnect_backoff_ms", 3_000),
    # One cluster's outage must not be remembered by a channel of another.
    ("grpc.use_local_subchannel_pool", 1),
)
# What to do about a refusal, by words that it contains.
_ADVICE = {
    "permission denied": "; this user of etcd lacks a right (see docs/secure.md)",
    "user name is empty": "; it asks who this is: set YUANYA_ETCD_CERT and YUANYA_ETCD_KEY, "
    "or YUANYA_ETCD_USER and YUANYA_ETCD_PASSWORD",
    "user name not found": "; the common name of the certificate must be a user of etcd",
    "authentication failed": "; check YUANYA_ETCD_USER and YUANYA_ETCD_PASSWORD",
    "authentication is not enabled": "; leave out YUANYA_ETCD_USER and YUANYA_ETCD_PASSWORD, "
    "or run: etcdctl auth enable",
}


class TooLarge(EtcdError):
    """The answer has more bytes than a message may have; ask for fewer keys."""


class HistoryGone(EtcdError):
    """The revision asked for has been compacted away."""


class TokenRefused(EtcdError):
    """etcd does not know the token (any more): it forgets them when it restarts, or when users change."""


def translate(error: Any) -> EtcdError:
    """gRPC's error as one of ours."""
    code, details = error.code(), error.details() or ""
    if code == grpc.StatusCode.NOT_FOUND and "lease" in details:
        return LeaseNotFound(details)
    if code == grpc.StatusCode.RESOURCE_EXHAUSTED and "larger than max" in details:
        return TooLarge(f"etcd's answer is too large: {details}")
    if "has been compacted" in details:
        return HistoryGone(f"etcd: {details}")
    if "invalid auth token" in details or "auth store is old" in details:
        return TokenRefused(f"etcd refused the token: {details}")
    if code in _UNAVAILABLE or "no leader" in details:
        # gRPC repeats itself: "failed to connect to all addresses; last error: UNKNOWN: ... refused"
        return EtcdUnavailable(f"etcd does not answer: {details.rpartition('last error: ')[2] or code.name}")
    advice = next((advice for sign, advice in _ADVICE.items() if sign in details), "")
    return EtcdError(f"etcd refused the request: {details or code.name}{advice}")


class Connection:
    """One endpoint: its channel, its stubs, and the token of the user."""

    def __init__(
        self, endpoint: str, credentials: Credentials, user: str | None, password: str | None
    ) -> None:
        """Raises EtcdUnavailable where the certificate files cannot be used."""
        self.endpoint = endpoint
        self._files = credentials.files
        self._versions: tuple[Version, ...] | None = None
        host, port = address(endpoint)
        target = f"{f'[{host}]' if ':' in host else host}:{port}"
        if endpoint.startswith("https://"):
            contents, self._versions = credentials.get()
            secrets = grpc.ssl_channel_credentials(contents.ca, contents.key, contents.cert)
            self.channel = grpc.secure_channel(target, secrets, options=_OPTIONS)
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
            token = self._token
            if token is None:
                request = rpc.AuthenticateRequest(name=self._user, password=self._password)
                token = self._token = str(self._auth.Authenticate(request, timeout=timeout).token)
            pairs.append(("token", token))
        return pairs

    def outdated(self) -> bool:
        """Whether its certificates were renewed since: the channel goes on with those it was made with."""
        return self._versions is not None and self._versions != self._files.versions()

    def forget_token(self) -> None:
        self._token = None

    def retire(self) -> None:
        """Close once calls of other threads on it have met their deadlines."""
        timer = threading.Timer(30, self.channel.close)
        timer.daemon = True
        timer.start()
