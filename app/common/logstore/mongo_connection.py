"""The connection to MongoDB: its deadlines, and the certificate files that its URL names."""

import contextlib
import logging
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

from bson.codec_options import CodecOptions, DatetimeConversion
from pymongo import MongoClient, ReadPreference, WriteConcern
from pymongo.collection import Collection
from pymongo.database import Database
from pymongo.errors import PyMongoError

from app.common import store_url
from app.common.errors import StoreError, StoreUnavailable
from app.common.file_version import Version, version
from app.common.logstore.mongo_docs import Document
from app.common.logstore.mongo_errors import translated

log = logging.getLogger(__name__)

RETIRED_SECONDS = 60.0  # until a client that was replaced is closed: other threads may be using it

_AUTHORITIES, _REVOKED, _OWN = "tlscafile", "tlscrlfile", "tlscertificatekeyfile"
_OWN_PASSWORD = "tlscertificatekeyfilepassword"  # noqa: S105 - the name of an option


class MongoConnection:
    """Safe to share between threads. Certificates that were renewed are read when the server cannot be used
    with the old ones; where the new files cannot be used, the old contents go on."""

    def __init__(self, url: str, timeout_seconds: float) -> None:
        """Raises StoreError for a URL that is none. Files that cannot be used are told by each `asking`."""
        self._url = url
        self._deadline = max(1, int(timeout_seconds * 1000))  # 0 would mean none
        self._options = store_url.options(url)
        self._lock = threading.Lock()
        self._versions: tuple[Version, ...] = ()
        self._client: MongoClient[Document] | None = None
        self._database: Database[Document] | None = None
        self._retired: list[tuple[MongoClient[Document], threading.Timer]] = []
        with contextlib.suppress(StoreUnavailable):
            self._refresh()

    @contextlib.contextmanager
    def asking(self) -> Iterator[None]:
        """Around each use, for its errors in our words."""
        try:
            with translated():
                yield
        except StoreUnavailable:
            self._refresh()
            raise

    def collection(self, name: str) -> Collection[Document]:
        """Raises StoreUnavailable while certificate files cannot be used, and could not since the start."""
        if self._database is None:
            self._refresh()
        assert self._database is not None
        return self._database[name]

    def command(self, name: str) -> Document:
        """Of the administrator's database."""
        return self.collection("log").database.client.admin.command(name)

    def close(self) -> None:
        with self._lock:
            for client, timer in self._retired:
                timer.cancel()
                client.close()
            if self._client:
                self._client.close()

    def _refresh(self) -> None:
        """Connect anew if the files have changed."""
        with self._lock:
            versions = tuple(version(Path(file)) for file in self._files().values())
            if self._client and versions == self._versions:
                return
            self._versions = versions
            try:
                self._check()
                client = self._connect()
            except StoreUnavailable as error:
                if self._client is None:
                    raise
                log.error(
                    "The new certificate files are not used, the old ones go on: %s",
                    error,
                    extra={"action": "certificate"},
                )
                return
            if self._client:
                self._retire(self._client)
            self._client, self._database = client, self._database_of(client)

    def _files(self) -> dict[str, str]:
        return {name: self._options[name] for name in (_AUTHORITIES, _REVOKED, _OWN) if name in self._options}

    def _check(self) -> None:
        """The driver does not say which file it is, or takes it for an error of the URL."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        for name, file in self._files().items():
            try:
                if name == _OWN:
                    context.load_cert_chain(file, password=lambda: self._options.get(_OWN_PASSWORD, ""))
                else:
                    context.load_verify_locations(file)
            except ssl.SSLError as error:
                reason = (error.reason or "no certificate and key").replace("_", " ").lower()
                raise StoreUnavailable(f"MongoDB: {file} cannot be used: {reason}") from error
            except OSError as error:
                raise StoreUnavailable(f"MongoDB: cannot read {file}: {error.strerror}") from error

    def _connect(self) -> MongoClient[Document]:
        try:
            return MongoClient(
                self._url,
                appname="yuanya-crontab",
                connect=False,
                serverSelectionTimeoutMS=self._deadline,
                connectTimeoutMS=self._deadline,
                socketTimeoutMS=self._deadline,
                waitQueueTimeoutMS=self._deadline,
            )
        except (PyMongoError, ValueError, TypeError):
            # What the driver says may quote parts of the URL, and with them the password.
            raise StoreError("not a valid MongoDB URL; a password in it must be percent-encoded") from None
        except OSError as error:  # a file that is just being written
            raise StoreUnavailable(f"MongoDB: cannot read {error.filename}: {error.strerror}") from None

    def _database_of(self, client: MongoClient[Document]) -> Database[Document]:
        concern = client.write_concern
        if concern.is_server_default:
            concern = WriteConcern("majority", wtimeout=self._deadline, j=True)
        return client.get_default_database(
            "cron",
            codec_options=CodecOptions(datetime_conversion=DatetimeConversion.DATETIME_MS),
            read_preference=ReadPreference.PRIMARY,  # what a batch clashes with must be seen
            write_concern=concern,
        )

    def _retire(self, client: MongoClient[Document]) -> None:
        timer = threading.Timer(RETIRED_SECONDS, client.close)
        timer.daemon = True
        timer.start()
        self._retired = [(old, other) for old, other in self._retired if other.is_alive()]
        self._retired.append((client, timer))
