"""etcd or the log store away: answers in time that say what is wrong, and recovery without help."""

import signal
import threading
import time

import httpx
import pytest

from app.common import keys
from app.common.errors import EtcdUnavailable, StoreUnavailable
from tests.harness.poll import wait_until
from tests.integration.master.conftest import Master

JOB = {"name": "outage", "command": "true", "cronExpr": "@yearly"}


@pytest.fixture
def master(etcd, tmp_path):
    master = Master(etcd, f"sqlite:///{tmp_path / 'runs.db'}").start()
    yield master
    master.stop()


def test_a_paused_etcd_gives_503_within_the_deadline_and_comes_back(master, etcd, sign_in):
    api = sign_in(master)
    api.post("/jobs", JOB)
    etcd.signal(signal.SIGSTOP)
    try:
        for method, path in (
            ("GET", "/jobs"),
            ("GET", "/jobs/outage"),
            ("POST", "/jobs"),
            ("GET", "/session"),
        ):
            began = time.monotonic()
            answer = api(method, path, JOB if method == "POST" else None)
            assert (answer.status_code, "etcd" in answer.json()["detail"]) == (503, True)
            assert int(answer.headers["Retry-After"]) > 0
            assert time.monotonic() - began < 2 * master.settings.etcd_timeout_seconds + 1
        assert httpx.get(f"{master.url}/healthz").status_code == 200
        assert httpx.get(f"{master.url}/readyz", timeout=15, verify=False).status_code == 503
    finally:
        etcd.signal(signal.SIGCONT)
    wait_until(lambda: api.get("/jobs").status_code == 200)
    assert api.post("/jobs", {**JOB, "name": "after"}).status_code == 201
    assert [row["name"] for row in api.get("/jobs").json()["items"]] == ["after", "outage"]


def test_a_restarted_etcd_is_found_again_with_everything_in_it(master, etcd, sign_in):
    api = sign_in(master)
    api.post("/jobs", JOB)
    etcd.kill()
    assert api.get("/jobs").status_code == 503
    etcd.start()
    wait_until(lambda: api.get("/jobs").status_code == 200)
    etcd.client().delete(keys.job("outage"))
    wait_until(lambda: api.get("/jobs").json()["total"] == 0)


def test_a_master_starts_without_etcd_and_catches_up(etcd, tmp_path):
    etcd.kill()
    master = Master(etcd, f"sqlite:///{tmp_path / 'late.db'}")
    thread = threading.Thread(target=master.server.run, daemon=True)
    thread.start()
    wait_until(lambda: master.server.started)
    assert httpx.get(f"{master.url}/readyz", timeout=15, verify=False).status_code == 503
    etcd.start()
    wait_until(lambda: httpx.get(f"{master.url}/readyz", timeout=15, verify=False).status_code == 200)
    master.server.should_exit = True
    thread.join(10)
    assert not thread.is_alive()
    master.store.close()
    master.client.close()


def test_jobs_can_be_changed_while_the_log_store_is_away(master, sign_in, monkeypatch):
    api = sign_in(master)

    def away(*args, **kwargs):
        raise StoreUnavailable("away")

    for name in ("job_states", "runs", "run", "audit", "count_by_status", "ledger_rows", "ping", "history"):
        monkeypatch.setattr(master.store, name, away)
    assert api.post("/jobs", JOB).status_code == 201
    assert api("PATCH", "/jobs/outage", {"group": "g"}).status_code == 200
    assert api.get("/jobs/outage").json()["group"] == "g"
    page = api.get("/jobs").json()
    assert ([row["name"] for row in page["items"]], len(page["warnings"])) == (["outage"], 1)
    for path in ("/runs", "/runs/x", "/audit", "/stats/summary", "/stats/history", "/ledger?job=outage"):
        answer = api.get(path)
        assert (answer.status_code, "log store" in answer.json()["detail"]) == (503, True), path
    ready = api.http.get("/readyz")
    assert ready.status_code == 503
    assert [name for name, part in ready.json()["parts"].items() if not part["ready"]] == ["store"]


def test_a_job_that_was_written_is_answered_with_though_etcd_goes_away(master, sign_in, monkeypatch):
    api = sign_in(master)

    def away(*args, **kwargs):
        raise EtcdUnavailable("away")

    monkeypatch.setattr(master.app.state.services.running._open_runs, "records", away)
    assert api.post("/jobs", JOB).status_code == 201
    assert api("PUT", "/jobs/outage", {**JOB, "group": "g"}).status_code == 200
    assert api.post("/jobs/outage/pause").status_code == 200
    page = api.get("/jobs").json()
    assert [row["group"] for row in page["items"]] == ["g"]
    assert page["warnings"] == ["etcd does not answer: runs in progress are not known."]


def test_an_error_of_our_own_says_nothing_about_its_insides(master, sign_in, monkeypatch):
    api = sign_in(master)

    def broken(*args, **kwargs):
        raise RuntimeError("secret detail")

    monkeypatch.setattr(master.store, "history", broken)
    answer = api.get("/stats/history")
    assert answer.status_code == 500
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "secret" not in answer.text
