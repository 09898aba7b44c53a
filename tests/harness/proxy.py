"""A TCP proxy that fails as networks do: late, silent in one or both directions, cut, or refusing."""

import contextlib
import queue
import socket
import struct
import threading
import time
from typing import Any

UP = "up"  # from the client to the server
DOWN = "down"

CHUNK = 65_536  # bytes
MAX_ON_THE_WAY = 1_000  # chunks, in one direction of one connection
TICK_SECONDS = 0.01


class Proxy:
    """Forwards 127.0.0.1:`port` to 127.0.0.1:`target`; `delay[UP]` and `delay[DOWN]` are in seconds."""

    def __init__(self, target: int) -> None:
        self._target = target
        self._held: set[str] = set()
        self._dropped: set[str] = set()
        self._refusing = False
        self._closed = False
        self._pairs: list[tuple[socket.socket, socket.socket]] = []
        self._lock = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self.endpoint = f"http://127.0.0.1:{self.port}"
        self.delay = {UP: 0.0, DOWN: 0.0}
        self.connections = 0  # accepted so far
        threading.Thread(target=self._accept, name="proxy", daemon=True).start()

    def hold(self, *directions: str) -> None:
        """A black hole that ends: nothing passes until `heal`, then everything that was sent does."""
        self._held.update(directions or (UP, DOWN))

    def drop(self, *directions: str) -> None:
        """What is sent is lost for ever, and the connection stays open: a reply that never comes."""
        self._dropped.update(directions or (UP, DOWN))

    def refuse(self) -> None:
        """Cut all connections, and new ones at once."""
        self._refusing = True
        self.reset()

    def reset(self) -> None:
        """Cut all connections with RST."""
        with self._lock:
            pairs, self._pairs = self._pairs, []
        for pair in pairs:
            for side in pair:
                _cut(side)

    def heal(self) -> None:
        """End all faults. Connections that lost bytes are cut: they cannot go on."""
        lossy = bool(self._dropped)
        self.delay = {UP: 0.0, DOWN: 0.0}
        self._refusing = False
        self._dropped.clear()
        self._held.clear()
        if lossy:
            self.reset()

    def close(self) -> None:
        self._closed = True
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.reset()

    def _accept(self) -> None:
        while not self._closed:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            try:
                if self._refusing:
                    raise ConnectionRefusedError
                server = socket.create_connection(("127.0.0.1", self._target), timeout=5)
                server.settimeout(None)
            except OSError:
                _cut(client)
                continue
            with self._lock:
                self._pairs.append((client, server))
            for direction, source, sink in ((UP, client, server), (DOWN, server, client)):
                on_the_way: queue.Queue[tuple[float, bytes]] = queue.Queue(MAX_ON_THE_WAY)
                for work, end in ((self._receive, source), (self._deliver, sink)):
                    threading.Thread(target=work, args=(direction, end, on_the_way), daemon=True).start()

    def _receive(self, direction: str, source: socket.socket, on_the_way: Any) -> None:
        data = b"begin"
        while data:
            try:
                data = source.recv(CHUNK)
            except OSError:
                data = b""
            on_the_way.put((time.monotonic() + self.delay[direction], data))

    def _deliver(self, direction: str, sink: socket.socket, on_the_way: Any) -> None:
        """Until the end of what was received, or of the sink."""
        with contextlib.suppress(OSError):
            while True:
                due, data = on_the_way.get()
                time.sleep(max(0.0, due - time.monotonic()))
                while direction in self._held and not self._closed:
                    time.sleep(TICK_SECONDS)
                if not data:
                    break
                if direction not in self._dropped:
                    sink.sendall(data)
        _cut(sink)


def _cut(side: socket.socket) -> None:
    """Close with RST, and wake the thread that reads from it."""
    with contextlib.suppress(OSError):
        side.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        side.shutdown(socket.SHUT_RDWR)
    side.close()
