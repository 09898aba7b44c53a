"""What a real worker and a real master say of runs: in their logs as JSON, and on `/metrics`."""

import json
import os
import signal
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

import app
from app.common.logstore import RunQuery
from app.common.models import Status
from tests.harness.cluster import Cluster, WorkerProcess
from tests.harness.master import MasterProcess
from tests.harness.pki import Pki
from tests.harness.poll import free_port, wait_until
from tests.harness.secure_etcd import TlsEtcd

OUTPUT = "0utput-0f-a-c0mmand"
SECRET = "s3cret-va1ue-0f-the-test"
NEVER = "0 0 1 1 *"


@pytest.fixture
def master(cluster: Cluster, tmp_path: Path) -> Iterator[MasterProcess]:
    master = MasterProcess(tmp_path / "master", {**cluster.settings, "log_json": True, "log_level": "DEBUG"})
    cluster.store  # noqa: B018 - makes the tables
    master.start()
    yield master
    master.kill()


def entries(log: str) -> list[dict[str, Any]]:
    """Every line must be an object with what all lines have."""
    found = [json.loads(line) for line in log.splitlines()]
    for entry in found:
        assert {"time", "level", "process", "logger", "message"} <= entry.keys(), entry
        if entry["logger"].startswith("app."):
            assert "action" in entry, entry
    return found


def samples(port: int) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    text = httpx.get(f"http://127.0.0.1:{port}/metrics", verify=False, timeout=10).text
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def ended(cluster: Cluster, job: str) -> list[Status]:
    return [run.status for run in cluster.store.runs(RunQuery(job=job)).runs]


def test_every_line_about_a_run_says_which_and_none_has_its_output_or_a_secret(
    cluster: Cluster, master: MasterProcess, tmp_path: Path
) -> None:
    secrets = tmp_path / "secrets"
    secrets.mkdir(mode=0o700)
    (secrets / "db").write_text(SECRET)
    (secrets / "db").chmod(0o600)
    settings = {"log_json": True, "log_level": "DEBUG", "job_secrets_dir": str(secrets)}
    cluster.start("w0", **settings)
    jobs = {"good": f"echo {OUTPUT}; echo $P", "bad": f"echo {OUTPUT}; exit 3", "long": "sleep 4000"}
    with closing(master.client()) as client:
        for name, command in jobs.items():
            body = {"name": name, "command": command, "cronExpr": NEVER, "env": {"P": "secret:db"}}
            assert client.post("/jobs", json=body).status_code == 201
            assert client.post(f"/jobs/{name}/run").status_code == 202
        wait_until(lambda: ended(cluster, "good") and ended(cluster, "bad"), what="the runs")
        wait_until(lambda: len(cluster.open_records()) == 1, what="the run that lasts")
        assert client.post("/jobs/long/kill").status_code == 202
        wait_until(lambda: ended(cluster, "long") == [Status.KILLED], what="its end")
        cluster.wait_settled()
        assert client.post("/jobs/long/run").status_code == 202
        wait_until(cluster.open_records, what="the run that is lost")
        os.kill(cluster.workers["w0"].pids()["executor-0"], signal.SIGKILL)
        wait_until(lambda: Status.LOST in ended(cluster, "long"), what="the loss")
        ids = {(run.id, run.job_name) for run in cluster.store.runs(RunQuery()).runs}
    cluster.workers["w0"].stop()
    assert master.process is not None
    master.process.terminate()
    assert master.process.wait(30) == 0
    master.process = None

    of_worker = entries(cluster.workers["w0"].log)
    of_master = entries((master.directory / "master.log").read_text())
    assert {entry["worker"] for entry in of_worker} == {"w0"}
    assert {entry["process"] for entry in of_worker} >= {"main", "scheduler", "executor-0"}
    assert any(entry["logger"].startswith("uvicorn") for entry in of_master)
    about_runs = [entry for entry in of_worker if entry.get("action") in ("run", "kill", "lost", "launch")]
    assert {(entry["runId"], entry["job"]) for entry in about_runs} == ids
    assert all("runId" in entry and "job" in entry for entry in about_runs)
    results = {(entry["job"], entry["status"]) for entry in about_runs if "status" in entry}
    assert results == {("good", "succeeded"), ("bad", "failed"), ("long", "killed")}
    assert [entry["job"] for entry in about_runs if entry["action"] == "lost"] == ["long"]
    for text in (cluster.workers["w0"].log, (master.directory / "master.log").read_text()):
        assert OUTPUT not in text
        assert SECRET not in text


def test_an_outage_is_told_in_json_and_a_request_that_fails_by_its_id(
    cluster: Cluster, master: MasterProcess
) -> None:
    cluster.start("w0", log_json=True)
    with closing(master.client()) as client:
        cluster.etcd.kill()
        answer = client.get("/jobs/none", headers={"X-Request-Id": "0123-of-the-proxy"})
        assert answer.status_code == 503
        assert answer.json()["requestId"] == "0123-of-the-proxy"
        own = client.get("/jobs/none", headers={"X-Request-Id": 'forged" id'}).json()["requestId"]
    wait_until(lambda: "etcd" in cluster.workers["w0"].log, what="word of the outage")
    cluster.etcd.start()
    cluster.wait_ready("w0")
    cluster.workers["w0"].stop()
    entries(cluster.workers["w0"].log)
    failed = [
        entry
        for entry in entries((master.directory / "master.log").read_text())
        if entry.get("action") == "request-failed"
    ]
    assert {"0123-of-the-proxy", own} <= {entry["requestId"] for entry in failed}
    assert len(own) == 16


def test_one_endpoint_shows_what_all_processes_of_a_worker_count(cluster: Cluster) -> None:
    port = free_port()
    cluster.start("w0", metrics_port=port, spool_max_bytes=1024**2, executors=2)

    def value(name: str, **labels: str) -> float | None:
        return samples(port).get((name, frozenset(labels.items())))

    assert value("cron_build_info", version=app.__version__, role="worker") == 1
    assert value("cron_spool_max_bytes") == 1024**2
    for queue in ("scheduler", "watcher", "main", "log-writer", "executor-0", "executor-1"):
        assert value("cron_queue_bytes", queue=queue) == 0
        assert value("cron_dropped_records_total", where=f"queue to {queue}") == 0
    for status in ("missed", "lost", "failed", "succeeded"):
        assert value("cron_runs_total", status=status, trigger="cron") == 0
    assert value("cron_process_restarts_total", process="executor-1") == 0
    assert value("cron_capacity") == 256
    assert value("cron_lease_seconds_left") is not None
    assert not [
        name for name, _ in samples(port) if name.startswith(("cron_master", "cron_api", "cron_sign"))
    ]

    cluster.put_job(name="told", command="true", cronExpr="* * * * * *", metrics=True)
    cluster.put_job(name="fails", command="exit 1", cronExpr="* * * * * *", successWithinSeconds=60)
    cluster.put_job(name="quiet", command="true", cronExpr="* * * * * *")
    wait_until(lambda: (value("cron_job_runs_total", job_name="told", status="succeeded") or 0) >= 3)
    wait_until(lambda: (value("cron_job_runs_total", job_name="fails", status="failed") or 0) >= 3)
    wait_until(lambda: len(ended(cluster, "quiet")) >= 3)
    assert value("cron_job_run_seconds_total", job_name="told") is not None
    assert not [labels for name, labels in samples(port) if ("job", "quiet") in labels]
    assert (value("cron_etcd_request_seconds_count", call="txn") or 0) > 0
    assert (value("cron_store_request_seconds_count", operation="store") or 0) > 0


def test_a_worker_that_cannot_store_shows_it(cluster: Cluster) -> None:
    port = free_port()
    cluster.start("w0", metrics_port=port, store_timeout_seconds=0.3)
    cluster.put_job(name="job", command="true", cronExpr="* * * * * *")
    wait_until(lambda: ended(cluster, "job"))

    def value(name: str, **labels: str) -> float:
        return samples(port).get((name, frozenset(labels.items())), 0)

    held = sqlite3.connect(cluster.store_url.removeprefix("sqlite:///"), isolation_level=None, timeout=20)
    held.execute("BEGIN IMMEDIATE")
    try:
        wait_until(lambda: value("cron_spool_bytes") > 0, what="rows on disk")
        assert value("cron_store_request_failures_total", operation="store") > 0
        assert value("cron_log_batches_total", result="failed") > 0
    finally:
        held.execute("ROLLBACK")
        held.close()
    wait_until(lambda: value("cron_spool_bytes") == 0, what="the replay")


def test_what_grpc_would_write_while_tls_fails_is_not_in_the_log(tmp_path: Path) -> None:
    pki = Pki(tmp_path / "pki")
    for authority in ("ca", "another"):
        pki.authority(authority)
    for name in ("server", "root"):
        pki.certificate(name)
    etcd = TlsEtcd(tmp_path / "etcd", pki)
    etcd.start()
    settings = {
        "etcd_endpoints": [etcd.endpoint],
        "etcd_ca_cert": str(pki.crt("another")),
        "store_url": f"sqlite:///{tmp_path / 'runs.db'}",
        "log_json": True,
    }
    worker = WorkerProcess(tmp_path, "w0", settings)
    worker.start()
    try:
        wait_until(lambda: '"action": "mirror"' in worker.log, what="word of the certificate")
    finally:
        worker.kill()
        etcd.stop()
    whole_lines = worker.log.rpartition("\n")[0]
    assert any("certificate" in entry["message"] for entry in entries(whole_lines))
