"""The certificate files of a client of etcd: read, checked, and read again once they have changed."""

import logging
import ssl
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from app.common.errors import EtcdUnavailable
from app.common.file_version import Version, version

log = logging.getLogger(__name__)

T = TypeVar("T")

_UNUSABLE = "etcd: certificate files cannot be used"


class Contents(NamedTuple):
    """Of the three files, as gRPC takes them."""

    ca: bytes | None = None
    cert: bytes | None = None
    key: bytes | None = None


class TlsFiles(NamedTuple):
    """Of the authority (None: those that the system trusts), and of this client (None: it shows none)."""

    ca: Path | None = None
    cert: Path | None = None
    key: Path | None = None

    def read(self) -> Contents:
        """Raises EtcdUnavailable, with the name of the file, where one cannot be read, is not what it should
        be, or does not fit the others, as in the middle of a renewal: some such files make gRPC end the whole
        process."""
        contents = Contents(*map(_read, self))
        if contents.ca is not None:
            _check(f"{self.ca} holds no certificate", _certificates, contents.ca)
        if contents.cert is not None and contents.key is not None:
            own = _check(f"{self.cert} holds no certificate", _certified_key, contents.cert)
            key = _check(f"{self.key} holds no key without a password", _public_key, contents.key)
            if own != key:
                raise EtcdUnavailable(f"{_UNUSABLE}: {self.key} is not the key of {self.cert}")
        return contents

    def context(self) -> ssl.SSLContext:
        """For a handshake of our own. Raises OSError (ssl.SSLError is one) for files that cannot be used."""
        context = ssl.create_default_context(cafile=self.ca)
        if self.cert:
            # A key with a password cannot be used; without an answer here OpenSSL would ask at the terminal.
            context.load_cert_chain(self.cert, self.key, password=lambda: b"")
        return context

    def versions(self) -> tuple[Version, ...]:
        """Others once one of the files has changed."""
        return tuple(version(path) if path else None for path in self)


class Credentials:
    """What the files held when they could last be used. Safe to share between threads."""

    def __init__(self, files: TlsFiles) -> None:
        self.files = files
        self._lock = threading.Lock()
        self._versions: tuple[Version, ...] | None = None  # of those that were looked at last
        self._good: Contents | None = None

    def get(self) -> tuple[Contents, tuple[Version, ...]]:
        """With the versions of the files, to be compared with those of later. New files that cannot be used
        are told in the log, and the old contents go on; raises EtcdUnavailable where there are none."""
        with self._lock:
            versions = self.files.versions()  # before they are read: what is written meanwhile shows later
            if self._good is None or versions != self._versions:
                try:
                    self._good = self.files.read()
                except EtcdUnavailable as error:
                    if self._good is None:
                        raise
                    log.error(
                        "The new certificate files are not used, the old ones go on: %s",
                        error,
                        extra={"action": "certificate"},
                    )
                self._versions = versions
            return self._good, versions


def _read(path: Path | None) -> bytes | None:
    try:
        return path.read_bytes() if path else None
    except OSError as error:
        raise EtcdUnavailable(
            f"etcd: cannot read {path}: {error.strerror}; the user of this program must be able to"
        ) from error


def _check(otherwise: str, load: Callable[[bytes], T], pem: bytes) -> T:
    from cryptography.exceptions import UnsupportedAlgorithm

    try:
        return load(pem)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:  # TypeError: it has a password
        raise EtcdUnavailable(f"{_UNUSABLE}: {otherwise}") from error


def _certificates(pem: bytes) -> list[Any]:
    from cryptography import x509  # 5 MB of memory, for those with certificates only

    return x509.load_pem_x509_certificates(pem)


def _certified_key(pem: bytes) -> Any:
    return _certificates(pem)[0].public_key()


def _public_key(pem: bytes) -> Any:
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    return load_pem_private_key(pem, None).public_key()
