"""Which requests the commands repeat, and when: a server of several hosts may lose one at any moment."""

import socket
import ssl
import time
from collections.abc import Callable
from typing import NamedTuple

import httpx

# Seconds between attempts to connect: together longer than systemd takes to start again what died.
CONNECT_PAUSES = (0.2, 0.4, 0.8, 1.6)
# Those of the API that RFC 9110, 9.2.2 calls idempotent.
REPEATABLE = frozenset({"GET", "HEAD", "PUT", "DELETE"})
AWAY = frozenset({502, 503, 504})
BROKEN_PAUSE = 0.2  # seconds, after a connection that broke
MAX_PAUSE = 5  # seconds; whoever asks for more patience gets none


class Heard(NamedTuple):
    """`doubtful`: the request was sent twice, and the first one may have been carried out."""

    answer: httpx.Response
    doubtful: bool = False


def patiently(method: str, send: Callable[[], httpx.Response]) -> Heard:
    """The answer to a request that `send` makes; raises what the last attempt raised.

    Where nothing was sent, because no address of the server takes a connection, any request is tried again,
    for 3 s. What is safe to repeat is repeated once if the connection breaks or the server is away for a
    moment.
    """
    if method not in REPEATABLE:
        return Heard(_connected(send))
    try:
        answer = _connected(send)
    except (httpx.ReadError, httpx.WriteError, httpx.RemoteProtocolError):
        time.sleep(BROKEN_PAUSE)
    else:
        pause = _pause(answer)
        if pause is None:
            return Heard(answer)
        time.sleep(pause)
    return Heard(_connected(send), doubtful=True)


def _connected(send: Callable[[], httpx.Response]) -> httpx.Response:
    for pause in CONNECT_PAUSES:
        try:
            return send()
        except httpx.ConnectError as error:
            if _is_final(error):
                raise
        time.sleep(pause)
    return send()


def _is_final(error: BaseException | None) -> bool:
    """Whether trying again cannot help: the name is unknown, or the certificate is refused."""
    while error is not None:
        if isinstance(error, socket.gaierror):
            return True
        if isinstance(error, ssl.SSLError):
            return not isinstance(error, ssl.SSLEOFError)  # that one: it died in the middle of the handshake
        error = error.__cause__ or error.__context__
    return False


def _pause(answer: httpx.Response) -> float | None:
    """Seconds until it may be worth asking again; None: the answer is one."""
    if answer.status_code not in AWAY:
        return None
    wanted = answer.headers.get("Retry-After", "")
    if answer.status_code == 503 and not wanted:
        return None  # it says what is missing, and not that this will pass
    seconds = int(wanted) if wanted.isascii() and wanted.isdigit() else 1
    return seconds if seconds <= MAX_PAUSE else None
