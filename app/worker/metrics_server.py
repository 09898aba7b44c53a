"""One `/metrics` endpoint for all processes of a worker."""

from collections.abc import Iterator
from contextlib import contextmanager

from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from app.common.errors import WorkerError


@contextmanager
def serve_metrics(host: str, port: int, *others: Collector) -> Iterator[None]:
    """Serve what the processes count, and what `others` collect, until the block ends; port 0: not at all.

    Raises WorkerError when the port is taken.
    """
    if not port:
        yield
        return
    registry = CollectorRegistry()
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    for other in others:
        registry.register(other)
    try:
        server, thread = start_http_server(port, host, registry)
    except OSError as error:
        raise WorkerError(
            f"metrics cannot be served on {host}:{port} ({error.strerror}); "
            "choose another port: YUANYA_METRICS_PORT"
        ) from error
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
