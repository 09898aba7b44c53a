"""A job: what to run, when, and what to do when things go wrong.

`{"name", "command", "cronExpr"}` alone is a valid job; every default makes a plain cron job.
"""

import functools
import re
import unicodedata
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any, ClassVar, Self

from pydantic import AfterValidator, BeforeValidator, Field, ValidationError, field_validator, model_validator
from pydantic.alias_generators import to_camel

from app.common import keys, schedule, secret_reference
from app.common.errors import ScheduleError
from app.common.models.base import CamelModel

MAX_NAME = 128  # characters
MAX_COMMAND = 262_144  # bytes; two of them and the rest of a job fit etcd's 1.5 MiB request limit
MAX_ENV_BYTES = 65_536
DAY_SECONDS = 86_400
YEAR_SECONDS = 366 * DAY_SECONDS
MAX_PROBLEMS = 20  # named in one explanation
MAX_PATH = 128  # characters of a field's path in an explanation

_NAME = re.compile(r"[\w.\-]+( +[\w.\-]+)*")
_ENV_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_LABEL = re.compile(r"[A-Za-z0-9]([A-Za-z0-9_.\-/]{0,61}[A-Za-z0-9])?")


class Overlap(StrEnum):
    """What a fire does while the previous run of the same job is in progress."""

    SKIP = "skip"
    ALLOW = "allow"
    QUEUE = "queue"
    REPLACE = "replace"


class Misfire(StrEnum):
    """What happens to fires that nobody claimed in time."""

    SKIP = "skip"
    LATEST = "latest"
    ALL = "all"


class WorkerLoss(StrEnum):
    """What happens to a run whose worker died."""

    FAIL = "fail"
    RERUN = "rerun"


class Isolation(StrEnum):
    """What a worker cut off from etcd does with its own running commands."""

    CONTINUE = "continue"
    KILL = "kill"


def _is_mark(character: str) -> bool:
    """Vowel signs and tone marks: parts of words in many scripts, but no letters by themselves."""
    return unicodedata.category(character) in ("Mn", "Mc")


def _name(value: str) -> str:
    plain = value.isascii()  # most are: without marks, and in normal form
    if not plain:
        value = unicodedata.normalize("NFC", value)
    if not value:
        raise ValueError("must not be empty")
    if len(value) > MAX_NAME:
        raise ValueError(f"must have at most {MAX_NAME} characters, has {len(value)}")
    letters = value if plain else "".join(c for c in value if not _is_mark(c))
    stray_mark = not plain and any(_is_mark(word[0]) for word in value.split())
    if stray_mark or not _NAME.fullmatch(letters) or not letters.strip("._- "):
        raise ValueError(
            "may hold letters and digits of any script, '.', '_', '-' and inner spaces, "
            "and needs at least one letter or digit"
        )
    return value


def _no_nul(value: str) -> str:
    if "\x00" in value:
        raise ValueError("must not contain a NUL character")
    return value


def _time(value: Any) -> Any:
    """Strict mode refuses text for a time; JSON has nothing else. A time without an offset is ambiguous."""
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError as error:
            raise ValueError("must be an ISO 8601 time such as 2030-01-31T08:00:00Z") from error
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise ValueError("needs a time zone offset, such as the Z in 2030-01-31T08:00:00Z")
        try:
            return value.astimezone(UTC)
        except OverflowError as error:
            raise ValueError("must be between the years 1 and 9999 in UTC") from error
    return value


Name = Annotated[str, AfterValidator(_name)]
Text = Annotated[str, AfterValidator(_no_nul)]
Time = Annotated[datetime, BeforeValidator(_time)]
Label = Annotated[str, Field(pattern=f"^{_LABEL.pattern}$")]
LabelValue = Annotated[Text, Field(max_length=256)]


class Retries(CamelModel):
    max: int = Field(0, ge=0, le=100)
    delay_seconds: float = Field(0, ge=0, le=DAY_SECONDS)
    backoff: float = Field(1, ge=1, le=10)
    max_delay_seconds: float = Field(3600, ge=0, le=DAY_SECONDS)
    on_exit_codes: list[Annotated[int, Field(ge=0, le=255)]] = Field(default_factory=list, max_length=256)


class Limits(CamelModel):
    memory_mb: int | None = Field(None, ge=1, le=16_777_216)
    cpu_seconds: int | None = Field(None, ge=1, le=YEAR_SECONDS)
    open_files: int | None = Field(None, ge=3, le=1_048_576)


class Notify(CamelModel):
    channels: list[Name] = Field(default_factory=list, max_length=20)
    on: list[str] = Field(default_factory=list, max_length=10)


# Shared, because they are frozen: pydantic copies a default object for each job, half the time of parsing it.
_NO_RETRIES, _NO_LIMITS, _NO_NOTIFY = Retries(), Limits(), Notify()


class Job(CamelModel):
    """One job. Durations are seconds, sizes bytes; see `docs/architecture.md` for what each field does."""

    name: Name = Field(description="1 to 128 characters; unique; NFC")
    command: Text = Field(min_length=1, description="Shell command")
    cron_expr: str = Field(
        min_length=1, max_length=1024, description="5, 6 or 7 fields, @macro or @every 30s"
    )

    enabled: bool = Field(True, description="A paused job fires nothing; its fires do not count as missed")
    description: Text = Field("", max_length=4096)
    group: Name | None = None
    tags: list[Name] = Field(default_factory=list, max_length=32)
    timezone: str | None = Field(None, max_length=64, description="IANA name; default: the server's setting")
    starts_at: Time | None = Field(None, description="No fire before this time")
    ends_at: Time | None = Field(None, description="No fire after this time")
    jitter_seconds: int = Field(0, ge=0, le=DAY_SECONDS)

    overlap: Overlap = Field(Overlap.SKIP, strict=False)
    misfire: Misfire = Field(Misfire.SKIP, strict=False)
    misfire_window_seconds: int = Field(
        DAY_SECONDS, ge=1, le=YEAR_SECONDS, description="How old a missed fire may be to be caught up"
    )
    timeout_seconds: float | None = Field(None, gt=0, le=YEAR_SECONDS, description="Default: no limit")
    kill_grace_seconds: float = Field(5, ge=0, le=3600, description="Between SIGTERM and SIGKILL")
    retries: Retries = Field(default_factory=lambda: _NO_RETRIES)
    on_worker_loss: WorkerLoss = Field(WorkerLoss.FAIL, strict=False)
    on_isolation: Isolation = Field(Isolation.CONTINUE, strict=False)
    worker_labels: dict[Label, LabelValue] = Field(
        default_factory=dict, max_length=16, description="A worker needs all of them to run the job"
    )
    broadcast: bool = False

    shell: Annotated[str, AfterValidator(_no_nul)] = Field("/bin/bash", pattern=r"^/", max_length=4096)
    cwd: Annotated[str, AfterValidator(_no_nul)] | None = Field(None, pattern=r"^/", max_length=4096)
    env: dict[str, Text] = Field(default_factory=dict, max_length=256)
    user: str | None = Field(None, max_length=64)
    limits: Limits = Field(default_factory=lambda: _NO_LIMITS)
    output_limit_bytes: int = Field(262_144, ge=1024, le=8_388_608)
    on_success: list[Name] = Field(default_factory=list, max_length=32)
    on_failure: list[Name] = Field(default_factory=list, max_length=32)
    notify: Notify = Field(default_factory=lambda: _NO_NOTIFY)

    metrics: bool = Field(False, description="Whether it gets Prometheus series of its own")
    success_within_seconds: int | None = Field(
        None,
        ge=1,
        le=YEAR_SECONDS,
        description="How long it may go without a success before metrics call it overdue; implies `metrics`",
    )

    NOT_YET: ClassVar[dict[str, Any]] = {
        "jitter_seconds": 0,
        "retries": _NO_RETRIES,
        "broadcast": False,
        "user": None,
        "limits": _NO_LIMITS,
        "on_success": [],
        "on_failure": [],
        "notify": _NO_NOTIFY,
    }
    """Fields that are part of the model but do nothing yet, with the only value they accept."""

    WHEN: ClassVar[tuple[str, ...]] = ("cron_expr", "timezone", "starts_at", "ends_at", "enabled")
    """Fields that decide when it fires."""

    CHOICES_NOT_YET: ClassVar[dict[str, tuple[StrEnum, ...]]] = {
        "overlap": (Overlap.QUEUE, Overlap.REPLACE),
        "misfire": (Misfire.ALL,),
    }
    """Choices of the model that nothing acts on yet: they are refused."""

    @classmethod
    def not_yet(cls) -> list[str]:
        """All that is refused as not supported yet, in JSON names: `retries`, `overlap.queue`."""
        choices = [f"{field}.{each.value}" for field, some in cls.CHOICES_NOT_YET.items() for each in some]
        return [*map(to_camel, cls.NOT_YET), *choices]

    @field_validator(*NOT_YET)
    @classmethod
    def _refuse_unsupported(cls, value: Any, info: Any) -> Any:
        if value != cls.NOT_YET[info.field_name]:
            raise ValueError("not supported yet")
        return value

    @field_validator(*CHOICES_NOT_YET)
    @classmethod
    def _refuse_unsupported_choice(cls, value: Any, info: Any) -> Any:
        if value in cls.CHOICES_NOT_YET[info.field_name]:
            raise ValueError(f"{value.value} is not supported yet")
        return value

    @field_validator("command")
    @classmethod
    def _command(cls, value: str) -> str:
        if not value.strip():
            raise ValueError("must not be empty")
        size = len(value.encode())
        if size > MAX_COMMAND:
            raise ValueError(f"must have at most {MAX_COMMAND} bytes, has {size}; put it into a script")
        return value

    @field_validator("env")
    @classmethod
    def _env(cls, value: dict[str, str]) -> dict[str, str]:
        for name in value:
            if not _ENV_NAME.fullmatch(name):
                raise ValueError(f"{name!r} is not the name of an environment variable")
            if name.startswith("CRON_"):
                raise ValueError(f"{name!r} starts with CRON_, and such names are set by the scheduler")
            try:
                secret_reference.name_in(value[name])
            except ValueError as error:
                raise ValueError(f"{name!r}: {error}") from None
        if sum(len(k) + len(v.encode()) for k, v in value.items()) > MAX_ENV_BYTES:
            raise ValueError(f"must have at most {MAX_ENV_BYTES} bytes in all")
        return value

    @model_validator(mode="after")
    def _ends_after_start(self) -> Self:
        if self.starts_at and self.ends_at and self.ends_at <= self.starts_at:
            raise ValueError("endsAt: must be later than startsAt")
        return self

    def schedule(self, default_timezone: str) -> schedule.Schedule:
        """The job's schedule, bounded by startsAt and endsAt.

        Raises ScheduleError, which names `cronExpr` or `timezone`.
        """
        return schedule.parse(
            self.cron_expr,
            self.timezone or default_timezone,
            name=self.name,
            starts_at_ms=_ms(self.starts_at),
            ends_at_ms=_ms(self.ends_at),
        )

    @property
    def measured(self) -> bool:
        """Whether it gets series of its own: for that, either of the two fields will do."""
        return self.metrics or self.success_within_seconds is not None

    def same_schedule(self, other: "Job") -> bool:
        """Whether both fire at the same times. A change of any of these moves the cursor to now."""
        return all(getattr(self, field) == getattr(other, field) for field in self.WHEN)


@dataclass(frozen=True, slots=True)
class InvalidJob:
    """What stands under `/cron/jobs/` and is not a job. It fires nothing and harms no other job."""

    name: str
    reason: str
    raw: bytes


def parse_job(key: str, value: bytes, default_timezone: str) -> Job | InvalidJob:
    """The job stored under `key`; never raises, whatever somebody put there by hand."""
    parsed = parse_with_schedule(key, value, default_timezone)
    return parsed if isinstance(parsed, InvalidJob) else parsed[0]


def parse_with_schedule(
    key: str, value: bytes, default_timezone: str
) -> tuple[Job, schedule.Schedule] | InvalidJob:
    """The same, with the job's schedule, which has to be made to know whether the job is valid."""
    name = key.removeprefix(keys.JOBS)
    try:
        job = Job.model_validate_json(value, by_alias=True, by_name=False)
        fires = job.schedule(default_timezone)
    except ValidationError as error:
        return InvalidJob(name, explain(error), value)
    except ScheduleError as error:
        return InvalidJob(name, str(error), value)
    if job.name != name:
        return InvalidJob(name, f"name: is {job.name!r}, but the key says {name!r}", value)
    return job, fires


def explain(error: ValidationError) -> str:
    """All problems in one line: `field: message; field: message`. A great many are cut short."""
    errors = error.errors(include_url=False, include_input=False)
    problems = ((field_path(e["loc"]), message_of(e["msg"])) for e in errors[:MAX_PROBLEMS])
    lines = [f"{field}: {message}" if field else message for field, message in problems]
    if len(errors) > MAX_PROBLEMS:
        lines.append(f"and {len(errors) - MAX_PROBLEMS} more")
    return "; ".join(lines)


def field_path(location: tuple[int | str, ...]) -> str:
    """`("limits", "memoryMb")` as `limits.memoryMb`, with JSON names.

    Unknown names are whatever somebody sent: control characters are escaped and long ones cut.
    """
    path = ".".join(str(part) for part in location)
    shown = "".join(c if c.isprintable() else repr(c)[1:-1] for c in path[:MAX_PATH])
    return shown + "..." * (len(path) > MAX_PATH)


def message_of(message: str) -> str:
    """Pydantic's message without the name of the exception that carried it."""
    return message.removeprefix("Value error, ")


@functools.lru_cache(maxsize=4096)
def _ms_of(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


def _ms(moment: datetime | None) -> int | None:
    return None if moment is None else _ms_of(moment)
