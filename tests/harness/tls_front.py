"""TLS in front of a server that has none."""

import contextlib
import socket
import ssl
import threading

from tests.harness.pki import Pki


class TlsFront:
    """Takes TLS at 127.0.0.1:`port` with the certificate `server`, and passes on what it hears to `target`.
    With `ask`, clients must show a certificate of the authority `ca`."""

    def __init__(self, pki: Pki, target: int, *, ask: bool = False, port: int = 0) -> None:
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(pki.crt("server"), pki.key("server"))
        if ask:
            self._context.verify_mode = ssl.CERT_REQUIRED
            self._context.load_verify_locations(pki.crt("ca"))
        self._target = target
        self._served: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", port))
        self.port = int(self._listener.getsockname()[1])
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """Also cuts who is connected."""
        for end in (self._listener, *self._served):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                plain, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(plain,), daemon=True).start()

    def _serve(self, plain: socket.socket) -> None:
        with plain, contextlib.suppress(OSError):
            plain.settimeout(10)
            with (
                self._context.wrap_socket(plain, server_side=True) as outside,
                socket.create_connection(("127.0.0.1", self._target), timeout=10) as inside,
            ):
                self._served.append(outside)
                outside.settimeout(None)
                inside.settimeout(None)
                back = threading.Thread(target=_pass_on, args=(inside, outside), daemon=True)
                back.start()
                _pass_on(outside, inside)
                back.join(timeout=10)


def _pass_on(source: socket.socket, sink: socket.socket) -> None:
    """Until either end is closed; then the other is, too."""
    with contextlib.suppress(OSError):
        while data := source.recv(65_536):
            sink.sendall(data)
    for end in (source, sink):
        with contextlib.suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
