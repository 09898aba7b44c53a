"""`yuanya up`: the whole system on this machine."""

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

    The first start prints a password for the account admin. Ctrl-C stops all; the next start goes on with the
    same jobs and runs.

    Example: yuanya up --port 8001
    """
    Embedded(Options(data_dir.resolve(), host, port, etcd_port, metrics_port), out).run()
