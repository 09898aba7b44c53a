"""Settings of each role: read once at the edge, then handed down frozen.

Each field `some_name` is the variable `YUANYA_SOME_NAME`, or the file `yuanya_some_name` in the directory
that `YUANYA_SECRETS_DIR` names, or a line of `.env`; the first of these that has it wins. Lists and mappings
are JSON.
"""

import ipaddress
import os
import re
import socket
from pathlib import Path
from typing import Annotated, Any, Self, TypeVar
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict
from pydantic_settings import SettingsError as UnreadableError

from app.common import secret_files, store_url
from app.common.errors import ScheduleError, SettingsError
from app.common.schedule.zones import zone

MIN_SECRET = 12  # characters
WEAK_SECRETS = frozenset({"changeme", "changethis", "password", "secret", "admin", "default", "yuanya"})
PREFIX = "YUANYA_"
SECRETS_DIR = "YUANYA_SECRETS_DIR"


def strong_secret(value: SecretStr) -> SecretStr:
    """Refuses a secret that is short, or a well-known default repeated or padded."""
    text = value.get_secret_value()
    if len(text) < MIN_SECRET:
        raise ValueError(f"must have at least {MIN_SECRET} characters")
    core = text.lower().strip("0123456789!.-_ ")
    if core in WEAK_SECRETS or len(set(text)) < 5:
        raise ValueError(
            "is a well-known or trivial secret; choose another, for example: openssl rand -base64 18"
        )
    return value


def _zone(value: str) -> str:
    try:
        zone(value)
    except ScheduleError as error:
        raise ValueError(error.message) from error
    return value


def _endpoint(value: str) -> str:
    if not value.startswith(("http://", "https://")):
        raise ValueError("each must start with http:// or https://")
    try:
        parts = urlsplit(value)
        complete = parts.hostname and parts.port != 0
    except ValueError:
        complete = False
    if not complete or parts.username or parts.path.strip("/") or parts.query:
        raise ValueError("each must be http://HOST:PORT or https://HOST:PORT, and nothing more")
    return value


# Options of MongoDB's URLs that switch off what TLS is for.
_UNSAFE = ("tlsInsecure", "tlsAllowInvalidCertificates", "tlsAllowInvalidHostnames")


def _checks_certificates(url: str) -> str:
    given = store_url.options(url)
    for name in _UNSAFE:
        if given.get(name.lower(), "false").lower() != "false":
            raise ValueError(
                f"{name} lets anyone pose as the store; leave it out, and name the authority: tlsCAFile=PATH"
            )
    return url


def _proxy(value: str) -> str:
    try:
        network = ipaddress.ip_network(value)
    except ValueError:
        network = None
    if network is None or network.prefixlen == 0:
        raise ValueError("each must be an address or a network, such as 10.0.0.5 or 10.0.0.0/28, and not all")
    return value


T = TypeVar("T", bound="CommonSettings")
Secret = Annotated[SecretStr, AfterValidator(strong_secret)]
Zone = Annotated[str, AfterValidator(_zone)]
Endpoint = Annotated[str, AfterValidator(_endpoint)]
StoreUrl = Annotated[str, AfterValidator(_checks_certificates)]
Proxy = Annotated[str, AfterValidator(_proxy)]


class CommonSettings(BaseSettings):
    """What masters and workers share. All of one cluster must agree on `timezone`."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_file=".env",
        extra="ignore",
        frozen=True,
        env_ignore_empty=True,
        hide_input_in_errors=True,
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return init_settings, env_settings, file_secret_settings, dotenv_settings

    etcd_endpoints: tuple[Endpoint, ...] = Field(
        ("http://127.0.0.1:2379",), min_length=1, description="http:// or https://, tried in this order"
    )
    etcd_ca_cert: Path | None = Field(None, description="CA of etcd's certificate; default: the system's")
    etcd_cert: Path | None = Field(None, description="Client certificate")
    etcd_key: Path | None = Field(None, description="Key of the client certificate")
    etcd_user: str | None = None
    etcd_password: SecretStr | None = None
    etcd_timeout_seconds: float = Field(3, gt=0, le=60, description="Deadline of every call")

    store_url: StoreUrl = Field(
        "sqlite:///.data/runs.db",
        repr=False,  # may hold a password
        pattern=r"^(sqlite:///|mongodb://|mongodb\+srv://)",
        description="Where runs are recorded: sqlite:///PATH (one host) or mongodb://HOST/cron",
    )
    store_timeout_seconds: float = Field(5, gt=0, le=120)
    run_retention_days: int = Field(30, ge=1, le=3650)

    timezone: Zone = Field("UTC", description="Of jobs that name none")
    log_level: str = Field("INFO", pattern="^(DEBUG|INFO|WARNING|ERROR)$")
    log_json: bool = False

    @model_validator(mode="after")
    def _etcd_credentials_are_complete(self) -> Self:
        if (self.etcd_user is None) != (self.etcd_password is None):
            raise ValueError("YUANYA_ETCD_USER and YUANYA_ETCD_PASSWORD: give both or neither")
        if (self.etcd_cert is None) != (self.etcd_key is None):
            raise ValueError("YUANYA_ETCD_CERT and YUANYA_ETCD_KEY: give both or neither")
        return self


class MasterSettings(CommonSettings):
    """One master: HTTP API and console."""

    host: str = "127.0.0.1"
    port: int = Field(8000, ge=1, le=65535)
    admin_password: Secret | None = Field(
        None, description="Makes the account `admin` at the first start of a cluster that has no accounts"
    )
    session_hours: float = Field(12, gt=0, le=24 * 30)
    cookie_secure: bool = Field(True, description="Send the session cookie over HTTPS only")
    trusted_proxies: tuple[Proxy, ...] = Field(
        (), description="Addresses, or networks, whose X-Forwarded-For is believed"
    )
    metrics_token: Secret | None = Field(None, description="Bearer token for /metrics; default: any viewer's")


class WorkerSettings(CommonSettings):
    """One worker: schedules, claims and runs."""

    worker_id: str = Field(
        default_factory=socket.gethostname,
        pattern=r"^[A-Za-z0-9][A-Za-z0-9_.\-]{0,127}$",
        description="Stable and unique in the cluster; default: the host name",
    )
    data_dir: Path = Field(Path(".data/worker"), description="Spool and lock of this worker")
    job_secrets_dir: Path | None = Field(
        None, description="Directory of what `secret:NAME` in a job's env stands for, one file a NAME"
    )
    labels: dict[str, str] = Field(default_factory=dict)
    capacity: int = Field(256, ge=1, le=100_000, description="Runs at the same time")
    executors: int = Field(default_factory=lambda: max(1, min(4, os.cpu_count() or 1)), ge=1, le=64)
    lease_ttl_seconds: int = Field(30, ge=5, le=600)
    heartbeat_seconds: float = Field(
        5, gt=0, le=10, description="Between heartbeats; masters call a worker silent after 15 s"
    )
    misfire_grace_seconds: float = Field(
        60, ge=1, le=3600, description="A fire claimed later than this is a misfire"
    )
    stop_timeout_seconds: float = Field(30, ge=0, le=86_400, description="How long a stop lets runs finish")
    resync_seconds: float = Field(300, ge=10, description="Between full comparisons of the mirror with etcd")
    spool_max_bytes: int = Field(2 * 1024**3, ge=1024**2, description="Bound of the spool on disk")
    metrics_host: str = "127.0.0.1"
    metrics_port: int = Field(9101, ge=0, le=65535, description="0: no metrics endpoint")


def load(role: type[T], **overrides: Any) -> T:
    """The settings of one role; `overrides` (from the command line) win, None means not given.

    Raises SettingsError in words for the operator: the variable, and what is wrong with it. Never shows a
    secret.
    """
    given = {name: value for name, value in overrides.items() if value is not None}
    try:
        return role(**given, _secrets_dir=_secrets_dir())
    except ValidationError as error:
        lines: dict[str, str] = {}  # the first of each variable; a bad item also makes its list too short
        for problem in error.errors():
            variable = f"YUANYA_{problem['loc'][0]}: ".upper() if problem["loc"] else ""
            lines.setdefault(variable, variable + problem["msg"].removeprefix("Value error, "))
        raise SettingsError("\n".join(lines.values())) from None
    except UnreadableError as error:
        field = re.search(r'field "(\w+)"', str(error))
        variable = f"YUANYA_{field[1]}: ".upper() if field else ""
        raise SettingsError(
            variable + 'must be JSON: ["http://10.0.0.1:2379"] is a list, {"zone": "a"} a mapping'
        ) from None
    except UnicodeDecodeError:
        raise SettingsError("The file .env is not UTF-8 text.") from None


def _secrets_dir() -> Path | None:
    """The directory with secrets, if one is named. Raises SettingsError unless each of its settings is known,
    and its file fit to hold a secret.
    """
    named = os.environ.get(SECRETS_DIR)
    if not named:
        return None
    directory = Path(named)
    try:
        names = sorted(entry.name for entry in directory.iterdir())
    except OSError as error:
        raise SettingsError(f"{SECRETS_DIR}: {directory}: {error.strerror}") from None
    known = {
        PREFIX + field.upper() for role in (MasterSettings, WorkerSettings) for field in role.model_fields
    }
    for name in names:
        if not name.upper().startswith(PREFIX):
            continue
        if name.upper() not in known:
            raise SettingsError(f"{SECRETS_DIR}: {name} in {directory} is no setting")
        try:
            secret_files.read(directory, name).decode()
        except secret_files.SecretFileError as error:
            raise SettingsError(f"{SECRETS_DIR}: {error}") from None
        except UnicodeDecodeError:
            raise SettingsError(f"{SECRETS_DIR}: {name} in {directory} is not UTF-8 text") from None
    return directory
