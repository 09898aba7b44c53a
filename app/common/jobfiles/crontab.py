"""Reads a crontab as cron does (crontab(5) of Debian's cron 3.0pl1, and what newer crons add). Pure.

Where that page is silent, this does what the daemon does: see `split_percent`.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from app.common.jobfiles.found import TextError

MAX_VARIABLES = 128  # at a time: each job below gets all of them

_BLANK = re.compile(r"\s*(#.*)?")
# NAME=value, "quoted name" = value; blanks around the equal sign do not count.
_ASSIGNMENT = re.compile(r"""\s*(?:"([^"=]*)"|'([^'=]*)'|([^\s="'][^\s=]*))\s*=\s*(.*)""")
_MACRO = re.compile(r"(@\S+)\s+(.*)")
_FIELDS = re.compile(r"(\S+(?:\s+\S+){4})\s+(.*)")
_USER = re.compile(r"(\S+)\s+(.*)")
_UNLOGGED = re.compile(r"^-(?=[\d*@])")  # some crons: do not write this run to the system log

MACROS = frozenset({"@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly"})


@dataclass(frozen=True)
class Entry:
    """One line that runs something. `stdin` is None or text; `environment` is what the lines above it set,
    shared by lines that have the same.
    """

    line: int
    schedule: str
    command: str
    stdin: str | None
    user: str | None
    environment: Mapping[str, str]


@dataclass(frozen=True)
class Problem:
    """A line that cannot be imported, and why."""

    line: int
    text: str
    reason: str


@dataclass
class Crontab:
    entries: list[Entry] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


def parse(text: str, *, system: bool, max_jobs: int | None = None) -> Crontab:
    """`system`: each line names the user behind the schedule, as in /etc/crontab and /etc/cron.d.

    Raises TextError where there are more than `max_jobs` lines besides assignments, or too many variables.
    """
    crontab = Crontab()
    environment: dict[str, str] = {}
    for number, line in _lines(text):
        if assignment := _assignment(line):
            environment = {**environment, assignment[0]: assignment[1]}
            if len(environment) > MAX_VARIABLES:
                raise TextError(f"line {number}: more than {MAX_VARIABLES} variables are set")
            continue
        if len(crontab.entries) + len(crontab.problems) == max_jobs:
            raise TextError(f"line {number}: more than {max_jobs} jobs")
        try:
            crontab.entries.append(_entry(number, line, environment, system))
        except ValueError as error:
            crontab.problems.append(Problem(number, line.strip(), str(error)))
    return crontab


def _lines(text: str) -> Iterator[tuple[int, str]]:
    # Not splitlines(): only a newline ends a line of a crontab.
    for number, line in enumerate(text.removeprefix("\ufeff").split("\n"), start=1):
        line = line.removesuffix("\r")
        if not _BLANK.fullmatch(line):
            yield number, line


def _assignment(line: str) -> tuple[str, str] | None:
    match = _ASSIGNMENT.fullmatch(line)
    if match is None:
        return None
    name = match[1] or match[2] or match[3]
    value = match[4].rstrip()
    if value[:1] in ("'", '"'):
        if len(value) < 2 or value.find(value[0], 1) != len(value) - 1:
            return None
        value = value[1:-1]
    return (name, value) if name else None


def _entry(number: int, line: str, environment: Mapping[str, str], system: bool) -> Entry:
    line = line.lstrip(" \t")
    line = _UNLOGGED.sub("", line)
    if line.startswith("@"):
        schedule, rest = _match(_MACRO, line, "a command is missing").groups()
        if schedule == "@reboot":
            raise ValueError("@reboot cannot be imported: there is no boot to follow in a cluster")
        if schedule not in MACROS:
            raise ValueError(f"{schedule} is not known; cron has {', '.join(sorted(MACROS))}")
    else:
        fields, rest = _match(
            _FIELDS, line, "is neither NAME=value nor five time fields and a command"
        ).groups()
        schedule = " ".join(fields.split())
    user = None
    if system:
        user, rest = _match(_USER, rest, "the user name or the command is missing").groups()
    command, stdin = split_percent(rest)
    if not command.strip():
        raise ValueError("the command is empty")
    return Entry(number, schedule, command, stdin, user, environment)


def _match(pattern: re.Pattern[str], text: str, otherwise: str) -> re.Match[str]:
    if match := pattern.fullmatch(text):
        return match
    raise ValueError(otherwise)


def split_percent(text: str) -> tuple[str, str | None]:
    r"""The command, and what it reads from standard input: the text behind the first `%` that is not escaped.

    Before that `%`, the daemon makes `\%` a percent sign and `\\` one backslash, and leaves every other
    backslash alone. Behind it, `%` is a newline, `\%` a percent sign, every other backslash stays, and the
    text ends with a newline.
    """
    command = []
    at = 0
    while at < len(text) and text[at] != "%":
        escaped = text[at] == "\\" and text[at + 1 : at + 2] in ("%", "\\")
        at += escaped
        command.append(text[at])
        at += 1
    if at == len(text):
        return "".join(command), None
    stdin = re.sub(r"(\\?)%", lambda match: "%" if match[1] else "\n", text[at + 1 :])
    return "".join(command), stdin if not stdin or stdin.endswith("\n") else stdin + "\n"
