"""The composition root of a master: settings in, a running server out."""

import contextlib
import gc
import logging
import signal
import socket
import sys
from collections.abc import Iterator

import uvicorn
from fastapi import FastAPI

from app.common import logs
from app.common.etcd import EtcdClient
from app.common.logstore import open_store
from app.common.settings import MasterSettings
from app.master.app import create_app

log = logging.getLogger(__name__)

SWITCH_SECONDS = 0.0005  # how long a thread that counts or sorts may keep requests waiting, each time
COLLECT_EVERY = 20_000  # objects; an answer makes thousands that die with it, few of them in a cycle
STOP_SECONDS = 3  # for requests in progress, once event streams have been ended
MAX_CONNECTIONS = 2_000


class MasterServer(uvicorn.Server):
    """Ends event streams first when it stops, and returns from `run` after a signal instead of raising it
    again.
    """

    def __init__(self, app: FastAPI, host: str, port: int) -> None:
        config = uvicorn.Config(
            app,
            host=host,
            port=port,
            log_config=None,
            loop="uvloop",
            http="h11",  # httptools would bound neither the number nor the size of headers
            access_log=False,
            proxy_headers=False,  # the application believes its trusted proxies itself
            server_header=False,
            limit_concurrency=MAX_CONNECTIONS,
            timeout_graceful_shutdown=STOP_SECONDS,
        )
        super().__init__(config)
        self._services = app.state.services

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._services.run_streams.stop()
        self._services.events.stop()
        await super().shutdown(sockets)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        def stop(number: int, frame: object) -> None:
            self.force_exit = self.should_exit  # asked a second time
            self.should_exit = True

        try:
            previous = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
        except ValueError:  # not the main thread: whoever started it stops it
            previous = {}
        try:
            yield
        finally:
            for number, handler in previous.items():
                signal.signal(number, handler)


def serve(settings: MasterSettings) -> None:
    """Run a master until SIGTERM or SIGINT; returns when everything has stopped.

    Raises SystemExit when the address is taken. etcd and the log store may be away at the start.
    """
    logs.configure(settings.log_level, as_json=settings.log_json, process="master")
    sys.setswitchinterval(SWITCH_SECONDS)
    gc.set_threshold(COLLECT_EVERY)
    client = EtcdClient.from_settings(settings)
    store = open_store(settings.store_url, settings.store_timeout_seconds)
    try:
        app = create_app(settings, client, store)
        app.state.services.index.on_change(_keep_out_of_collections)
        server = MasterServer(app, settings.host, settings.port)
        log.info(
            "The master listens on http://%s:%d",
            settings.host,
            settings.port,
            extra={"action": "start"},
        )
        server.run()
    finally:
        store.close()
        client.close()


def _keep_out_of_collections(changed: list[str]) -> None:
    """After a snapshot: jobs live long and hold no cycles, and to walk through all of them would stop every
    request for a tenth of a second.
    """
    if not changed:
        gc.collect()  # what is garbage now would be kept for ever
        gc.freeze()
