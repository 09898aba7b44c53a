"""Makes jobs of the lines of crontabs: names that stay the same, and everything that cron gives a command."""

import contextlib
import getpass
import hashlib
import os
import pwd
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from zoneinfo import available_timezones

from pydantic import ValidationError

from app.cli.crontab import Entry, parse
from app.common.errors import ScheduleError
from app.common.models import Job
from app.common.models.job import MAX_NAME, explain

MAIL = frozenset({"MAILTO", "MAILFROM", "CONTENT_TYPE", "CONTENT_TRANSFER_ENCODING"})
UNSUPPORTED = frozenset({"RANDOM_DELAY", "START_HOURS_RANGE", "CRON_WITHIN"})
POSIX_SHELLS = frozenset({"sh", "bash", "dash", "ash", "ksh", "mksh", "zsh"})
KEPT_ON_SERVER = frozenset({"enabled"})
"""Fields in which a second import does not undo what an operator did since the first."""

_SYSTEM_FILE = re.compile(r"/etc/(crontab|cron\.d/[^/]+)")
_ENV_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_REDIRECTION = re.compile(r"\d*(?:>>?|<)\s*&?\s*\S+")
_SEGMENT = re.compile(r"&&|\|\||[;|&{}()]")
_NO_PROGRAM = re.compile(r"(?:then|else|do|fi|done|if|while|!|\[\[?|[A-Za-z_]\w*=\S*)\s*")
_RUNS_OTHERS = frozenset(
    {
        "bash",
        "chronic",
        "chrt",
        "dash",
        "env",
        "exec",
        "flock",
        "invoke-rc.d",
        "ionice",
        "nice",
        "nohup",
        "perl",
        "php",
    }
    | {"python", "python3", "ruby", "run-parts", "service", "sh", "sudo", "systemd-cat", "time", "timeout"}
)


@dataclass(frozen=True)
class Source:
    """One crontab. `system` is its format, see crontab.parse."""

    name: str
    text: str
    system: bool


@dataclass(frozen=True)
class Options:
    prefix: str = ""
    group: str | None = None
    timezone: str | None = None
    user: str = field(default_factory=getpass.getuser)


@dataclass(frozen=True)
class Imported:
    """One line as a job, with what the operator should know about it."""

    source: str
    entry: Entry
    job: Job
    notes: tuple[str, ...]


@dataclass
class Result:
    jobs: list[Imported] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)  # `file:line: reason`; these lines are left out
    notes: list[str] = field(default_factory=list)  # about whole files


def jobs_of(sources: Iterable[Source], options: Options) -> Result:
    result = Result()
    taken: set[str] = set()
    for source in sources:
        crontab = parse(source.text, system=source.system)
        result.problems += [f"{source.name}:{p.line}: {p.reason}: {p.text}" for p in crontab.problems]
        result.notes += _file_notes(source, crontab.entries)
        for entry in crontab.entries:
            name = _name(source, entry, options.prefix, taken)
            taken.add(name)
            try:
                body, notes = _job(source, entry, name, options)
                job = Job.model_validate(body)
                job.schedule("UTC")
            except ValidationError as error:
                result.problems.append(f"{source.name}:{entry.line}: {explain(error)}")
            except (ScheduleError, ValueError) as error:
                result.problems.append(f"{source.name}:{entry.line}: {error}")
            else:
                result.jobs.append(Imported(source.name, entry, job, tuple(notes)))
    return result


def is_system(path: Path) -> bool:
    """Whether cron expects a user column in this file."""
    return _SYSTEM_FILE.fullmatch(str(path)) is not None


def local_zone() -> str | None:
    """The IANA name of this machine's zone, which is what its cron follows."""
    candidates = [os.environ.get("TZ", "").removeprefix(":")]
    with contextlib.suppress(OSError):
        candidates.append(Path("/etc/timezone").read_text().strip())
    candidates.append(str(Path("/etc/localtime").resolve()).partition("/zoneinfo/")[2])
    known = available_timezones()
    return next((zone for zone in candidates if zone in known), None)


def _job(source: Source, entry: Entry, name: str, options: Options) -> tuple[dict[str, Any], list[str]]:
    notes = []
    description = f"From {source.name}"
    environment = dict(entry.environment)
    shell = environment.pop("SHELL", "/bin/sh")
    zone = environment.pop("CRON_TZ", None) or options.timezone
    body: dict[str, Any] = {
        "name": name,
        "command": _command(entry, shell),
        "cronExpr": entry.schedule,
        "shell": shell,
    }
    if entry.user not in (None, "root", options.user):
        # As another user, perhaps root, it could do what it was kept from: somebody has to look first.
        body["enabled"] = False
        description += f"; user: {entry.user}"
        notes.append(f"imported paused: it would run as the worker's user, not as {entry.user}")
    elif entry.user not in (None, options.user):
        notes.append(f"runs as the worker's user; cron ran it as {entry.user}")
    home = environment.get("HOME") or _home(entry.user or options.user)
    if home:
        body["cwd"] = home
    if env := {k: v for k, v in environment.items() if _carried_over(k)}:
        body["env"] = env
    if zone:
        body["timezone"] = zone
    if options.group:
        body["group"] = options.group
    return body | {"description": description}, notes


def _command(entry: Entry, shell: str) -> str:
    if entry.stdin is None:
        return entry.command
    if Path(shell).name not in POSIX_SHELLS:
        raise ValueError(f"text behind % for standard input cannot be kept with SHELL={shell}")
    mark = "INPUT"
    while mark in entry.stdin:
        mark += "_"
    return f"{{ {entry.command}\n}} <<'{mark}'\n{entry.stdin}{mark}"


def _file_notes(source: Source, entries: Sequence[Entry]) -> list[str]:
    names = {name for entry in entries for name in entry.environment}
    notes = []
    if mail := sorted(names & MAIL):
        notes.append(
            f"{source.name}: {', '.join(mail)} is not used: output is kept with each run, not mailed"
        )
    if others := sorted(n for n in names - MAIL - {"CRON_TZ"} if not _carried_over(n)):
        notes.append(f"{source.name}: {', '.join(others)} is ignored")
    return notes


def _carried_over(name: str) -> bool:
    return (
        name not in MAIL
        and name not in UNSUPPORTED
        and not name.startswith("CRON_")
        and _ENV_NAME.fullmatch(name) is not None
    )


def _home(user: str) -> str | None:
    """None where this machine does not know the user or has no such directory: cron then starts in `/`."""
    try:
        home = pwd.getpwnam(user).pw_dir
    except KeyError:
        return None
    return home if Path(home).is_dir() else None


def _name(source: Source, entry: Entry, prefix: str, taken: set[str]) -> str:
    """`<file>-<program>`; where that is taken, with a part made from the command, so that the order of other
    lines does not matter. The same on every import, and also when only the schedule of the line has changed.
    """
    base = Path(source.name).name
    base = "etc-crontab" if source.name == "/etc/crontab" else _slug(base) or "crontab"
    program = _slug(_program(entry.command))
    name = prefix + (f"{base}-{program}" if program and program != base else base)
    content = f"{entry.command}\0{entry.stdin}".encode(errors="surrogateescape")
    digest = hashlib.blake2b(content, digest_size=3).hexdigest()
    name, number = name[: MAX_NAME - 12], 1
    candidate = name
    while candidate in taken:
        candidate = f"{name}-{digest}" if number == 1 else f"{name}-{digest}-{number}"
        number += 1
    return candidate


def _program(command: str) -> str:
    """What a person would call the line: the program it comes down to, behind all tests and wrappers."""
    for segment in reversed(_SEGMENT.split(_REDIRECTION.sub(" ", command))):
        segment = segment.strip()
        while match := _NO_PROGRAM.match(segment):
            segment = segment[match.end() :]
        words = segment.replace("'", " ").replace('"', " ").split()
        while len(words) > 1 and Path(words[0]).name in _RUNS_OTHERS:
            words = [w for w in words[1:] if not w.startswith("-") and not w[0].isdigit()] or words[:1]
        if words:
            return Path(words[0]).name
    return ""


def _slug(text: str) -> str:
    made = re.sub(r"[^\w.\-]+", "-", text).strip("-.")[:48]
    return made if any(map(str.isalnum, made)) else ""
