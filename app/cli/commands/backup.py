"""`yuanya backup`: jobs, accounts and drains as one file."""

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from app.cli.archive_io import STDIO, bar, etcd_client, output
from app.cli.config import ClientError
from app.cli.output import err
from app.cli.terminal import plain
from app.common.settings import CommonSettings, load

NAMED = 10  # invalid jobs


def backup(
    file: Annotated[
        Path, typer.Argument(help="Archive to write, such as yuanya.tar.gz; - is standard output.")
    ],
) -> None:
    """Write jobs, users, API tokens and drains, as of one moment, to a readable archive.

    It speaks to etcd itself, with the settings of a master (YUANYA_ETCD_..., .env, YUANYA_SECRETS_DIR);
    masters may run or not. The archive is a .tar.gz of JSON files, one job a line as `yuanya job apply` takes
    them. Only its owner may read it, because jobs may hold secrets. Not in it: runs, the audit, sessions, and
    what is running. Invalid jobs are kept as they are, and named.

    Example: yuanya backup /var/backups/yuanya-$(date +%F).tar.gz
    """
    from app.master.backup.take import take

    if str(file) == STDIO and sys.stdout.isatty():
        raise ClientError("The archive is binary: write it to a file, or into a pipe")
    settings = load(CommonSettings)
    with etcd_client(settings) as client, output(file) as target, bar("Reading etcd") as advance:
        done = 0

        def told(now: int, total: int) -> None:
            nonlocal done
            advance(now - done, total)
            done = now

        taken = take(client, target, settings.timezone, told)
    for name, reason in taken.invalid[:NAMED]:
        err.print(
            Text(f"invalid, kept as it is: {plain(name)}: {plain(reason)}", style="yellow"), soft_wrap=True
        )
    if len(taken.invalid) > NAMED:
        err.print(f"[yellow]and {len(taken.invalid) - NAMED} more invalid jobs[/]")
    held = ", ".join(
        f"{facts.items} {name.removesuffix('.json').replace('-', ' ')}"
        for name, facts in taken.manifest.files.items()
    )
    err.print(f"Backup of revision {taken.manifest.revision}: {held}.", soft_wrap=True)
