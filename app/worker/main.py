"""The main process of a worker: the composition root. `run` is what the command line calls."""

import fcntl
import logging
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import app
from app.common.errors import WorkerError
from app.common.logs import configure
from app.common.settings import WorkerSettings
from app.worker.process import set_title

log = logging.getLogger(__name__)


def run(settings: WorkerSettings) -> int:
    """Run a worker until SIGTERM or SIGINT; returns the exit code.

    Raises WorkerError when it cannot start or go on: another worker has its id or its data directory, the
    port of the metrics is taken, one of its processes keeps dying.
    """
    configure(settings.log_level, as_json=settings.log_json, process="main", worker=settings.worker_id)
    set_title("worker")
    with _data_directory(settings.data_dir) as data, _runtime_directory(data) as runtime:
        metrics = runtime / "metrics"
        metrics.mkdir()
        # prometheus_client decides where metrics live when it is imported, in this process and its children:
        # nothing that imports it may come before this line.
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(metrics)
        from app.common.certificates import CertificateExpiry, configured
        from app.common.metrics.shared import BUILD_INFO
        from app.worker.metrics_server import serve_metrics
        from app.worker.supervisor import Supervisor

        BUILD_INFO.labels(app.__version__, "worker").set(1)
        certificates = CertificateExpiry(configured(settings))
        with serve_metrics(settings.metrics_host, settings.metrics_port, certificates):
            return Supervisor(settings, runtime).run()


@contextmanager
def _data_directory(path: Path) -> Iterator[Path]:
    """The directory of this worker, for this worker alone."""
    path.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (path / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise WorkerError(
                f"data directory {path} is in use by another worker; give this one its own: YUANYA_DATA_DIR"
            ) from error
        yield path


@contextmanager
def _runtime_directory(data: Path) -> Iterator[Path]:
    """Sockets and metrics of this life, where only this user gets in. Not below `data`: the path of a socket
    has at most 107 bytes. What an earlier life left behind is removed."""
    link = data / "runtime"
    if link.is_symlink():
        shutil.rmtree(link.readlink(), ignore_errors=True)
        link.unlink()
    path = Path(tempfile.mkdtemp(prefix="yuanya-worker-"))
    link.symlink_to(path)
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)
        link.unlink(missing_ok=True)
