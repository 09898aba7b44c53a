"""Whether the ports are free, asked before anything is started, so that the answer is one clear line."""

import errno
import socket

from app.common.errors import EmbeddedError


def check(host: str, port: int, purpose: str, option: str) -> None:
    """Raises EmbeddedError that names the option to change unless `host:port` can be listened on."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except socket.gaierror as error:
        raise EmbeddedError(f"--host {host}: not an address of this machine ({error.strerror})") from error
    with socket.socket(family, kind, protocol) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(address)
            probe.listen(1)
        except OSError as error:
            raise EmbeddedError(_explain(error, host, port, purpose, option)) from error


def _explain(error: OSError, host: str, port: int, purpose: str, option: str) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"Port {port} ({purpose}) is taken. Choose another: {option} {port + 1}"
    if error.errno == errno.EACCES:
        return f"Port {port} ({purpose}) needs root. Choose one above 1023: {option} {port % 1000 + 8000}"
    if error.errno == errno.EADDRNOTAVAIL:
        return f"--host {host}: not an address of this machine"
    return f"Cannot listen on {host}:{port} ({purpose}): {error.strerror}"
