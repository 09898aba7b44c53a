"""`yuanya workers ...`: see workers, take them out of service and put them back."""

import json
import time
from collections.abc import Callable
from typing import Annotated, Any

import typer

from app.cli.client import Api, ApiError, Unreachable, at
from app.cli.commands.options import AsJson, Url
from app.cli.config import ClientError, resolve
from app.cli.output import err, out, table
from app.cli.terminal import plain

app = typer.Typer(help="See workers, take them out of service and put them back.", no_args_is_help=True)

POLL_SECONDS = 1.0  # workers report a change of state at once, the number of their runs every 5 s

Id = Annotated[str, typer.Argument(metavar="ID", help="Id of the worker.")]


@app.command("list")
def list_workers(as_json: AsJson = False, url: Url = None) -> None:
    """List the live workers. A silent one is registered, but has not been heard of for 15 s.

    Example: yuanya workers list --json
    """
    with Api(resolve(url)) as api:
        workers = api.get("/workers")["items"]
    if as_json:
        typer.echo(json.dumps(workers))
        return
    rows = [
        (
            worker["id"],
            _state(worker),
            worker["host"],
            worker["running"],
            worker["capacity"],
            worker["version"],
            " ".join(f"{name}={value}" for name, value in sorted(worker["labels"].items())),
            worker["reason"],
        )
        for worker in workers
    ]
    headers = ["id", "state", "host", "running", "capacity", "version", "labels", "reason"]
    out.print(table(headers, rows, numbers=("running", "capacity")))


@app.command("drain")
def drain(
    worker_id: Id,
    wait: Annotated[
        float | None, typer.Option(min=0, help="Wait so many seconds until its runs have finished.")
    ] = None,
    url: Url = None,
) -> None:
    """Take a worker out of service: its runs finish, new fires go elsewhere, until `yuanya workers resume`.

    With --wait, exit code 1 when runs are still in progress after that time: they stay as they are, and the
    worker stays drained.

    Example: yuanya workers drain batch-1 --wait 600
    """
    with Api(resolve(url)) as api:
        api.send("POST", at("workers", worker_id, "drain"))
        if wait is not None:
            _wait(api, worker_id, wait, _is_idle)
    out.print(f"{plain(worker_id)} is drained.", soft_wrap=True, markup=False)


@app.command("resume")
def resume(
    worker_id: Id,
    wait: Annotated[
        float | None, typer.Option(min=0, help="Wait so many seconds until it takes runs.")
    ] = None,
    url: Url = None,
) -> None:
    """Put a drained worker back into service.

    With --wait, exit code 1 when it does not take runs after that time, for example because its clock is off.

    Example: yuanya workers resume batch-1 --wait 60
    """
    with Api(resolve(url)) as api:
        api.send("POST", at("workers", worker_id, "resume"))
        if wait is not None:
            _wait(api, worker_id, wait, _is_active)
    out.print(f"{plain(worker_id)} is back in service.", soft_wrap=True, markup=False)


def _state(worker: dict[str, Any]) -> str:
    """As the console shows it: an order to drain counts before the worker has confirmed it."""
    if worker["silent"]:
        return "silent"
    return "draining" if worker["drained"] and worker["state"] == "active" else str(worker["state"])


def _is_idle(worker: dict[str, Any] | None) -> bool:
    """It says itself that it takes nothing: before that, it may claim a fire still. One that is not heard of
    may be cut off, with its runs going on.
    """
    return worker is not None and _state(worker) in ("drained", "suspended") and worker["running"] == 0


def _is_active(worker: dict[str, Any] | None) -> bool:
    return worker is not None and _state(worker) == "active"


def _wait(api: Api, worker_id: str, seconds: float, reached: Callable[[dict[str, Any] | None], bool]) -> None:
    """Says on stderr what it waits for. A master that cannot answer is asked again: it may be restarting."""
    deadline = time.monotonic() + seconds
    said = None
    while True:
        try:
            worker = _find(api, worker_id)
            if reached(worker):
                return
            seen = _describe(worker)
        except Unreachable as error:
            seen = str(error)
        except ApiError as error:
            if error.status < 500:
                raise
            seen = str(error)
        left = deadline - time.monotonic()
        if left <= 0:
            raise ClientError(f"{plain(worker_id)} after {seconds:g} s: {seen}")
        if seen != said:
            err.print(f"{plain(worker_id)}: {seen}", soft_wrap=True, markup=False)
            said = seen
        time.sleep(min(POLL_SECONDS, left))


def _find(api: Api, worker_id: str) -> dict[str, Any] | None:
    return next((worker for worker in api.get("/workers")["items"] if worker["id"] == worker_id), None)


def _describe(worker: dict[str, Any] | None) -> str:
    if worker is None:
        return "not registered"
    reason = f" ({plain(worker['reason'])})" if worker["reason"] else ""
    return f"{_state(worker)}{reason}, {worker['running']} runs in progress"
