"""`yuanya job ...`: see and change jobs, run, kill and follow them."""

import json
import re
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.text import Text

from app.cli import follow, job_files, plan
from app.cli.client import Api, ApiError, at
from app.cli.commands.options import AsJson, Url, Yes
from app.cli.commands.roles import assignments
from app.cli.config import ClientError, resolve
from app.cli.output import cell, err, local_time, out, table
from app.cli.terminal import plain
from app.common.jobfiles import dump_yaml

app = typer.Typer(help="See and change jobs, run, kill and follow them.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="Name of the job.")]

_RUN_ID = re.compile(r"\d{13}-\d+-[0-9a-f]{16}")
_OPEN = ("queued", "running")


@app.command("list")
def list_jobs(
    q: Annotated[
        str | None, typer.Option("-q", help="Part of the name, command, description or a tag.")
    ] = None,
    group: Annotated[str | None, typer.Option(help="Of this group.")] = None,
    tag: Annotated[str | None, typer.Option(help="With this tag.")] = None,
    state: Annotated[str | None, typer.Option(help="enabled, paused, ended or invalid.")] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="At most so many.")] = None,
    as_json: AsJson = False,
    url: Url = None,
) -> None:
    """List jobs.

    Example: yuanya job list -q backup --state paused
    """
    with Api(resolve(url)) as api:
        jobs = list(api.pages("/jobs", limit, q=q, group=group, tag=tag, state=state))
    if as_json:
        typer.echo(json.dumps(jobs))
        return
    rows = [
        (job["name"], job["state"], job["cronExpr"], local_time(job["nextFire"]), *_last(job))
        if job["state"] != "invalid"
        else (job["name"], "invalid", job["reason"], "", "", "")
        for job in jobs
    ]
    out.print(table(["name", "state", "schedule", "next", "last", "last run"], rows))


def _last(job: dict[str, Any]) -> tuple[object, object]:
    last = job["lastRun"] or {}
    return last.get("status"), local_time(last.get("startTime") or last.get("planTime"))


@app.command("show")
def show(name: Name, as_json: AsJson = False, url: Url = None) -> None:
    """Show one job as YAML that `job apply` takes.

    Example: yuanya job show hello > hello.yaml
    """
    with Api(resolve(url)) as api:
        job = api.get(at("jobs", name))
    if as_json:
        typer.echo(json.dumps(job))
        return
    if job["state"] == "invalid":
        raise ClientError(f"{plain(name)} is invalid: {plain(job['reason'])}\n{plain(job['raw'])}")
    text = dump_yaml(plan.settings_of(job))
    with follow.Printer() as printer:
        printer.print(text)
    err.print(
        cell(f"# {job['state']}. {job['scheduleText']}. Next: {local_time(job['nextFire']) or 'never'}."),
        soft_wrap=True,
    )
    if job["lastRun"]:
        status, when = _last(job)
        err.print(cell(f"# Last run: {status}, {when}."), soft_wrap=True)


@app.command("apply")
def apply(
    file: Annotated[
        list[Path], typer.Option("-f", "--file", help="YAML or JSON; - is standard input. Repeatable.")
    ],
    dry_run: Annotated[bool, typer.Option(help="Show what would change, change nothing.")] = False,
    url: Url = None,
) -> None:
    """Make jobs be as the files say: one job, a list, or several documents a file.

    All files are checked before anything is written. A field that a file leaves out gets its default.

    Example: yuanya job apply -f jobs.yaml --dry-run
    """
    jobs = job_files.read(file)
    with Api(resolve(url)) as api:
        changes = plan.survey(api, jobs)
        show_and_write(api, changes, dry_run=dry_run)


def show_and_write(api: Api, changes: list[plan.Change], *, dry_run: bool) -> None:
    """Raises ClientError with a line for each job that the server refused."""
    for change in changes:
        for line in plan.lines(change):
            out.print(line, soft_wrap=True)
    refused = [] if dry_run else plan.write(api, changes)
    done = [change for change in changes if change not in [change for change, _ in refused]]
    out.print(f"{'Dry run, nothing was written: ' if dry_run else ''}{plan.summary(done)}")
    if refused:
        raise ClientError("\n".join(f"{plain(change.job.name)}: {error}" for change, error in refused))


@app.command("delete")
def delete(
    names: Annotated[list[str], typer.Argument(help="Names of the jobs.")], yes: Yes = False, url: Url = None
) -> None:
    """Delete jobs. Their runs stay on record; a run in progress finishes.

    Example: yuanya job delete hello --yes
    """
    _confirm(f"Delete {', '.join(map(plain, names))}?", yes)
    failed = []
    with Api(resolve(url)) as api:
        for name in names:
            try:
                api.send("DELETE", at("jobs", name))
                out.print(Text.assemble("deleted   ", cell(name)), soft_wrap=True)
            except ApiError as error:
                failed.append(f"{plain(name)}: {error}")
    if failed:
        raise ClientError("\n".join(failed))


@app.command("run")
def run(
    name: Name,
    env: Annotated[list[str] | None, typer.Option(help="NAME=VALUE for this run, repeatable.")] = None,
    worker: Annotated[str | None, typer.Option(help="Run it there.")] = None,
    follow_: Annotated[bool, typer.Option("--follow", "-f", help="Show its output until it ends.")] = False,
    url: Url = None,
) -> None:
    """Run a job now, whatever its schedule says. With --follow, exit code 1 unless the run succeeds.

    Example: yuanya job run hello --env DRY_RUN=1 --follow
    """
    body: dict[str, Any] = {"env": assignments("--env", env or [])} | ({"worker": worker} if worker else {})
    with Api(resolve(url)) as api:
        run_id = api.send("POST", at("jobs", name, "run"), body)["runIds"][0]
        if not follow_:
            out.print(run_id, soft_wrap=True)
            return
        err.print(f"run {run_id}", soft_wrap=True)
        _follow_to_the_end(api, run_id)


@app.command("kill")
def kill(name: Name, yes: Yes = False, url: Url = None) -> None:
    """Kill what runs of a job, with everything that it started.

    Example: yuanya job kill hello --yes
    """
    _confirm(f"Kill what runs of {plain(name)}?", yes)
    with Api(resolve(url)) as api:
        killed = api.send("POST", at("jobs", name, "kill"))["runIds"]
    for run_id in killed:
        out.print(f"killing   {run_id}", soft_wrap=True)
    if not killed:
        out.print("Nothing runs.")


@app.command("logs")
def logs(
    target: Annotated[
        str, typer.Argument(metavar="NAME|RUN_ID", help="A job, for its last run, or one run.")
    ],
    follow_: Annotated[bool, typer.Option("--follow", "-f", help="Go on until the run ends.")] = False,
    lines: Annotated[
        int | None, typer.Option("--lines", "-n", min=0, help="Only so many last lines.")
    ] = None,
    url: Url = None,
) -> None:
    """Show the output of a run: raw into a pipe, without control sequences (but colours) on a terminal.

    Of a job it is the last run that has ended; with --follow the latest, and exit code 1 unless it succeeds.

    Example: yuanya job logs hello --follow
    """
    with Api(resolve(url)) as api:
        run_id = target if _RUN_ID.fullmatch(target) else _latest(api, target, ended=not follow_)
        found = api.get(at("runs", run_id))
        if found["status"] in _OPEN:
            if not follow_:
                raise ClientError(
                    f"The run {run_id} has not ended. Add --follow to see its output as it comes"
                )
            _follow_to_the_end(api, run_id)
            return
        with follow.Printer() as printer:
            printer.print(_tail(found["output"], lines))
        follow.print_outcome(found)
        if follow_ and found["status"] != "succeeded":
            raise typer.Exit(1)


def _latest(api: Api, name: str, *, ended: bool) -> str:
    """Its last run; with `ended`, the last one that has ended, if one has."""
    runs = api.get("/runs", job=name, limit=20)["items"]
    # Rows of fires that never started say nothing; take them only where there is nothing else.
    started = [run for run in runs if run["status"] not in ("skipped", "missed")] or runs
    if not started:
        api.get(at("jobs", name))  # says so if there is no such job
        raise ClientError(f"{plain(name)} has not run yet")
    closed = [run for run in started if run["status"] not in _OPEN] if ended else []
    return str((closed or started)[0]["id"])


def _tail(text: str, lines: int | None) -> str:
    return text if lines is None else "".join(text.splitlines(keepends=True)[-lines:] if lines else [])


def _follow_to_the_end(api: Api, run_id: str) -> None:
    ended = follow.follow(api, run_id)
    follow.print_outcome(ended)
    if ended["status"] != "succeeded":
        raise typer.Exit(1)


def _confirm(question: str, yes: bool) -> None:
    if not yes:
        typer.confirm(question, abort=True)
