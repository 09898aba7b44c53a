"""Whether a port is free, or serves what it should already."""

import socket
from enum import Enum, auto

import httpx

SECONDS = 2.0
_ANY = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - where to ask for what listens everywhere


class Port(Enum):
    FREE = auto()
    SERVES = auto()
    TAKEN = auto()
    CLOSED = auto()


def state_of(host: str, port: int, path: str) -> Port:
    """SERVES: `path` is answered there. TAKEN: something else is. CLOSED: nothing can listen there."""
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
        return Port.FREE
    except PermissionError:
        return Port.CLOSED
    except OSError:
        pass
    asked = _ANY.get(host, host)
    asked = f"[{asked}]" if ":" in asked else asked
    try:
        answer = httpx.get(f"http://{asked}:{port}{path}", timeout=SECONDS, trust_env=False)
    except httpx.ConnectError:
        return Port.CLOSED
    except httpx.HTTPError:
        return Port.TAKEN
    # A master answers 401 to who has no token.
    return Port.SERVES if answer.status_code in (200, 401) else Port.TAKEN
