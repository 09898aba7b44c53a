"""Why etcd cannot be spoken to. gRPC tells only that it could not connect; a plain handshake tells why."""

import contextlib
import socket
import ssl
import threading
import time
from urllib.parse import urlsplit

from app.common.etcd.tls_files import TlsFiles

REMEMBERED_SECONDS = 30.0  # so that an outage is not answered with a handshake for each failed call
NOTHING_SECONDS = 10.0  # the same where nothing was found: a member that starts may not shake hands yet
MAX_SECONDS = 1.0

_DEFAULT_PORT = 2379

# Results of OpenSSL's verification.
_NOT_YET_VALID, _EXPIRED = 9, 10
_UNKNOWN_AUTHORITY = (2, 18, 19, 20, 21)
_OTHER_NAME = (62, 64)


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
            remembered = REMEMBERED_SECONDS if known else NOTHING_SECONDS
            if timeout <= 0 or time.monotonic() - asked < remembered:
                return known
            self._known[endpoint] = time.monotonic(), known  # one handshake at a time
        found = self._examine(endpoint, min(timeout, MAX_SECONDS))
        with self._lock:
            if found is None:
                self._known.pop(endpoint, None)
            else:
                self._known[endpoint] = time.monotonic(), found
        return found or ""

    def _examine(self, endpoint: str, timeout: float) -> str | None:
        """None: nobody is there to shake hands with, yet."""
        host, port = address(endpoint)
        deadline = time.monotonic() + timeout
        try:
            with socket.create_connection((host, port), timeout) as plain:
                plain.settimeout(_left(deadline))
                if endpoint.startswith("https://"):
                    return self._encrypted(plain, host, deadline)
                return "it speaks TLS: use https://" if _speaks_tls(plain) else ""
        except ConnectionRefusedError:
            return None
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
