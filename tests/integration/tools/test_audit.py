"""`tools/audit` against a service of vulnerabilities on this machine: a finding fails, silence does not."""

import json
import os
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.harness.pki import Pki
from tests.harness.poll import free_port

ROOT = Path(__file__).parents[3]
HASH = f"--hash=sha256:{'0' * 64}"
BAD = {
    "id": "PYSEC-2030-1",
    "summary": "lets strangers in",
    "affected": [
        {
            "package": {"name": "bad", "ecosystem": "PyPI"},
            "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "1.1"}]}],
        }
    ],
}


class Osv(BaseHTTPRequestHandler):
    """Knows one package, `bad`, before version 1.1."""

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        known = {"vulns": [BAD]} if (asked["package"]["name"], asked["version"]) == ("bad", "1.0") else {}
        body = json.dumps(known).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


class Mirror(BaseHTTPRequestHandler):
    """A proxy to a pypi.org that knows nothing about any package, as mirrors of packages are."""

    tls: ssl.SSLContext

    def do_CONNECT(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.connection = self.tls.wrap_socket(self.connection, server_side=True)
        self.rfile, self.wfile = self.connection.makefile("rb"), self.connection.makefile("wb", 0)
        self.close_connection = False

    def do_GET(self) -> None:
        self.send_error(404)

    def finish(self) -> None:
        super().finish()
        self.connection.close()

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def served(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def service() -> Iterator[dict[str, str]]:
    with served(Osv) as address:
        yield osv(address)


@pytest.fixture
def mirror(tmp_path: Path) -> Iterator[dict[str, str]]:
    pki = Pki(tmp_path / "pki")
    pki.authority()
    pki.certificate("pypi", alternative="DNS:pypi.org")
    Mirror.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    Mirror.tls.load_cert_chain(pki.crt("pypi"), pki.key("pypi"))
    with served(Mirror) as address:
        yield {"HTTPS_PROXY": address, "NO_PROXY": "", "REQUESTS_CA_BUNDLE": str(pki.crt("ca"))}


def osv(address: str) -> dict[str, str]:
    return {"PIP_AUDIT_VULNERABILITY_SERVICE": "osv", "PIP_AUDIT_OSV_URL": f"{address}/v1/query"}


def audit(tmp_path: Path, service: dict[str, str], *packages: str) -> subprocess.CompletedProcess[str]:
    lock = tmp_path / "lock.txt"
    lock.write_text("".join(f"{package} {HASH}\n" for package in packages))
    return subprocess.run(
        [sys.executable, str(ROOT / "tools/audit"), str(lock)],
        env=os.environ | service | {"XDG_CACHE_HOME": str(tmp_path / "cache")},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_a_known_vulnerability_fails_and_is_named_with_what_mends_it(
    tmp_path: Path, service: dict[str, str]
) -> None:
    done = audit(tmp_path, service, "good==1.0", "bad==1.0")
    assert done.returncode == 1, done.stderr
    assert "bad 1.0: PYSEC-2030-1, mended in 1.1" in done.stdout
    assert "2 packages, 2 looked up, 1 known vulnerabilities" in done.stdout


def test_mended_versions_pass(tmp_path: Path, service: dict[str, str]) -> None:
    done = audit(tmp_path, service, "good==1.0", "bad==1.1")
    assert done.returncode == 0, done.stderr
    assert "2 packages, 2 looked up, 0 known vulnerabilities" in done.stdout
    assert done.stderr == ""


def test_a_service_that_does_not_answer_fails_nothing_and_is_warned_of(tmp_path: Path) -> None:
    done = audit(tmp_path, osv(f"http://127.0.0.1:{free_port()}"), "good==1.0", "bad==1.0")
    assert done.returncode == 0, done.stderr
    assert "2 packages, 0 looked up" in done.stdout
    assert "WARNING: 2 of 2 packages COULD NOT BE LOOKED UP" in done.stderr
    assert "refused" in done.stderr


def test_what_a_mirror_knows_nothing_about_is_warned_of(tmp_path: Path, mirror: dict[str, str]) -> None:
    done = audit(tmp_path, mirror, "bad==1.0")
    assert done.returncode == 0, done.stderr
    assert "1 packages, 0 looked up" in done.stdout
    assert "WARNING: 1 of 1 packages COULD NOT BE LOOKED UP" in done.stderr
    assert "not found on PyPI and could not be audited: bad (1.0)" in done.stderr


def test_a_lock_that_cannot_be_read_fails(tmp_path: Path, service: dict[str, str]) -> None:
    (tmp_path / "broken").mkdir()
    done = audit(tmp_path / "broken", service, "good @@ nonsense")
    assert done.returncode == 1
    assert "lock.txt: " in done.stderr
