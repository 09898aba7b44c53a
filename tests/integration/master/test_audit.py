"""The audit: one entry for every change, whatever happens to the log store meanwhile."""

import csv
import io
import json
import re

import pytest

from app.common import keys
from app.common.errors import StoreUnavailable
from app.master.services import audit_export
from tests.harness.poll import wait_until
from tests.integration.master.conftest import ADMIN_PASSWORD, Master
from tests.integration.master.test_orders import put_open_run

JOB = {"name": "audited", "command": "true", "cronExpr": "@yearly"}


@pytest.fixture
def alone(etcd, tmp_path):
    master = Master(etcd, f"sqlite:///{tmp_path / 'runs.db'}").start()
    yield master
    master.stop()


@pytest.fixture
def client(etcd):
    return etcd.client()


def test_the_number_of_entries_is_the_number_of_changes(alone, client, sign_in):
    api = sign_in(alone)
    expected = ["user.create", "session.create"]

    def change(action: str, method: str, path: str, body=None) -> dict:
        answer = api(method, path, body)
        assert answer.is_success, answer.text
        expected.append(action)
        return answer.json() if answer.content else {}

    change("job.create", "POST", "/jobs", JOB)
    change("job.update", "PATCH", "/jobs/audited", {"command": "false"})
    change("job.update", "PUT", "/jobs/audited", {**JOB, "description": "d"})
    change("job.pause", "POST", "/jobs/audited/pause")
    change("job.resume", "POST", "/jobs/audited/resume")
    change("job.run", "POST", "/jobs/audited/run")
    run = put_open_run(client, "audited")
    change("job.kill", "POST", "/jobs/audited/kill")
    change("job.kill", "POST", f"/runs/{run}/kill")
    change("job.delete", "DELETE", "/jobs/audited")
    change("user.create", "POST", "/users", {"name": "u", "role": "viewer", "password": "a fine long phrase"})
    change("user.update", "PATCH", "/users/u", {"role": "editor"})
    change("user.delete", "DELETE", "/users/u")
    token = change("token.create", "POST", "/tokens", {"name": "t", "role": "viewer"})
    change("token.delete", "DELETE", f"/tokens/{token['id']}")
    changed = {"currentPassword": ADMIN_PASSWORD, "password": "another fine phrase"}
    change("user.password", "PUT", "/session/password", changed)
    # What changes nothing, or is refused, leaves nothing; a refused sign-in does.
    assert api.post("/jobs", {**JOB, "cronExpr": "nonsense"}).status_code == 422
    assert api.post("/jobs/none/run").status_code == 404
    assert api("DELETE", "/users/admin").status_code == 409
    refused = api.http.post("/api/v1/session", json={"username": "admin", "password": "wrong"})
    assert refused.status_code == 401
    expected.append("session.refused")

    def actions() -> list[str]:
        items = api.get("/audit?limit=1000").json()["items"]
        assert [e["id"] for e in items] == sorted({e["id"] for e in items}, reverse=True)
        return [e["action"] for e in reversed(items)]

    assert actions() == expected
    wait_until(lambda: client.count(keys.AUDIT) == 0, what="an empty outbox")
    assert actions() == expected
    entries = api.get("/audit?kind=job&action=job.update").json()["items"]
    assert (entries[-1]["before"], entries[-1]["after"]) == (JOB, {**JOB, "command": "false"})
    assert entries[-1]["actor"] == "admin"
    assert entries[-1]["detail"] == {"via": "session", "address": "127.0.0.1"}
    for secret in (ADMIN_PASSWORD, "another fine phrase", token["token"], "argon2"):
        assert secret not in api.get("/audit?limit=1000").text


def test_entries_wait_in_etcd_while_the_store_is_away_and_arrive_once(alone, client, sign_in, monkeypatch):
    api = sign_in(alone)
    wait_until(lambda: client.count(keys.AUDIT) == 0, what="an empty outbox")

    def away(*args, **kwargs):
        raise StoreUnavailable("away")

    with monkeypatch.context() as patch:
        patch.setattr(alone.store, "write_audit", away)
        for number in range(3):
            assert api.post("/jobs", {**JOB, "name": f"waiting-{number}"}).status_code == 201
        assert client.count(keys.AUDIT) == 3
        seen = [e["target"] for e in api.get("/audit?action=job.create").json()["items"]]
        assert seen == ["waiting-2", "waiting-1", "waiting-0"]
    wait_until(lambda: client.count(keys.AUDIT) == 0, what="an empty outbox")
    assert [e["target"] for e in api.get("/audit?action=job.create").json()["items"]] == seen
    history = api.get("/jobs/waiting-1/history").json()["items"]
    assert [(e["action"], e["actor"]) for e in history] == [("job.create", "admin")]


def test_the_state_of_a_deleted_job_is_forgotten(alone, client, sign_in):
    from tests.integration.master.test_runs import stored

    api = sign_in(alone)
    api.post("/jobs", JOB)
    stored(alone.store, "audited")
    assert "audited" in alone.store.job_states()
    api("DELETE", "/jobs/audited")
    wait_until(lambda: "audited" not in alone.store.job_states(), what="a forgotten state")


class TestExport:
    @pytest.fixture(scope="class")
    @classmethod
    def changed(cls, api):
        for number in range(3):
            api.post("/jobs", {**JOB, "name": f"exported-{number}", "command": 'echo "a, b"'})

    def test_csv_has_a_header_and_each_entry_newest_first(self, api, changed):
        answer = api.get("/audit/export", params={"action": "job.create"})
        assert answer.status_code == 200
        assert answer.headers["Content-Type"].startswith("text/csv")
        assert re.fullmatch(
            r'attachment; filename="audit-\d{4}-\d\d-\d\d\.csv"', answer.headers["Content-Disposition"]
        )
        rows = list(csv.DictReader(io.StringIO(answer.text)))
        assert [row["target"] for row in rows[:3]] == [f"exported-{n}" for n in (2, 1, 0)]
        assert json.loads(rows[0]["after"])["command"] == 'echo "a, b"'
        assert rows[0]["before"] == ""

    def test_no_cell_of_a_csv_is_a_formula(self, api, etcd_client):
        for name in ("=1+1", "@SUM(1)", "-1"):
            etcd_client.put(keys.job(name), b"put by hand")
            deleted = api("DELETE", f"/jobs/{name}")
            assert deleted.status_code == 204, deleted.text
        rows = list(csv.DictReader(io.StringIO(api.get("/audit/export").text)))
        cells = [cell for row in rows for cell in row.values()]
        assert "'=1+1" in cells
        assert not [cell for cell in cells if cell[:1] in ("=", "@", "-")]

    def test_jsonl_has_what_the_list_has(self, api, changed):
        params = {"kind": "job", "actor": "admin"}
        listed = api.get("/audit", params={**params, "limit": 1000}).json()["items"]
        answer = api.get("/audit/export", params={**params, "format": "jsonl"})
        assert [json.loads(line) for line in answer.text.splitlines()] == listed

    def test_it_goes_on_behind_the_first_page(self, api, changed, monkeypatch):
        monkeypatch.setattr(audit_export, "PAGE", 2)
        lines = api.get("/audit/export", params={"format": "jsonl"}).text.splitlines()
        assert len(lines) == len({json.loads(line)["id"] for line in lines}) > 4

    @pytest.mark.parametrize(
        ("query", "field"), [("format=xml", "format"), ("limit=3", "limit"), ("since=never", "since")]
    )
    def test_a_bad_parameter_is_named(self, api, query, field):
        answer = api.get(f"/audit/export?{query}")
        assert (answer.status_code, [e["field"] for e in answer.json()["errors"]]) == (422, [field])
