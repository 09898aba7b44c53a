"""What an operator should know of one member of etcd. Nothing here changes anything."""

import bisect
import secrets
import socket
import ssl
import time
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

from pyetcd import etcdrpc as rpc

from app.common import keys
from app.common.errors import EtcdError
from app.common.etcd import txn
from app.common.etcd.client import EtcdClient
from app.common.etcd.connection import HistoryGone
from app.common.etcd.handshake import address
from app.common.etcd.tls_files import TlsFiles
from app.common.settings import CommonSettings

_MAX_METRICS = 4 * 1024 * 1024  # bytes


@dataclass(frozen=True, slots=True)
class MemberStatus:
    """`leads`: it is the leader. `revision`: of the whole store."""

    version: str
    database_bytes: int
    has_leader: bool
    leads: bool
    revision: int


@dataclass(frozen=True, slots=True)
class HttpFacts:
    """What a member says beside gRPC. `clock`: its time minus ours in seconds, right to `uncertainty`;
    `quota` and `used` in bytes, None where it does not tell."""

    clock: float
    uncertainty: float
    quota: int | None
    used: int | None


class Inspector(EtcdClient):
    """A client of one endpoint alone."""

    @classmethod
    def of(cls, settings: CommonSettings, endpoint: str) -> "Inspector":
        return cls.from_settings(settings.model_copy(update={"etcd_endpoints": (endpoint,)}))

    def member(self) -> MemberStatus:
        reply = self._read(lambda c: c.maintenance.Status, rpc.StatusRequest())
        return MemberStatus(
            version=str(reply.version),
            database_bytes=int(reply.dbSize),
            has_leader=bool(reply.leader),
            leads=reply.leader == reply.header.member_id,
            revision=int(reply.header.revision),
        )

    def members(self) -> dict[str, list[str]]:
        """Client addresses of all members by their names."""
        reply = self._read(lambda c: rpc.ClusterStub(c.channel).MemberList, rpc.MemberListRequest())
        return {member.name or f"{member.ID:x}": list(member.clientURLs) for member in reply.members}

    def alarms(self) -> list[str]:
        """Such as NOSPACE, of any member."""
        reply = self._read(lambda c: c.maintenance.Alarm, rpc.AlarmRequest())
        return sorted({rpc.AlarmType.Name(member.alarm) for member in reply.alarms})

    def revisions_kept(self) -> int:
        """How many revisions of the past can still be read: what compaction leaves."""
        newest = self.page(keys.JOBS, limit=1, keys_only=True).revision
        oldest = bisect.bisect_left(range(1, newest + 1), True, key=self._is_kept) + 1
        return newest - oldest + 1

    def _is_kept(self, revision: int) -> bool:
        try:
            self.page(keys.JOBS, limit=1, revision=revision, keys_only=True)
        except HistoryGone:
            return False
        return True

    def may_read(self, prefix: str) -> bool:
        """Raises EtcdError for anything but a refusal."""
        return self._allowed(lambda: self.page(prefix, limit=1, keys_only=True))

    def may_write(self, prefix: str) -> bool:
        """etcd judges all of a transaction, also what it will not do. For who may not read jobs, which its
        condition needs, the answer is no."""
        name = f"doctor-{secrets.token_hex(8)}"
        never = txn.present(keys.job(name))
        return self._allowed(lambda: self.txn([never], [txn.put(f"{prefix}{name}", b"")]))

    @staticmethod
    def _allowed(call: Callable[[], object]) -> bool:
        try:
            call()
        except EtcdError as error:
            if "permission denied" in str(error):
                return False
            if "space exceeded" not in str(error):  # told as an alarm; what the user may do is not known then
                raise
        return True


def http_facts(endpoint: str, files: TlsFiles, timeout: float) -> HttpFacts:
    """From the page of metrics. Raises OSError where there is none."""
    context = files.context() if endpoint.startswith("https://") else None
    began, sent = time.time(), time.monotonic()
    with urllib.request.urlopen(  # noqa: S310 - http or https, as the settings are checked to be
        f"{endpoint.rstrip('/')}/metrics", timeout=timeout, context=context
    ) as answer:
        took = time.monotonic() - sent
        date = answer.headers["Date"]
        text = answer.read(_MAX_METRICS).decode(errors="replace")
    if date is None:
        raise OSError("its answer has no Date")
    theirs = parsedate_to_datetime(date).timestamp() + 0.5  # whole seconds
    return HttpFacts(
        clock=theirs - (began + took / 2),
        uncertainty=0.5 + took / 2,
        quota=_metric(text, "etcd_server_quota_backend_bytes"),
        used=_metric(text, "etcd_mvcc_db_total_size_in_use_in_bytes"),
    )


def certificate_ends(endpoint: str, files: TlsFiles, timeout: float) -> float:
    """When the certificate that a member shows ends, in epoch seconds. Raises OSError where it shows none
    that can be trusted."""
    host, port = address(endpoint)
    with (
        socket.create_connection((host, port), timeout) as plain,
        files.context().wrap_socket(plain, server_hostname=host) as channel,
    ):
        shown = channel.getpeercert()
    if not shown:
        raise OSError("it shows no certificate")
    return float(ssl.cert_time_to_seconds(str(shown["notAfter"])))


def _metric(text: str, name: str) -> int | None:
    for line in text.splitlines():
        if line.startswith(f"{name} "):
            return int(float(line.split()[1]))
    return None
