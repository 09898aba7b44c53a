"""The client of the commands against servers that refuse, break off, or are away."""

import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from app.cli import patience
from app.cli.client import Api, ApiError, Unreachable
from app.cli.config import Login
from tests.harness.names import known_as
from tests.harness.pki import Pki
from tests.harness.poll import free_port
from tests.harness.tls_front import TlsFront

BREAK = 0  # instead of a status: the connection ends without an answer


class Server(ThreadingHTTPServer):
    """Answers each request with the next of `script`, then with 200; an entry is a status and headers."""

    def __init__(self, port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), Handler)
        self.port = int(self.server_address[1])
        self.script: list[tuple[int, dict[str, str]]] = []
        self.seen: list[str] = []
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()

    def close(self) -> None:
        self.shutdown()
        self.server_close()


class Handler(BaseHTTPRequestHandler):
    server: Server
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.seen.append(self.command)
        status, headers = self.server.script.pop(0) if self.server.script else (200, {})
        if status == BREAK:
            self.connection.shutdown(socket.SHUT_RDWR)
            self.close_connection = True
            return
        body = b'{"detail": "said"}'
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_PUT = do_DELETE = do_PATCH = do_GET

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    yield made
    made.close()


@pytest.fixture
def api(server: Server) -> Iterator[Api]:
    with Api(Login(f"http://127.0.0.1:{server.port}", "")) as made:
        yield made


@pytest.fixture
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(seconds: float) -> None:
        raise AssertionError(f"it pauses for {seconds} s")

    monkeypatch.setattr(patience.time, "sleep", refuse)


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Taken down instead of being waited for."""
    taken: list[float] = []
    monkeypatch.setattr(patience.time, "sleep", taken.append)
    return taken


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_server_that_is_just_being_started_is_waited_for(method):
    port = free_port()
    servers: list[Server] = []
    later = threading.Timer(0.5, lambda: servers.append(Server(port)))
    later.start()
    try:
        with Api(Login(f"http://127.0.0.1:{port}", "")) as api:
            api.send(method, "/jobs")
        assert servers[0].seen == [method]
    finally:
        later.join()
        servers[0].close()


def test_a_server_that_never_comes_is_told_in_words(pauses):
    with Api(Login(f"http://127.0.0.1:{free_port()}", "")) as api, pytest.raises(Unreachable) as told:
        api.send("POST", "/jobs")
    assert "Is the master running?" in str(told.value)
    assert pauses == list(patience.CONNECT_PAUSES)


def test_of_two_addresses_the_one_that_answers_is_used_at_once(server, no_pause):
    with (
        known_as("console.test", ["127.0.0.2", "127.0.0.1"]),
        Api(Login(f"http://console.test:{server.port}", "")) as api,
    ):
        for _ in range(4):
            api.send("POST", "/jobs")
    assert server.seen == ["POST"] * 4


def test_a_certificate_or_a_name_that_will_not_do_is_told_at_once(server, tmp_path, no_pause):
    pki = Pki(tmp_path)
    pki.authority()
    pki.certificate("server")
    front = TlsFront(pki, server.port)
    try:
        for url, words in (
            (f"https://127.0.0.1:{front.port}", "certificate verify failed"),
            ("https://nobody.invalid", "No answer from https://nobody.invalid"),
        ):
            with Api(Login(url, "")) as api, pytest.raises(Unreachable, match=words):
                api.get("/jobs")
    finally:
        front.close()


@pytest.mark.parametrize("method", sorted(patience.REPEATABLE - {"HEAD"}))
def test_what_is_safe_to_repeat_is_repeated_once_when_the_connection_breaks(server, api, method):
    server.script = [(BREAK, {})]
    api.send(method, "/jobs/a")
    assert server.seen == [method] * 2
    server.script = [(BREAK, {}), (BREAK, {})]
    with pytest.raises(Unreachable):
        api.send(method, "/jobs/a")
    assert server.seen == [method] * 4


@pytest.mark.parametrize("method", ["POST", "PATCH"])
@pytest.mark.parametrize("ending", [(BREAK, {}), (503, {"Retry-After": "1"})])
def test_what_may_have_been_done_is_not_repeated(server, api, method, ending, no_pause):
    server.script = [ending]
    with pytest.raises((Unreachable, ApiError)):
        api.send(method, "/jobs")
    assert server.seen == [method]


@pytest.mark.parametrize(
    ("status", "headers", "pause"),
    [
        (503, {"Retry-After": "2"}, 2),
        (502, {}, 1),
        (504, {"Retry-After": "0"}, 0),
        (503, {"Retry-After": "x"}, 1),
    ],
)
def test_a_server_that_is_away_for_a_moment_is_asked_once_more(server, api, status, headers, pause, pauses):
    server.script = [(status, headers)]
    assert api.get("/jobs") == {"detail": "said"}
    assert pauses == [pause]
    server.script = [(status, headers)] * 2
    with pytest.raises(ApiError) as refused:
        api.get("/jobs")
    assert refused.value.status == status
    assert len(server.seen) == 4


@pytest.mark.parametrize(
    "answer", [(503, {}), (503, {"Retry-After": "60"}), (500, {}), (429, {"Retry-After": "1"})]
)
def test_other_answers_are_taken_as_they_are(server, api, answer, no_pause):
    server.script = [answer]
    with pytest.raises(ApiError, match="said"):
        api.get("/jobs")
    assert server.seen == ["GET"]


def test_a_delete_whose_answer_was_lost_has_succeeded_when_there_is_nothing_left(server, api):
    server.script = [(BREAK, {}), (404, {})]
    api.send("DELETE", "/jobs/a")
    server.script = [(404, {})]
    with pytest.raises(ApiError):
        api.send("DELETE", "/jobs/a")


def test_a_write_that_may_be_refused_because_of_itself_says_so(server, api):
    server.script = [(BREAK, {}), (412, {})]
    with pytest.raises(ApiError, match="Or it was this command"):
        api.send("PUT", "/jobs/a", {}, {"If-Match": '"1"'})
    server.script = [(412, {})]
    with pytest.raises(ApiError, match=r"^said$"):
        api.send("PUT", "/jobs/a", {}, {"If-Match": '"1"'})


def test_a_stream_of_a_server_that_is_away_is_one_that_does_not_answer(server, api):
    server.script = [(503, {"Retry-After": "5"}), (404, {})]
    with pytest.raises(Unreachable, match="said"):
        next(api.events("/runs/1/stream"))
    with pytest.raises(ApiError, match="said"):
        next(api.events("/runs/1/stream"))
