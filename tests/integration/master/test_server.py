"""A master as a process of its own, as `serve` runs it."""

import os
import signal
import socket
import subprocess
import sys
import time

import httpx
import pytest

from tests.harness.poll import free_port, wait_until
from tests.integration.master.conftest import ADMIN_PASSWORD

PROGRAM = """
from app.common.settings import MasterSettings, load
from app.master.server import serve
serve(load(MasterSettings))
"""


def start(etcd, tmp_path, port: int) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-W", "error", "-c", PROGRAM],
        env={
            **os.environ,
            "YUANYA_ETCD_ENDPOINTS": f'["{etcd.endpoint}"]',
            "YUANYA_STORE_URL": f"sqlite:///{tmp_path / 'runs.db'}",
            "YUANYA_ADMIN_PASSWORD": ADMIN_PASSWORD,
            "YUANYA_COOKIE_SECURE": "false",
            "YUANYA_PORT": str(port),
        },
        stderr=subprocess.PIPE,
        text=True,
    )


def ready(url: str) -> bool:
    try:
        return httpx.get(f"{url}/readyz", verify=False).status_code == 200
    except httpx.TransportError:
        return False


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_it_within_5_seconds_even_with_an_open_stream(etcd, tmp_path, number):
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    process = start(etcd, tmp_path, port)
    with httpx.Client(verify=False, base_url=url, timeout=20) as http:
        wait_until(lambda: ready(url))
        http.post("/api/v1/session", json={"username": "admin", "password": ADMIN_PASSWORD})
        with http.stream("GET", "/api/v1/events") as events:
            lines = events.iter_lines()
            assert next(lines) == "event: ready"
            began = time.monotonic()
            process.send_signal(number)
            assert list(lines)[-1] == ""
    _, errors = process.communicate(timeout=10)
    assert time.monotonic() - began < 5
    assert process.returncode == 0, errors
    assert "Traceback" not in errors
    assert ADMIN_PASSWORD not in errors


def test_a_taken_port_is_one_clear_line(etcd, tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        process = start(etcd, tmp_path, taken.getsockname()[1])
        _, errors = process.communicate(timeout=30)
    assert process.returncode != 0
    assert "Traceback" not in errors
    assert [line for line in errors.splitlines() if "address already in use" in line]


def test_a_request_whose_headers_never_end_is_refused_while_they_are_few_enough_to_keep(master):
    with socket.create_connection(("127.0.0.1", master.port), timeout=10) as connection:
        connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n")
        sent, refused = 0, False
        try:
            while sent < 4 * 1024 * 1024 and not refused:
                connection.sendall(b"X-More: " + b"x" * 1000 + b"\r\n")
                sent += 1000
                refused = sent > 128 * 1024 and connection.recv(12) == b"HTTP/1.1 400"
        except ConnectionError:
            refused = True
    assert refused
