"""A real nginx with the role's configuration in front of two real masters, under load."""

import json
import os
import re
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.harness.master import ADMIN_PASSWORD, MasterProcess
from tests.harness.poll import wait_until
from tests.harness.services import Etcd, needs
from tests.rollout.nginx import Nginx

FAIL_SECONDS = 1
PATHS = ("/api/v1/jobs?limit=5", "/api/v1/jobs/steady", "/api/v1/runs?limit=5", "/")


class Site:
    """etcd, two masters on one SQLite file, nginx, and an API token."""

    def __init__(self, directory: Path) -> None:
        self.etcd = Etcd(directory / "etcd")
        settings = {
            "store_url": f"sqlite:///{directory / 'runs.db'}",
            "etcd_endpoints": [self.etcd.endpoint],
            "trusted_proxies": ["127.0.0.1"],
        }
        self.masters = [MasterProcess(directory / name, settings) for name in ("one", "two")]
        self.nginx = Nginx(
            directory / "nginx", self.masters, nginx_fail_seconds=FAIL_SECONDS, nginx_answer_seconds=8
        )

    def start(self) -> None:
        for part in (self.etcd, *self.masters, self.nginx):
            part.start()
        with self.nginx.client() as client:
            credentials = {"username": "admin", "password": ADMIN_PASSWORD}
            session = client.post("/api/v1/session", json=credentials)
            # Over plain HTTP a cookie marked as secure would not come back; the masters here do not mark it.
            client.headers["X-CSRF-Token"] = session.json()["csrfToken"]
            token = client.post("/api/v1/tokens", json={"name": "load", "role": "admin"}).json()["token"]
            self.authorization = {"Authorization": f"Bearer {token}"}
        with self.client() as client:
            job = {"name": "steady", "command": "true", "cronExpr": "0 0 1 1 *"}
            assert client.post("/api/v1/jobs", json=job).status_code == 201

    def client(self, **options: object) -> httpx.Client:
        client = self.nginx.client(**options)
        client.headers.update(self.authorization)
        return client

    def stop(self) -> None:
        for part in (self.nginx, *self.masters, self.etcd):
            part.stop()

    def wait_until_asked(self, master: MasterProcess) -> None:
        """nginx gives requests to this master, and it answers them."""
        seen = len(self.nginx.answered_by())
        wait_until(
            lambda: f"{master.port} 200" in self.nginx.answered_by()[seen:], what="requests to this master"
        )


class Load:
    """Requests that are safe to repeat, from several clients; none of them repeats one."""

    def __init__(self, site: Site, clients: int = 3) -> None:
        self.answered = 0
        self.failures: list[str] = []
        self._site, self._over, self._counting = site, threading.Event(), threading.Lock()
        self._threads = [threading.Thread(target=self._ask, args=[number]) for number in range(clients)]

    def _ask(self, number: int) -> None:
        with self._site.client() as client:
            while not self._over.is_set():
                path = PATHS[number % len(PATHS)]
                number += 1
                try:
                    answer = client.get(path)
                    failure = "" if answer.status_code == 200 else f"{answer.status_code} {answer.text[:200]}"
                except httpx.HTTPError as error:
                    failure = repr(error)
                with self._counting:
                    self.answered += not failure
                    if failure:
                        self.failures.append(f"{path}: {failure}")

    def wait_for(self, more: int) -> None:
        """Until so many more requests have been answered."""
        wanted = self.answered + more
        wait_until(lambda: self.answered >= wanted or self.failures, 120, "answers")

    def __enter__(self) -> "Load":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    made = Site(tmp_path_factory.mktemp("site"))
    try:
        made.start()
        yield made
    finally:
        made.stop()


def test_nginx_finds_nothing_wrong_with_the_file(site):
    for file in (site.nginx.rendered, site.nginx.configuration):
        done = subprocess.run([needs("nginx"), "-t", "-c", file], capture_output=True, text=True)
        assert "syntax is ok" in done.stderr
        assert "warn" not in done.stderr.replace('the "user" directive makes sense only', "")


class TestMastersThatGo:
    def test_one_that_is_killed_costs_no_request(self, site):
        victim = site.masters[0]
        with Load(site) as load:
            load.wait_for(30)
            victim.kill()
            load.wait_for(100)
            victim.start()
            site.wait_until_asked(victim)
        assert load.failures == []

    def test_one_that_is_restarted_costs_no_request(self, site):
        for victim in site.masters:
            with Load(site) as load:
                site.wait_until_asked(victim)
                assert victim.process is not None
                victim.process.send_signal(signal.SIGTERM)
                assert victim.process.wait(30) == 0
                load.wait_for(50)
                victim.start()
                site.wait_until_asked(victim)
            assert load.failures == []

    def test_one_that_hangs_delays_requests_but_fails_none(self, site):
        victim = site.masters[0]
        with Load(site) as load:
            site.wait_until_asked(victim)
            os.kill(victim.pid, signal.SIGSTOP)
            try:
                load.wait_for(100)
            finally:
                os.kill(victim.pid, signal.SIGCONT)
            site.wait_until_asked(victim)
        assert load.failures == []
        assert any(line.startswith(f"{victim.port}, ") for line in site.nginx.answered_by())

    def test_a_stop_lets_the_request_in_progress_finish_and_ends_streams(self, site):
        """Straight at the master: through nginx, another would answer instead."""
        victim = site.masters[1]
        assert victim.process is not None
        body = json.dumps({"username": "admin", "password": ADMIN_PASSWORD}).encode()
        head = (
            f"POST /api/v1/session HTTP/1.1\r\nHost: 127.0.0.1:{victim.port}\r\nExpect: 100-continue\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        events = httpx.stream("GET", f"{victim.url}/api/v1/events", headers=site.authorization, timeout=60)
        with events as stream, socket.create_connection(("127.0.0.1", victim.port), timeout=60) as request:
            lines = stream.iter_lines()
            next(lines)
            request.sendall(head.encode())
            assert request.recv(100).startswith(b"HTTP/1.1 100 "), "it works on the request"
            victim.process.send_signal(signal.SIGTERM)
            for _ in lines:  # to its end, which is no error
                pass
            request.sendall(body)
            assert request.recv(100).startswith(b"HTTP/1.1 200 ")
        assert victim.process.wait(30) == 0
        victim.start()

    def test_without_any_the_answer_says_so(self, site):
        for master in site.masters:
            master.kill()
        try:
            with site.client() as client:
                answer = client.get("/api/v1/jobs")
        finally:
            for master in site.masters:
                master.start()
        assert answer.status_code == 503
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert answer.json()["detail"] == "No master answers."
        assert answer.headers["Retry-After"]
        wait_until(site.nginx.answers, what="the masters behind nginx")


class TestWithoutEtcd:
    """Each master answers 503: nginx must not take that for the loss of all masters."""

    def test_the_masters_own_words_come_through_and_the_console_stays(self, site):
        site.etcd.kill()
        try:
            with site.client() as client:
                wait_until(lambda: client.get("/api/v1/jobs/steady").status_code == 503, 60, "the outage")
                for _ in range(5):
                    answer = client.get("/api/v1/jobs/steady")
                    assert answer.status_code == 503
                    assert answer.json()["detail"].startswith("etcd is not available")
                    assert answer.headers["Retry-After"]
                    assert client.get("/").status_code == 200
        finally:
            site.etcd.start()
        wait_until(site.nginx.answers, 60, "the masters behind nginx")

    def test_what_may_not_be_repeated_is_asked_of_one_master_only(self, site):
        seen = len(site.nginx.answered_by())
        job = {"name": "once", "command": "true", "cronExpr": "0 0 1 1 *"}
        site.etcd.kill()
        try:
            with site.client() as client:
                for _ in range(3):
                    assert client.put("/api/v1/jobs/once", json=job).status_code == 503
                    assert client.post("/api/v1/jobs", json=job).status_code == 503
        finally:
            site.etcd.start()
        wait_until(lambda: _refusals(site.nginx.answered_by()[seen:]) == [2, 1] * 3, 30, "the refusals")
        wait_until(site.nginx.answers, 60, "the masters behind nginx")


def _refusals(lines: list[str]) -> list[int]:
    """How often each request was refused, of those that were."""
    counts = [len(re.findall(r"\b503\b", line)) for line in lines]
    return [count for count in counts if count]


def test_events_come_through_at_once(site):
    with site.client() as client, client.stream("GET", "/api/v1/events") as stream:
        assert stream.headers["Content-Type"].startswith("text/event-stream")
        lines = stream.iter_lines()
        next(lines)  # the greeting is small, and is not kept back until there is more
        with site.client() as other:
            job = {"name": "news", "command": "true", "cronExpr": "0 0 1 1 *"}
            assert other.post("/api/v1/jobs", json=job).status_code == 201
        deadline = time.monotonic() + 30
        assert any("news" in line for line in lines if time.monotonic() < deadline)


def test_the_audit_shows_the_client_and_believes_nothing_it_says(site):
    with site.client(local_address="127.0.0.77") as client:
        job = {"name": "from-afar", "command": "true", "cronExpr": "0 0 1 1 *"}
        forged = {
            "X-Forwarded-For": "203.0.113.9",
            "X-Real-IP": "203.0.113.9",
            "Forwarded": "for=203.0.113.9",
        }
        assert client.post("/api/v1/jobs", json=job, headers=forged).status_code == 201
        entries = wait_until(
            lambda: client.get("/api/v1/audit", params={"target": "from-afar"}).json()["items"],
            what="the audit",
        )
    assert [entry["detail"]["address"] for entry in entries] == ["127.0.0.77"]


def test_a_request_that_fails_is_told_by_the_id_of_nginx_not_by_the_clients(site):
    site.etcd.kill()
    try:
        with site.client() as client:

            def failure() -> str | None:
                answer = client.get("/api/v1/jobs/none", headers={"X-Request-Id": "0123-of-the-client"})
                return answer.json().get("requestId") if answer.status_code == 503 else None

            said = wait_until(failure, what="a request that fails")
    finally:
        site.etcd.start()
    assert re.fullmatch("[0-9a-f]{32}", said)
    wait_until(site.nginx.answers, what="the masters behind nginx")


def test_plain_http_only_leads_to_https(site):
    answer = httpx.get(f"{site.nginx.plain}/some/page?x=1", headers={"Host": "evil.example"})
    assert answer.status_code == 301
    assert answer.headers["Location"] == f"{site.nginx.secure}/some/page?x=1"


def test_headers_say_https_only_and_no_version(site):
    with site.client() as client:
        for path in ("/", "/api/v1/jobs", "/nothing"):
            answer = client.get(path)
            assert answer.headers.get_list("Strict-Transport-Security") == ["max-age=31536000"], path
            assert answer.headers["Server"] == "nginx"


def test_metrics_are_not_for_the_outside(site):
    with site.client() as client:
        assert client.get("/metrics").status_code == 404


def test_bodies_are_bounded_as_the_api_bounds_them(site):
    megabyte = "x" * 1024 * 1024
    with site.client() as client:
        said = client.post("/api/v1/jobs", json={"name": megabyte + megabyte[: 512 * 1024]})
        assert said.headers["Content-Type"] == "application/problem+json", "the master's own words"
        assert client.post("/api/v1/jobs", content=3 * megabyte).status_code == 413
        imported = {"text": "# " + 7 * megabyte, "format": "crontab"}
        assert client.post("/api/v1/import", json=imported).status_code not in (413, 502, 503, 504)
        assert client.post("/api/v1/import", content=10 * megabyte).status_code == 413
