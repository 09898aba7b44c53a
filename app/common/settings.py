"""Settings of each role: read once at the edge from `YUANYA_*` variables and `.env`, then handed down frozen.

Each field `some_name` is the variable `YUANYA_SOME_NAME`; lists and mappings are JSON.
"""

import os
import socket
from pathlib import Path
from typing import Annotated, Any, Self, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from app.common.errors import SettingsError

MIN_SECRET = 12  # characters
WEAK_SECRETS = frozenset({"changeme", "changethis", "password", "secret", "admin", "default", "yuanya"})


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
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError(f"unknown time zone {value!r}; use an IANA name such as Asia/Shanghai") from error
    return value


T = TypeVar("T", bound="CommonSettings")
Secret = Annotated[SecretStr, AfterValidator(strong_secret)]
Zone = Annotated[str, AfterValidator(_zone)]


class CommonSettings(BaseSettings):
    """What masters and workers share. All of one cluster must agree on `timezone`."""

    model_config = SettingsConfigDict(
        env_prefix="YUANYA_", env_file=".env", extra="ignore", frozen=True, env_ignore_empty=True
    )

    etcd_endpoints: tuple[str, ...] = Field(
        ("http://127.0.0.1:2379",), min_length=1, description="http:// or https://, tried in this order"
    )
    etcd_ca_cert: Path | None = Field(None, description="CA of etcd's certificate; default: the system's")
    etcd_cert: Path | None = Field(None, description="Client certificate")
    etcd_key: Path | None = Field(None, description="Key of the client certificate")
    etcd_user: str | None = None
    etcd_password: SecretStr | None = None
    etcd_timeout_seconds: float = Field(3, gt=0, le=60, description="Deadline of every call")

    store_url: str = Field(
        "sqlite:///.data/runs.db",
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
            raise ValueError("etcd_user and etcd_password: give both or neither")
        if (self.etcd_cert is None) != (self.etcd_key is None):
            raise ValueError("etcd_cert and etcd_key: give both or neither")
        for endpoint in self.etcd_endpoints:
            if not endpoint.startswith(("http://", "https://")):
                raise ValueError(f"etcd_endpoints: {endpoint!r} must start with http:// or https://")
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
    trusted_proxies: tuple[str, ...] = Field((), description="Addresses whose X-Forwarded-For is believed")
    metrics_token: Secret | None = Field(None, description="Bearer token for /metrics; default: any viewer's")


class WorkerSettings(CommonSettings):
    """One worker: schedules, claims and runs."""

    worker_id: str = Field(
        default_factory=socket.gethostname,
        pattern=r"^[A-Za-z0-9][A-Za-z0-9_.\-]{0,127}$",
        description="Stable and unique in the cluster; default: the host name",
    )
    data_dir: Path = Field(Path(".data/worker"), description="Spool and lock of this worker")
    labels: dict[str, str] = Field(default_factory=dict)
    capacity: int = Field(256, ge=1, le=100_000, description="Runs at the same time")
    executors: int = Field(default_factory=lambda: max(1, min(4, (os.cpu_count() or 1) // 2)), ge=1, le=64)
    lease_ttl_seconds: int = Field(30, ge=5, le=600)
    heartbeat_seconds: float = Field(5, gt=0, le=60)
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

    Raises SettingsError in words for the operator: the variable, and what is wrong with it. Never shows a value.
    """
    given = {name: value for name, value in overrides.items() if value is not None}
    try:
        return role(**given)
    except ValidationError as error:
        lines = []
        for problem in error.errors(include_url=False, include_input=False, include_context=False):
            name = "_".join(str(part) for part in problem["loc"])
            variable = f"YUANYA_{name.upper()}: " if name else ""
            lines.append(variable + problem["msg"].removeprefix("Value error, "))
        raise SettingsError("\n".join(lines)) from error
