"""What a backup holds: which keys of etcd, in which file of the archive, in which form. Pure.

`jobs.json` is a list of jobs as `yuanya job apply` takes them. Every other file is a list of entries, so that
whatever stands in etcd comes back byte for byte: `{"key": ..., "value": ...}` with the value as JSON where it
is JSON in our form, `text` where it is other text, `base64` where it is neither.
"""

import base64
import contextlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from pydantic import ValidationError

from app.common import keys
from app.common.errors import BackupError, ScheduleError
from app.common.etcd import KeyValue
from app.common.models import Job
from app.common.models.job import explain

_NESTED_AT_MOST = 100  # lists and objects in a value that is kept as JSON: its reader has bounds of its own


class Part(StrEnum):
    """What `--only` chooses. SYSTEM is restored with all, or not at all."""

    JOBS = "jobs"
    ACCOUNTS = "accounts"
    SYSTEM = "system"


@dataclass(frozen=True, slots=True)
class Section:
    """One file of the archive: the keys under `prefix`."""

    file: str
    part: Part
    prefix: str


JOBS = Section("jobs.json", Part.JOBS, keys.JOBS)
INVALID_JOBS = Section("invalid-jobs.json", Part.JOBS, keys.JOBS)
USERS = Section("users.json", Part.ACCOUNTS, keys.USERS)
TOKENS = Section("tokens.json", Part.ACCOUNTS, keys.TOKENS)
DRAINS = Section("drains.json", Part.SYSTEM, keys.DRAIN)
SECTIONS = (JOBS, INVALID_JOBS, USERS, TOKENS, DRAINS)


@dataclass(frozen=True, slots=True)
class Entry:
    """One key, and the value it is to have."""

    key: str
    value: bytes


def sections(parts: Sequence[Part]) -> list[Section]:
    """In the order of a restore: a drained worker must not take the first fires of restored jobs."""
    found = [section for section in SECTIONS if section.part in parts]
    return sorted(found, key=lambda section: section is not DRAINS)


def line_of(section: Section, kv: KeyValue, reason: str = "") -> bytes:
    """An item of the section's list, on one line; `reason` says why a job is invalid."""
    if section is JOBS:
        # As it stands in etcd; only line breaks, which somebody put there by hand, would tear the list.
        compact = b"\n" not in kv.value and b"\r" not in kv.value
        return kv.value if compact else _dump(json.loads(kv.value))
    entry: dict[str, Any] = {"key": kv.key}
    if reason:
        entry["reason"] = reason
    return _dump(entry | _value(kv.value))


def entry_of(section: Section, line: bytes, timezone: str) -> Entry:
    """Back from a line. Raises BackupError, with the job's name, for a job that is not valid here."""
    if section is JOBS:
        job = _job(line, timezone)
        return Entry(keys.job(job.name), job.to_json())
    key, content = _key_and_value(_json(line))
    if not key.startswith(section.prefix):
        raise BackupError(f"the key {key!r} does not belong there")
    return Entry(key, content)


def _key_and_value(found: Any) -> tuple[str, bytes]:
    match found:
        case {"key": str(key), **fields}:
            pass
        case _:
            raise BackupError("an entry has no key")
    try:
        key.encode()
        match fields:
            case {"value": value}:
                return key, _dump(value)
            case {"text": str(text)}:
                return key, text.encode()
            case {"base64": str(text)}:
                return key, base64.b64decode(text, validate=True)
    except (ValueError, RecursionError) as error:
        raise BackupError(f"{key!r} or its value cannot be read") from error
    raise BackupError(f"{key!r} has no value")


def _job(line: bytes, timezone: str) -> Job:
    try:
        job = Job.model_validate_json(line, by_alias=True, by_name=False)
        job.schedule(timezone)
    except ValidationError as error:
        found = _json(line)
        name = found.get("name") if isinstance(found, dict) else None
        raise BackupError(f"job {name!r}: {explain(error)}") from error
    except ScheduleError as error:
        raise BackupError(f"job {job.name!r}: {error}") from error
    return job


def _value(value: bytes) -> dict[str, Any]:
    try:
        text = value.decode()
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(value).decode()}
    if text.count("[") + text.count("{") <= _NESTED_AT_MOST:
        with contextlib.suppress(ValueError):
            parsed = json.loads(text)
            if _dump(parsed) == value:
                return {"value": parsed}
    return {"text": text}


def _json(line: bytes) -> Any:
    try:
        return json.loads(line)
    except (ValueError, RecursionError) as error:
        raise BackupError("a line is no JSON") from error


def _dump(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
