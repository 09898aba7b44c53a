"""`tools/audit` against a service of vulnerabilities on this machine: a finding fails, silence does not."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

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


@pytest.fixture
def service() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Osv)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/v1/query"
    server.shutdown()
    thread.join()
    server.server_close()


def audit(tmp_path: Path, service: str, *packages: str) -> subprocess.CompletedProcess[str]:
    lock = tmp_path / "lock.txt"
    lock.write_text("".join(f"{package} {HASH}\n" for package in packages))
    return subprocess.run(
        [sys.executable, str(ROOT / "tools/audit"), str(lock)],
        env=os.environ
        | {
            "PIP_AUDIT_VULNERABILITY_SERVICE": "osv",
            "PIP_AUDIT_OSV_URL": service,
            "XDG_CACHE_HOME": str(tmp_path / "cache"),
        },
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_a_known_vulnerability_fails_and_is_named_with_what_mends_it(tmp_path: Path, service: str) -> None:
    done = audit(tmp_path, service, "good==1.0", "bad==1.0")
    assert done.returncode == 1, done.stderr
    assert "bad 1.0: PYSEC-2030-1, mended in 1.1" in done.stdout
    assert "2 packages, 1 known vulnerabilities" in done.stdout


def test_mended_versions_pass(tmp_path: Path, service: str) -> None:
    done = audit(tmp_path, service, "good==1.0", "bad==1.1")
    assert done.returncode == 0, done.stderr
    assert "2 packages, 0 known vulnerabilities" in done.stdout


def test_a_service_that_does_not_answer_fails_nothing_and_is_said(tmp_path: Path) -> None:
    done = audit(tmp_path, f"http://127.0.0.1:{free_port()}/v1/query", "bad==1.0")
    assert done.returncode == 0, done.stderr
    assert "NOT AUDITED: " in done.stdout


def test_a_lock_that_cannot_be_read_fails(tmp_path: Path, service: str) -> None:
    (tmp_path / "broken").mkdir()
    done = audit(tmp_path / "broken", service, "good @@ nonsense")
    assert done.returncode == 1
    assert "lock.txt: " in done.stderr
