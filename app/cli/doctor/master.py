"""What a master needs of this host: the files of the console, and its port."""

from collections.abc import Iterator
from pathlib import Path

from app.cli.doctor.findings import Check, Finding, ok, problem, warning
from app.cli.doctor.ports import Port, state_of
from app.common.settings import MasterSettings


def checks(settings: MasterSettings) -> Iterator[Check]:
    yield Check("console", _console)
    yield Check("master port", lambda: _port(settings))
    yield Check("cookies", lambda: _cookies(settings))


def _console() -> Iterator[Finding]:
    import app.master

    index = Path(app.master.__path__[0]) / "static" / "console" / "index.html"
    if index.is_file():
        yield ok("console", "its files are there")
    else:
        yield warning("console", f"{index} is missing", "make console, or install the wheel, which has it")


def _port(settings: MasterSettings) -> Iterator[Finding]:
    subject, host, port = "master port", settings.host, settings.port
    state = state_of(host, port, "/healthz")
    if state is Port.TAKEN:
        yield problem(subject, f"{host}:{port} is taken by another program", "choose another YUANYA_PORT")
    elif state is Port.CLOSED:
        yield problem(
            subject, f"nothing may listen on {host}:{port} here", "correct YUANYA_HOST or YUANYA_PORT"
        )
    else:
        found = "a master serves there" if state is Port.SERVES else "is free"
        yield ok(subject, f"{host}:{port} {found}")


def _cookies(settings: MasterSettings) -> Iterator[Finding]:
    local = settings.host in ("127.0.0.1", "::1", "localhost")
    if not settings.cookie_secure and not local:
        yield warning(
            "cookies",
            "sessions are sent without TLS too (YUANYA_COOKIE_SECURE=false)",
            "put nginx with TLS before the masters, and leave the setting out",
        )
