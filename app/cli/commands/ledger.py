"""`yuanya ledger`: is every planned fire on record, once?"""

import json
from datetime import datetime
from typing import Annotated

import typer

from app.cli.client import Api
from app.cli.commands.options import AsJson, Url
from app.cli.config import ClientError, resolve
from app.cli.output import err, local_time, out, table

_ALWAYS = ("planned", "ran", "skipped", "missed", "lost", "unaccounted", "duplicated")
_WHERE_ANY = ("running", "pending", "unclaimed")


def ledger(
    job: Annotated[str | None, typer.Option(help="One job only.")] = None,
    from_: Annotated[
        str | None,
        typer.Option("--from", help="Local time such as 2030-01-31T08:00; default: 24 h before --to."),
    ] = None,
    to: Annotated[str | None, typer.Option(help="Default: now.")] = None,
    as_json: AsJson = False,
    url: Url = None,
) -> None:
    """Compare the planned fires of a time with the runs on record.

    Exit code 1 if a fire has no record (unaccounted) or more than one (duplicated).

    Example: yuanya ledger --from 2030-01-31T00:00 --job nightly-backup
    """
    with Api(resolve(url)) as api:
        found = api.get(
            "/ledger", job=job, **{"from": _time("--from", from_)}, to=_time("--to", to), details="true"
        )
    if as_json:
        typer.echo(json.dumps(found))
    else:
        out.print(f"From {local_time(found['from'])} to {local_time(found['to'])}:")
        columns = [*_ALWAYS, *(name for name in _WHERE_ANY if found[name])]
        rows = [[row["name"], *(row[name] for name in columns)] for row in found.get("jobs") or ()]
        rows.append(["all jobs", *(found[name] for name in columns)])
        out.print(table(["job", *columns], rows, numbers=columns))
        if found["inexactJobs"]:
            out.print(
                f"{found['inexactJobs']} jobs were changed in etcd by hand: old schedules are not known."
            )
    if found["unaccounted"] or found["duplicated"]:
        if not as_json:
            err.print(
                f"[red]{found['unaccounted']} fires unaccounted for, {found['duplicated']} duplicated.[/]"
            )
        raise typer.Exit(1)


def _time(option: str, value: str | None) -> str | None:
    if value is None:
        return None
    try:
        return datetime.fromisoformat(value).astimezone().isoformat()
    except ValueError as error:
        raise ClientError(
            f"{option} {value}: must be a time such as 2030-01-31T08:00 or 2030-01-31T08:00:00Z"
        ) from error
