"""Makes jobs of the lines of crontabs: names that stay the same, and everything that cron gives a command."""

import hashlib
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

from app.common.jobfiles.crontab import Entry, parse
from app.common.jobfiles.found import Found, TextError, checked
from app.common.models.job import MAX_NAME

MAIL = frozenset({"MAILTO", "MAILFROM", "CONTENT_TYPE", "CONTENT_TRANSFER_ENCODING"})
UNSUPPORTED = frozenset({"RANDOM_DELAY", "START_HOURS_RANGE", "CRON_WITHIN"})
POSIX_SHELLS = frozenset({"sh", "bash", "dash", "ash", "ksh", "mksh", "zsh"})
KEPT_ON_SERVER = frozenset({"enabled"})
"""Fields in which a second import does not undo what an operator did since the first."""

_ENV_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_REDIRECTION = re.compile(r"(?<!\d)\d*(?:>>?|<)\s*(?:&\s*)?\S+")
_SEGMENT = re.compile(r"&&|\|\||[;|&{}()]")
_NO_PROGRAM = re.compile(r"(?:then|else|do|fi|done|if|while|!|\[\[?|[A-Za-z_]\w*=\S*)\s*")
_NAMED_AFTER = 4096  # characters of a command
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


def no_home(user: str | None) -> str | None:
    return None


@dataclass(frozen=True)
class Options:
    """`user`: whose crontab it is, None if nobody says. `home`: where cron starts the commands of a user."""

    prefix: str = ""
    group: str | None = None
    timezone: str | None = None
    user: str | None = None
    home: Callable[[str | None], str | None] = no_home


@dataclass
class Crontabs:
    """`found` has each line with the name of its crontab; `notes` are about whole files."""

    found: list[tuple[str, Found]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def jobs_of_crontabs(sources: Iterable[Source], options: Options, *, max_jobs: int | None = None) -> Crontabs:
    """`max_jobs`: of one crontab. Raises TextError."""
    result = Crontabs()
    taken: set[str] = set()
    for source in sources:
        try:
            crontab = parse(source.text, system=source.system, max_jobs=max_jobs)
        except TextError as error:
            raise TextError(f"{source.name}: {error}") from None
        lines = [
            (p.line, Found(f"line {p.line}", "", None, (("", f"{p.reason}: {p.text}"),)))
            for p in crontab.problems
        ]
        for entry in crontab.entries:
            name = _name(source, entry, options.prefix, taken)
            taken.add(name)
            lines.append((entry.line, _found(source, entry, name, options)))
        lines.sort(key=lambda line: line[0])
        result.found += [(source.name, found) for _, found in lines]
        result.notes += _file_notes(source, crontab.entries)
    return result


def _found(source: Source, entry: Entry, name: str, options: Options) -> Found:
    where = f"line {entry.line}"
    try:
        body, notes = _job(source, entry, name, options)
    except ValueError as error:
        return Found(where, name, None, (("command", str(error)),))
    return checked(where, body, tuple(notes))


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
    home = environment.get("HOME") or options.home(entry.user or options.user)
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
    if PurePosixPath(shell).name not in POSIX_SHELLS:
        raise ValueError(f"text behind % for standard input cannot be kept with SHELL={shell}")
    mark = max((found + "_" for found in re.findall("INPUT_*", entry.stdin)), key=len, default="INPUT")
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


def _name(source: Source, entry: Entry, prefix: str, taken: set[str]) -> str:
    """`<file>-<program>`; where that is taken, with a part made from the command, so that the order of other
    lines does not matter. The same on every import, and also when only the schedule of the line has changed.
    """
    base = PurePosixPath(source.name).name
    base = "etc-crontab" if source.name == "/etc/crontab" else _slug(base) or "crontab"
    program = _slug(_program(entry.command[:_NAMED_AFTER]))
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
        if words:
            others = [w for w in words[1:] if not w.startswith("-") and not w[0].isdigit()]
            programs = [PurePosixPath(word).name for word in (words[0], *others)]
            return next((name for name in programs if name not in _RUNS_OTHERS), programs[-1])
    return ""


def _slug(text: str) -> str:
    made = re.sub(r"[^\w.\-]+", "-", text).strip("-.")[:48]
    return made if any(map(str.isalnum, made)) else ""
