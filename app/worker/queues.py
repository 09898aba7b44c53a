"""Queues between the processes of a worker, which survive the SIGKILL of any of them.

`multiprocessing.Queue` guards its pipe with locks shared by all its users: a process killed while it holds
one blocks the others for ever. Here each producer has a connection of its own to the consumer's socket, so
there is no lock to inherit; the kernel tells each side when the other is gone, and a restarted process is
found again by its name.

Messages travel in lists, pickled. The sockets live in a directory that only the worker's user can enter.
"""

import contextlib
import errno
import logging
import pickle
import select
import socket
import struct
import threading
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

from app.common.metrics.worker import DROPPED, QUEUE_BYTES

log = logging.getLogger(__name__)

READ_BYTES = 256 * 1024
MAX_READ_PER_TURN = 16 * 1024 * 1024  # bytes from one producer before the others get a turn
MAX_OUTBOX = 256 * 1024 * 1024  # bytes that wait for a consumer
RECONNECT_SECONDS = 0.05
_HEADER = struct.Struct("!I")


class Inbox:
    """The consumer's end. Many producers; the messages of each arrive in order, each at most once."""

    def __init__(self, directory: Path, name: str) -> None:
        path = directory / name
        path.unlink(missing_ok=True)
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        self._listener.bind(str(path))
        self._listener.listen(64)
        self._epoll = select.epoll()
        self._epoll.register(self._listener, select.EPOLLIN)
        self._connections: dict[int, tuple[socket.socket, bytearray]] = {}

    def fileno(self) -> int:
        """Readable when `receive` has something to do; for an epoll of the owner's."""
        return self._epoll.fileno()

    def receive(self, timeout: float) -> list[Any]:
        """All messages that are there; waits up to `timeout` seconds for the first."""
        messages: list[Any] = []
        with contextlib.suppress(InterruptedError):
            for fd, _ in self._epoll.poll(max(timeout, 0)):
                if fd == self._listener.fileno():
                    self._accept()
                else:
                    self._read(fd, messages)
        return messages

    def close(self) -> None:
        for connection, _ in self._connections.values():
            connection.close()
        self._listener.close()
        self._epoll.close()

    def _accept(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while True:
                connection, _ = self._listener.accept()
                connection.setblocking(False)
                self._connections[connection.fileno()] = (connection, bytearray())
                self._epoll.register(connection, select.EPOLLIN)

    def _read(self, fd: int, messages: list[Any]) -> None:
        connection, buffer = self._connections[fd]
        total = 0
        try:
            while total < MAX_READ_PER_TURN:
                data = connection.recv(READ_BYTES)
                if not data:
                    raise ConnectionResetError
                buffer += data
                total += len(data)
        except BlockingIOError:
            pass
        except OSError:
            self._epoll.unregister(fd)
            del self._connections[fd]
            connection.close()
        _take_frames(buffer, messages)


def _take_frames(buffer: bytearray, messages: list[Any]) -> None:
    start = 0
    while len(buffer) - start >= _HEADER.size:
        (size,) = _HEADER.unpack_from(buffer, start)
        end = start + _HEADER.size + size
        if len(buffer) < end:
            break
        messages.extend(pickle.loads(memoryview(buffer)[start + _HEADER.size : end]))  # noqa: S301
        start = end
    del buffer[:start]


class Outbox:
    """A producer's end. Never blocks unless asked to; what the consumer cannot take yet waits here.

    While the consumer is down messages wait and the connection is tried again at each `flush`. A consumer
    that died may have taken messages with it: `greeting` is called for every new connection and returns what
    it has to know first. Beyond MAX_OUTBOX a message is dropped and counted in `cron_dropped_records`.
    """

    def __init__(self, directory: Path, name: str, greeting: Callable[[], list[Any]] | None = None) -> None:
        self._path = str(directory / name)
        self._name = name
        self._greeting = greeting
        self._socket: socket.socket | None = None
        self._frames: deque[bytes] = deque()
        self._greeted: bytes | None = None  # the frame of the last greeting
        self._sent = 0  # bytes of the first frame that are on their way
        self._waiting = 0
        self._shown = 0  # of it, by the metric
        self._metric = QUEUE_BYTES.labels(queue=name)
        self._metric.set(0)
        self._dropped = DROPPED.labels(where=f"queue to {name}")
        self._retry_at = 0.0
        self._lock = threading.RLock()

    def send(self, *messages: Any) -> bool:
        """Whether they are on their way or wait here; False if there was no room for them."""
        if not messages:
            return True
        body = pickle.dumps(messages, protocol=pickle.HIGHEST_PROTOCOL)
        with self._lock:
            if self._waiting + len(body) > MAX_OUTBOX:
                self._dropped.inc(len(messages))
                log.error(
                    "A queue is full; messages are dropped.", extra={"action": "drop", "queue": self._name}
                )
                return False
            self._frames.append(_HEADER.pack(len(body)) + body)
            self._waiting += len(body)
            self.flush()
        return True

    def flush(self, block: float = 0) -> bool:
        """Send what can be sent, waiting up to `block` seconds for the consumer; whether nothing is left."""
        deadline = time.monotonic() + block
        while True:
            with self._lock:
                if self._connect():
                    self._write()
                self._show_waiting()
                if not self._frames:
                    return True
                waiting_on = self._socket.fileno() if self._socket else None
            left = deadline - time.monotonic()
            if left <= 0:
                return False
            if waiting_on is None:
                time.sleep(min(left, RECONNECT_SECONDS))
            else:
                _wait_writable(waiting_on, min(left, 0.1))

    def _show_waiting(self) -> None:
        """What is taken at once never shows: setting a metric costs as much as sending a message."""
        if self._waiting != self._shown:
            self._shown = self._waiting
            self._metric.set(self._waiting)

    def connect(self, timeout: float) -> bool:
        """Wait for the consumer, so that its greeting goes out now; whether it came."""
        deadline = time.monotonic() + timeout
        while True:
            with self._lock:
                if self._connect():
                    self._write()
                    return True
            if time.monotonic() > deadline:
                return False
            time.sleep(RECONNECT_SECONDS)

    @property
    def connected(self) -> bool:
        """Whether there was a consumer at the last `send` or `flush`."""
        return self._socket is not None

    def clear(self) -> None:
        """Forget what waits: it was meant for a consumer that is gone."""
        with self._lock:
            self._frames.clear()
            self._waiting = 0
            if self._socket:
                self._disconnect()  # a frame may have been sent in part

    @property
    def idle(self) -> bool:
        return not self._frames

    def close(self) -> None:
        with self._lock:
            if self._socket:
                self._socket.close()
                self._socket = None

    def _connect(self) -> bool:
        if self._socket and self._hung_up():
            self._disconnect()
        if self._socket:
            return True
        if time.monotonic() < self._retry_at:
            return False
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        try:
            connection.connect(self._path)
        except OSError:  # also when the consumer is too busy to accept: it is not waited for
            connection.close()
            self._retry_at = time.monotonic() + RECONNECT_SECONDS
            return False
        self._socket = connection
        self._sent = 0
        if self._greeting:
            self._greet(tuple(self._greeting()))
        return True

    def _greet(self, messages: tuple[Any, ...]) -> None:
        """Put a greeting before all that waits, in place of one that was never sent: what it said is out of
        date by now."""
        if self._frames and self._frames[0] is self._greeted:
            self._waiting -= len(self._frames.popleft()) - _HEADER.size
        body = pickle.dumps(messages, protocol=pickle.HIGHEST_PROTOCOL)
        self._greeted = _HEADER.pack(len(body)) + body
        self._frames.appendleft(self._greeted)
        self._waiting += len(body)

    def _write(self) -> None:
        assert self._socket is not None
        try:
            while self._frames:
                frame = self._frames[0]
                self._sent += self._socket.send(memoryview(frame)[self._sent :])
                if self._sent == len(frame):
                    self._frames.popleft()
                    self._waiting -= len(frame) - _HEADER.size
                    self._sent = 0
        except BlockingIOError:
            pass
        except OSError as error:
            if error.errno not in (errno.EPIPE, errno.ECONNRESET):
                raise
            self._disconnect()

    def _hung_up(self) -> bool:
        """Whether the consumer is gone. It never sends, so anything readable is the end of the connection."""
        assert self._socket is not None
        try:
            self._socket.recv(1)
        except BlockingIOError:
            return False
        except OSError:
            pass
        return True

    def _disconnect(self) -> None:
        assert self._socket is not None
        self._socket.close()
        self._socket = None
        self._retry_at = 0.0


def _wait_writable(fd: int, seconds: float) -> None:
    poll = select.poll()  # select() knows no descriptor beyond 1023
    poll.register(fd, select.POLLOUT)
    poll.poll(seconds * 1000)
