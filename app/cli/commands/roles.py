"""`yuanya master` and `yuanya worker`: one role of a cluster."""

import sys
from typing import Annotated

import typer

from app.common import logs
from app.common.errors import SettingsError
from app.common.settings import MasterSettings, WorkerSettings, load


def master(
    host: Annotated[str | None, typer.Option(help="Address to listen on (YUANYA_HOST).")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on (YUANYA_PORT).")] = None,
) -> None:
    """Start one master: the HTTP API and the console. Settings come from YUANYA_* variables and .env.

    Example: YUANYA_ETCD_ENDPOINTS='["http://10.0.0.1:2379"]' yuanya master --host 0.0.0.0
    """
    settings = load(MasterSettings, host=host, port=port)
    logs.configure(settings.log_level, as_json=settings.log_json, process="master")

    from app.master.server import serve

    serve(settings)


def worker(
    worker_id: Annotated[
        str | None, typer.Option("--id", help="Stable and unique in the cluster (YUANYA_WORKER_ID).")
    ] = None,
    capacity: Annotated[int | None, typer.Option(help="Runs at the same time (YUANYA_CAPACITY).")] = None,
    label: Annotated[
        list[str] | None, typer.Option(help="k=v, repeatable: what jobs choose workers by (YUANYA_LABELS).")
    ] = None,
    metrics_port: Annotated[int | None, typer.Option(help="0 for none (YUANYA_METRICS_PORT).")] = None,
) -> None:
    """Start one worker: it schedules, claims and runs. Settings come from YUANYA_* variables and .env.

    Example: yuanya worker --id batch-1 --capacity 64 --label zone=a --label disk=ssd
    """
    settings = load(
        WorkerSettings,
        worker_id=worker_id,
        capacity=capacity,
        labels=assignments("--label", label) if label else None,
        metrics_port=metrics_port,
    )
    logs.configure(settings.log_level, as_json=settings.log_json, process="main", worker=settings.worker_id)

    # The processes of a worker are spawned; without this each would import the whole command line again.
    main = sys.modules["__main__"]
    main.__spec__ = main.__file__ = None

    from app.worker.main import run

    raise SystemExit(run(settings))


def assignments(option: str, values: list[str]) -> dict[str, str]:
    """`["a=1", "b=2"]` as a mapping."""
    found = {}
    for value in values:
        name, equals, content = value.partition("=")
        if not name or not equals:
            raise SettingsError(f"{option} {value}: must look like NAME=VALUE")
        found[name] = content
    return found
