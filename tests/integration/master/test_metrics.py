"""What `/metrics` of a master says of jobs, workers, etcd and the log store."""

import re
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest
from prometheus_client.parser import text_string_to_metric_families

import app
from app.common import keys
from app.common.errors import EtcdUnavailable, StoreUnavailable
from app.common.metrics.master import JOB_GAUGES
from app.common.models import Run, Status, WorkerInfo, WorkerState, run_id
from app.master.services import audit, job_facts, scrape
from app.master.services.audit import Audit
from tests.harness.poll import wait_until
from tests.integration.master.conftest import Master
from tests.integration.master.test_orders import put_open_run

Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


@pytest.fixture
def master(etcd, tmp_path, monkeypatch) -> Iterator[Master]:
    monkeypatch.setattr(job_facts, "FRESH_MS", 50)
    master = Master(etcd, f"sqlite:///{tmp_path / 'runs.db'}").start()
    yield master
    master.stop()


@pytest.fixture
def api(master, sign_in):
    return sign_in(master)


def samples(api) -> Samples:
    answer = api.get("/metrics")
    assert answer.status_code == 200
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def value(found: Samples, name: str, **labels: str) -> float | None:
    return found.get((name, frozenset(labels.items())))


def of_job(api, job: str) -> dict[str, float]:
    return {
        name.removeprefix("cron_job_"): value
        for (name, labels), value in samples(api).items()
        if labels == {("job_name", job)}
    }


def put(api, name: str, **fields) -> None:
    body = {"name": name, "command": "true", "cronExpr": "@yearly", **fields}
    assert api("PUT", f"/jobs/{name}", body).status_code in (200, 201)


def ended(master, job: str, at: int, status: Status = Status.SUCCEEDED, took: int = 2_000) -> None:
    """A run that began at `at`."""
    row = Run(
        run_id(job, at), job, at, status, worker="w1", start_time=at, end_time=at + took, command="true"
    )
    master.store.store([row])


def test_it_says_which_version_it_is_and_how_long_etcd_and_the_store_take(api):
    api.get("/runs")
    found = samples(api)
    assert value(found, "cron_build_info", version=app.__version__, role="master") == 1
    assert value(found, "cron_etcd_request_seconds_count", call="txn") > 0
    assert value(found, "cron_store_request_seconds_count", operation="runs") > 0


def test_a_master_shows_no_metrics_of_workers(api):
    """In a process of its own, as others imported both here."""
    program = (
        "import app.master.server, prometheus_client; print(prometheus_client.generate_latest().decode())"
    )
    shown = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True).stdout
    assert "# TYPE cron_master_jobs gauge" in shown
    assert not re.search("cron_(lateness|spool|capacity|watch_age)", shown)


def test_workers_are_counted_by_state(api, etcd):
    client = etcd.client()
    for number, state in enumerate((WorkerState.ACTIVE, WorkerState.ACTIVE, WorkerState.SUSPENDED)):
        info = WorkerInfo(id=f"w{number}", host="h", pid=1, started=1, capacity=4, state=state)
        client.put(keys.worker(info.id), info.to_json())

    def states() -> dict[str, float]:
        return {
            dict(labels)["state"]: count
            for (name, labels), count in samples(api).items()
            if name == "cron_workers"
        }

    wanted = {"active": 2, "suspended": 1, "drained": 0, "stopping": 0, "silent": 0}
    wait_until(lambda: states() == wanted, what="the workers' registrations")


def test_a_job_has_no_series_unless_it_asks_for_them(master, api):
    put(api, "quiet")
    ended(master, "quiet", 1_000_000)
    assert of_job(api, "quiet") == {}
    put(api, "quiet", metrics=True)
    wait_until(lambda: of_job(api, "quiet").get("last_duration_seconds") == 2)
    put(api, "quiet", successWithinSeconds=60)
    wait_until(lambda: of_job(api, "quiet").keys() >= {"enabled", "success_due_timestamp_seconds"})
    put(api, "quiet")
    assert of_job(api, "quiet") == {}


def test_the_series_of_a_job_say_how_it_fares(master, api, etcd):
    put(api, "told", metrics=True)
    assert of_job(api, "told").keys() == {
        "enabled",
        "failures_in_row",
        "next_fire_timestamp_seconds",
        "running",
    }
    now = int(time.time() * 1000)
    ended(master, "told", now - 20_000)
    ended(master, "told", now - 10_000, Status.FAILED, took=500)
    ended(master, "told", now - 5_000, Status.TIMEOUT, took=1_000)
    put_open_run(etcd.client(), "told", now)
    wait_until(lambda: of_job(api, "told").get("failures_in_row") == 2)
    wait_until(lambda: of_job(api, "told")["running"] == 1)
    found = of_job(api, "told")
    assert found.pop("next_fire_timestamp_seconds") * 1000 > now
    assert found == {
        "enabled": 1,
        "failures_in_row": 2,
        "last_success_timestamp_seconds": pytest.approx((now - 18_000) / 1000),
        "last_start_timestamp_seconds": pytest.approx((now - 5_000) / 1000),
        "last_duration_seconds": 1,
        "typical_duration_seconds": 2,
        "running": 1,
    }
    assert value(samples(api), "cron_jobs_failing") == 1


def test_the_series_of_a_deleted_job_vanish(master, api):
    put(api, "deleted", metrics=True, successWithinSeconds=60)
    ended(master, "deleted", 1_000_000, Status.FAILED)
    wait_until(lambda: value(samples(api), "cron_jobs_failing") == 1)
    assert of_job(api, "deleted")
    assert api("DELETE", "/jobs/deleted").status_code == 204
    wait_until(lambda: not of_job(api, "deleted"))
    wait_until(lambda: value(samples(api), "cron_jobs_failing") == 0)


class TestSuccessDue:
    @pytest.fixture
    def due(self, api):
        def due() -> float | None:
            return of_job(api, "due").get("success_due_timestamp_seconds")

        return due

    def test_it_counts_from_the_creation_then_from_the_last_success(self, master, api, due):
        before = time.time()
        put(api, "due", successWithinSeconds=600)
        first = wait_until(due)
        assert before + 600 <= first <= time.time() + 600
        now = int(time.time() * 1000)
        ended(master, "due", now + 5_000)
        wait_until(lambda: due() == pytest.approx(now / 1000 + 607))
        ended(master, "due", now + 9_000, Status.FAILED)
        put(api, "due", successWithinSeconds=60, description="changed otherwise")
        wait_until(lambda: due() == pytest.approx(now / 1000 + 67))

    def test_a_paused_job_is_not_overdue_and_counts_anew_when_it_goes_on(self, master, api, due):
        put(api, "due", successWithinSeconds=60)
        ended(master, "due", 1_000_000)
        first = wait_until(due)
        assert api.post("/jobs/due/pause").status_code == 200
        wait_until(lambda: due() is None)
        assert of_job(api, "due")["enabled"] == 0
        for number in range(60):  # more changes than one page of the audit has
            put(api, "due", successWithinSeconds=60, enabled=False, description=str(number))
        resumed = time.time()
        assert api.post("/jobs/due/resume").status_code == 200
        again = wait_until(due)
        assert again >= resumed + 60 > first
        assert again <= time.time() + 60

    def test_a_resumed_job_has_none_until_the_audit_shows_the_resume(
        self, master, api, due, etcd, monkeypatch
    ):
        put(api, "due", successWithinSeconds=60)
        ended(master, "due", 1_000_000)
        wait_until(due)
        assert api.post("/jobs/due/pause").status_code == 200
        wait_until(lambda: due() is None)
        # Entries ahead of the resume, and no master that moves them: as while 100,000 jobs are resumed.
        monkeypatch.setattr(Audit, "move", lambda *_: 0)
        monkeypatch.setattr(audit, "OUTBOX_SHOWN", 10)
        client, waiting = etcd.client(), [f"{keys.AUDIT}0-{number:02}" for number in range(10)]
        for key in waiting:
            client.put(key, b"{}")
        resumed = time.time()
        assert api.post("/jobs/due/resume").status_code == 200
        wait_until(lambda: of_job(api, "due")["enabled"] == 1)
        reads = []
        plain = master.store.job_states
        monkeypatch.setattr(master.store, "job_states", lambda names: reads.append(1) or plain(names))
        while len(reads) < 3:
            assert due() is None
        for key in waiting:
            client.delete(key)
        assert wait_until(due) >= resumed + 60

    def test_jobs_of_which_nothing_is_on_record_hold_up_no_others(self, api, due, etcd, monkeypatch):
        monkeypatch.setattr(job_facts, "SEARCH_SECONDS", -1)  # one search a time
        value = b'{"name":"by-hand","command":"true","cronExpr":"@yearly","successWithinSeconds":60}'
        etcd.client().put(keys.job("by-hand"), value)
        wait_until(lambda: of_job(api, "by-hand"))
        put(api, "due", successWithinSeconds=60)
        wait_until(due)

    def test_of_a_job_made_by_hand_it_counts_from_its_first_success(self, master, api, due, etcd):
        value = b'{"name":"due","command":"true","cronExpr":"@yearly","successWithinSeconds":60}'
        etcd.client().put(keys.job("due"), value)
        wait_until(lambda: of_job(api, "due"))
        assert due() is None
        ended(master, "due", 1_000_000)
        wait_until(lambda: due() == 1_062)


def test_jobs_beyond_the_bound_are_counted(api, monkeypatch):
    for module in (job_facts, scrape):
        monkeypatch.setattr(module, "MAX_MEASURED_JOBS", 2)
    for name in ("d", "b", "c", "a"):
        put(api, name, metrics=True)
    assert [bool(of_job(api, name)) for name in "abcd"] == [True, True, False, False]
    assert value(samples(api), "cron_job_series_left_out") == 2


def test_the_store_is_asked_once_for_all_jobs_and_not_at_every_scrape(master, api, monkeypatch):
    for number in range(30):
        put(api, f"many-{number}", metrics=True)
    monkeypatch.setattr(job_facts, "FRESH_MS", 60_000)
    asked = []
    plain = master.store.job_states
    monkeypatch.setattr(master.store, "job_states", lambda names: asked.append(len(names)) or plain(names))
    samples(api)
    before = len(asked)
    for _ in range(20):
        assert len(of_job(api, "many-7")) >= 3
    assert len(asked) - before <= 1
    assert set(asked) <= {30}


def test_metrics_answer_while_the_store_is_away_and_say_so(master, api, monkeypatch):
    put(api, "told", metrics=True, successWithinSeconds=60)
    ended(master, "told", 1_000_000)
    wait_until(lambda: of_job(api, "told").get("last_duration_seconds"))
    monkeypatch.setattr(job_facts, "USABLE_MS", 50)

    def away(*_: object) -> None:
        raise StoreUnavailable("away")

    monkeypatch.setattr(master.store, "_db", type("Away", (), {"read": away, "write": away, "close": away})())
    wait_until(lambda: of_job(api, "told").keys() == {"enabled", "next_fire_timestamp_seconds", "running"})
    found = samples(api)
    assert value(found, "cron_jobs_failing") is None
    assert value(found, "cron_store_request_failures_total", operation="job_states") > 0
    monkeypatch.undo()
    wait_until(lambda: of_job(api, "told").get("last_duration_seconds"))


def test_metrics_answer_while_etcd_is_away(master, api, monkeypatch):
    put(api, "told", metrics=True)
    wait_until(lambda: of_job(api, "told").get("running") == 0)

    def away(*_: object) -> None:
        raise EtcdUnavailable("away")

    monkeypatch.setattr(master.app.state.services.running._open_runs, "records", away)
    wait_until(lambda: "running" not in of_job(api, "told"))
    assert of_job(api, "told")["enabled"] == 1


def test_every_series_of_a_job_is_named_in_the_list_of_metrics(master, api):
    put(api, "told", metrics=True, successWithinSeconds=60)
    ended(master, "told", 1_000_000)
    wait_until(lambda: len(of_job(api, "told")) == len(JOB_GAUGES))
    assert {f"cron_job_{name}" for name in of_job(api, "told")} == set(JOB_GAUGES)
