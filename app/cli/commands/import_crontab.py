"""`yuanya import-crontab`: jobs from the crontabs of a machine."""

import getpass
import re
import sys
import time
from datetime import datetime
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer
from rich.text import Text

from app.cli import machine, plan
from app.cli.client import Api
from app.cli.commands.options import Url
from app.cli.config import ClientError, resolve
from app.cli.output import cell, err, out
from app.cli.terminal import plain
from app.common.jobfiles import KEPT_ON_SERVER, Found, Options, Source, jobs_of_crontabs
from app.common.refusals import in_words

STDIN = Path("-")
FIRES_SHOWN = 3
_CRON_D_FILE = re.compile(r"[A-Za-z0-9_-]+")  # cron passes over all others, such as backups


def import_crontab(
    files: Annotated[
        list[Path],
        typer.Argument(metavar="FILE...", help="Crontabs or directories of them; - is standard input."),
    ],
    apply: Annotated[
        bool, typer.Option("--apply/--dry-run", help="Write the jobs; without it they are only shown.")
    ] = False,
    replace: Annotated[bool, typer.Option(help="Also overwrite jobs that differ from their line.")] = False,
    system: Annotated[
        bool | None,
        typer.Option(
            "--system-format/--user-format",
            help="With a user column or without; default: with it for /etc/crontab and /etc/cron.d.",
            show_default=False,
        ),
    ] = None,
    prefix: Annotated[str, typer.Option(help="Before each job's name.")] = "",
    group: Annotated[str | None, typer.Option(help="Group of the jobs.")] = None,
    timezone: Annotated[
        str | None,
        typer.Option(help="Zone of lines without CRON_TZ; default: this machine's.", show_default=False),
    ] = None,
    url: Url = None,
) -> None:
    """Read crontabs as cron does, show the jobs they make, and with --apply write them.

    Each line keeps its schedule, command, environment, shell, directory and text for standard input. Lines of
    users other than root and yourself are imported paused, because a worker runs everything as its own user.
    One thing differs: a fire that comes while the run before it is in progress is recorded as skipped (set
    overlap: allow on jobs that may overlap). Exit code 1 if a line had to be left out.

    Example: yuanya import-crontab /etc/crontab /etc/cron.d --apply
    """
    zone = timezone or machine.local_zone()
    options = Options(prefix, group, zone, user=getpass.getuser(), home=machine.home)
    result = jobs_of_crontabs(_sources(files, system), options)
    good = [(source, found, found.job) for source, found in result.found if found.job]
    with Api(resolve(url)) as api:
        changes = plan.survey(api, [job for _, _, job in good], KEPT_ON_SERVER)
        for (source, found, _), change in zip(good, changes, strict=True):
            _preview(source, found, change)
        for note in result.notes:
            out.print(Text(f"note: {plain(note)}", style="yellow"), soft_wrap=True)
        if zone is None:
            out.print(
                "[yellow]note: this machine's time zone has no name: jobs follow the server's[/]",
                soft_wrap=True,
            )
        ready = [change for change in changes if replace or change.action is not plan.Action.CHANGED]
        refused = plan.write(api, ready) if apply else []
    left = [
        f"not imported: {plain(_place(source, found))}: {plain(in_words(found.errors))}"
        for source, found in result.found
        if found.job is None
    ]
    left += [f"refused: {plain(change.job.name)}: {error}" for change, error in refused]
    done = [change for change in changes if change not in [change for change, _ in refused]]
    out.print(plan.summary(done) or "no jobs", end="")
    out.print("." if apply else ". Nothing was written: add --apply to write.")
    if len(ready) < len(changes):
        err.print("[yellow]Changed jobs were left as they are: add --replace to overwrite them.[/]")
    if left:
        raise ClientError("\n".join(left))


def _sources(files: list[Path], system: bool | None) -> list[Source]:
    return [_source(crontab, system) for file in files for crontab in _crontabs(file)]


def _crontabs(file: Path) -> list[Path]:
    path = file if file == STDIN else file.resolve()
    if not path.is_dir():
        return [path]
    return sorted(f for f in path.iterdir() if _CRON_D_FILE.fullmatch(f.name) and f.is_file())


def _source(path: Path, system: bool | None) -> Source:
    try:
        content = sys.stdin.buffer.read() if path == STDIN else path.read_bytes()
    except OSError as error:
        raise ClientError(f"{path}: {error.strerror}") from error
    # A line that is no UTF-8 is refused later, and alone.
    text = content.decode(errors="surrogateescape")
    name = "crontab" if path == STDIN else str(path)
    return Source(name, text, machine.is_system(path) if system is None else system)


def _place(source: str, found: Found) -> str:
    """`file:line`, which editors and terminals know."""
    return f"{source}:{found.where.removeprefix('line ')}"


def _preview(source: str, found: Found, change: plan.Change) -> None:
    job = change.job
    for line in plan.lines(change):
        out.print(line, soft_wrap=True)
    schedule = job.schedule("UTC")
    zone = ZoneInfo(schedule.timezone)
    fires: list[str] = []
    after = int(time.time() * 1000)
    while len(fires) < FIRES_SHOWN and (fire := schedule.next(after)) is not None:
        fires.append(datetime.fromtimestamp(fire / 1000, zone).strftime("%m-%d %H:%M"))
        after = fire
    for label, text in (
        ("line", _place(source, found)),
        ("when", f"{job.cron_expr} ({schedule.describe()}; {schedule.timezone}: {', '.join(fires)})"),
        ("command", job.command),
        *(("note", note) for note in found.notes),
    ):
        style = "yellow" if label == "note" else "dim"
        out.print(Text.assemble("          ", (f"{label:<8}", style), cell(text)), soft_wrap=True)
