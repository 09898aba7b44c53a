"""`yuanya up`: the whole system on this machine."""

import shlex
import shutil
import sys
from pathlib import Path
from typing import Annotated

import typer

from app.cli.output import out
from app.embedded.system import Embedded, Options

Port = typer.Option(min=1, max=65535)


def up(
    data_dir: Annotated[Path, typer.Option(help="Jobs, runs, logs and the password live here.")] = Path(
        ".data"
    ),
    host: Annotated[str, typer.Option(help="Address of the API and console.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port of the API and console.")] = 8000,
    etcd_port: Annotated[int, typer.Option(min=1, max=65535, help="Port of the embedded etcd.")] = 2379,
    metrics_port: Annotated[
        int, typer.Option(min=0, max=65535, help="Port of the worker's metrics; 0 for none.")
    ] = 9101,
) -> None:
    """Start everything on this machine: etcd, one master, one worker, SQLite for the runs.

    Prints a link that opens the console signed in, and at the first start a password for the account admin.
    Ctrl-C stops all; the next start goes on with the same jobs and runs.

    Example: yuanya up --port 8001
    """
    options = Options(data_dir.resolve(), host, port, etcd_port, metrics_port, program(sys.argv[0]))
    Embedded(options, out).run()


def program(started_as: str) -> str:
    """What to type to start this program again from here: `started_as` is its path."""
    path = Path(started_as)
    if path.suffix == ".py":  # python -m
        return shlex.join([sys.executable, "-m", "app.cli.main"])
    found = shutil.which(path.name)
    if found and Path(found).absolute() == path.absolute():
        return path.name
    path = path.absolute()
    return shlex.quote(str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path))
