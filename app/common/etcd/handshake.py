"""Why etcd cannot be spoken to. gRPC tells only that it could not connect; a plain handshake tells why."""

import contextlib
import socket
import ssl
import threading
import time
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from app.common.errors import EtcdError, EtcdUnavailable

REMEMBERED_SECONDS = 30.0  # so that an outage is not answered with a handshake for each failed call
MAX_SECONDS = 1.0

_DEFAULT_PORT = 2379

# Results of OpenSSL's verification.
_NOT_YET_VALID, _EXPIRED = 9, 10
_UNKNOWN_AUTHORITY = (2, 18, 19, 20, 21)
_OTHER_NAME = (62, 64)


class TlsFiles(NamedTuple):
    """Of the authority (None: those that the system trusts), and of this client (None: it shows none)."""

    ca: Path | None = None
    cert: Path | None = None
    key: Path | None = None

    def read(self) -> tuple[bytes | None, bytes | None, bytes | None]:
        """Raises EtcdError, with the name of the file; EtcdUnavailable where they are no certificates or do
        not fit, as in the middle of a renewal: some such files make gRPC end the whole process."""
        ca, cert, key = (_read(path) for path in self)
        if ca is not None or cert is not None:
            self._fit(ca, cert, key)
        return ca, cert, key

    def _fit(self, ca: bytes | None, cert: bytes | None, key: bytes | None) -> None:
        from cryptography import x509  # 5 MB of memory, for those with certificates only
        from cryptography.hazmat.primitives.serialization import load_pem_private_key

        try:
            if ca is not None:
                x509.load_pem_x509_certificates(ca)
            if cert is None or key is None:
                return
            own = x509.load_pem_x509_certificates(cert)[0].public_key()
            fits = own == load_pem_private_key(key, None).public_key()
        except (ValueError, TypeError) as error:  # no PEM; a key with a password
            names = ", ".join(str(path) for path in self if path)
            raise EtcdUnavailable(
                f"etcd: certificate files cannot be used: one of {names} is none"
            ) from error
        if not fits:
            raise EtcdUnavailable(
                f"etcd: certificate files cannot be used: {self.key} is not the key of {self.cert}"
            )

    def context(self) -> ssl.SSLContext:
        """For a handshake of our own. Raises OSError (ssl.SSLError is one) for files that cannot be used."""
        context = ssl.create_default_context(cafile=self.ca)
        if self.cert:
            # A key with a password cannot be used; without an answer here OpenSSL would ask at the terminal.
            context.load_cert_chain(self.cert, self.key, password=lambda: b"")
        return context

    def stamp(self) -> tuple[tuple[int, int, int] | None, ...]:
        """Differs once one of the files was written again."""
        return tuple(_stamp(path) for path in self)


def address(endpoint: str) -> tuple[str, int]:
    """Host and port of an endpoint."""
    parts = urlsplit(endpoint)
    return parts.hostname or "", parts.port or _DEFAULT_PORT


class Examiner:
    """Finds out what is wrong with TLS at an endpoint, in words for the operator."""

    def __init__(self, files: TlsFiles) -> None:
        self._files = files
        self._lock = threading.Lock()
        self._known: dict[str, tuple[float, str]] = {}

    def trouble(self, endpoint: str, timeout: float) -> str:
        """Empty: nothing that TLS has to do with, or not known within `timeout` seconds."""
        with self._lock:
            asked, known = self._known.get(endpoint, (float("-inf"), ""))
            if timeout <= 0 or time.monotonic() - asked < REMEMBERED_SECONDS:
                return known
            self._known[endpoint] = time.monotonic(), known
        found = self._examine(endpoint, min(timeout, MAX_SECONDS))
        with self._lock:
            self._known[endpoint] = time.monotonic(), found
        return found

    def _examine(self, endpoint: str, timeout: float) -> str:
        host, port = address(endpoint)
        deadline = time.monotonic() + timeout
        try:
            with socket.create_connection((host, port), timeout) as plain:
                plain.settimeout(_left(deadline))
                if endpoint.startswith("https://"):
                    return self._encrypted(plain, host, deadline)
                return "it speaks TLS: use https://" if _speaks_tls(plain) else ""
        except OSError:
            return ""

    def _encrypted(self, plain: socket.socket, host: str, deadline: float) -> str:
        try:
            context = self._files.context()
        except ssl.SSLError as error:
            return f"the certificate files cannot be used: {error.reason or error}"
        context.set_alpn_protocols(["h2"])
        began = False
        try:
            with context.wrap_socket(plain, server_hostname=host) as channel:
                began = True
                channel.settimeout(_left(deadline))
                # With TLS 1.3 a server judges the client's certificate after the handshake. Nothing is sent
                # meanwhile: a server that refuses would reset the connection, and its word would be lost.
                with contextlib.suppress(TimeoutError):
                    channel.recv(1)
        except ssl.SSLCertVerificationError as error:
            return self._distrust(error, host)
        except ssl.SSLError as error:
            return self._refusal(error)
        except ConnectionError:
            return "" if began else "it closes the connection when TLS begins; does it speak TLS?"
        return ""

    def _distrust(self, error: ssl.SSLCertVerificationError, host: str) -> str:
        if error.verify_code in _UNKNOWN_AUTHORITY:
            trusted = self._files.ca or "this host's store of authorities"
            return (
                f"its certificate is not signed by an authority in {trusted} ({error.verify_message}); "
                "name the right one in YUANYA_ETCD_CA_CERT"
            )
        if error.verify_code in _OTHER_NAME:
            return f"its certificate is not for {host}; use a name that it carries, or renew it with this one"
        if error.verify_code in (_NOT_YET_VALID, _EXPIRED):
            return f"its {error.verify_message}; renew it, and check this host's clock"
        return f"its certificate cannot be trusted: {error.verify_message}"

    def _refusal(self, error: ssl.SSLError) -> str:
        reason = error.reason or ""
        if "ALERT" in reason or "CERTIFICATE_REQUIRED" in reason:
            said = reason.lower().replace("_", " ")
            if self._files.cert is None:
                return f"it asks for a certificate ({said}): set YUANYA_ETCD_CERT and YUANYA_ETCD_KEY"
            return (
                f"it refuses the certificate in {self._files.cert} ({said}): it must be valid now, for the "
                "authentication of clients, and signed by an authority that etcd trusts (--trusted-ca-file)"
            )
        if reason in ("WRONG_VERSION_NUMBER", "UNEXPECTED_EOF_WHILE_READING", "RECORD_LAYER_FAILURE"):
            return "it does not speak TLS; is http:// meant?"
        return f"TLS fails: {reason or error}"


def _left(deadline: float) -> float:
    """Seconds, and never 0: a socket would not wait at all then, and say so in words of its own."""
    return max(0.001, deadline - time.monotonic())


def _speaks_tls(plain: socket.socket) -> bool:
    """Whom it is with does not matter here: nothing is said or believed."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    try:
        context.wrap_socket(plain).close()
    except OSError:
        return False
    return True


def _read(path: Path | None) -> bytes | None:
    try:
        return path.read_bytes() if path else None
    except OSError as error:
        raise EtcdError(f"etcd: cannot read {path}: {error.strerror}") from error


def _stamp(path: Path | None) -> tuple[int, int, int] | None:
    try:
        found = path.stat() if path else None
    except OSError:
        return None
    return (found.st_ino, found.st_mtime_ns, found.st_size) if found else None
