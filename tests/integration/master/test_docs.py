"""The documentation of the API, health and metrics."""

import json
import re
import subprocess
import sys

import httpx
import pytest

from app.common.models import Job
from app.master.routes import ROUTERS
from app.master.schemas import accounts, jobs, runs, stats, system
from tests.integration.master.conftest import Master


@pytest.fixture(scope="module")
def schema(api) -> dict:
    return api.http.get("/openapi.json").json()


def test_every_route_is_described(schema):
    for router in ROUTERS:
        for route in router.routes:
            if not route.include_in_schema:
                continue
            for method in route.methods:
                operation = schema["paths"][route.path_format][method.lower()]
                assert operation["summary"]
                assert operation["tags"]
                assert "requestBody" in operation or method not in ("PUT", "PATCH")


def test_each_operation_has_a_name_of_its_own(schema):
    names = [operation["operationId"] for path in schema["paths"].values() for operation in path.values()]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"[a-z][a-zA-Z]+", name) for name in names)


def test_the_schema_is_printed_without_starting_anything(schema):
    done = subprocess.run(
        [sys.executable, "-m", "app.master.openapi"], capture_output=True, check=True, timeout=60
    )
    assert json.loads(done.stdout) == schema


def test_fields_of_answers_are_always_there(schema):
    session = schema["components"]["schemas"]["SessionView"]
    assert set(session["required"]) == set(session["properties"])


def test_every_reference_leads_somewhere(schema):
    references = set(
        re.findall(r'"\$ref": ?"#/components/schemas/([^"]+)"', httpx.Response(200, json=schema).text)
    )
    assert references
    assert references <= schema["components"]["schemas"].keys()


def test_examples_are_valid(schema):
    example = schema["paths"]["/api/v1/jobs"]["post"]["requestBody"]["content"]["application/json"]
    assert example["schema"] == {"$ref": "#/components/schemas/Job"}
    Job.model_validate(jobs.JOB_EXAMPLE)


def test_answers_are_as_documented(api):
    """The schemas of answers are not enforced at run time, so that lists are quick."""
    api.post("/jobs", {"name": "documented", "command": "true", "cronExpr": "@daily"})
    for path, model in (
        ("/session", accounts.SessionView),
        ("/stats/history", stats.History),
        ("/stats/summary", stats.SummaryView),
        ("/stats/upcoming", stats.Upcoming),
        ("/stats/workload", stats.Workload),
        ("/about", system.About),
        ("/workers", system.WorkerList),
        ("/users", accounts.UserList),
        ("/tokens", accounts.TokenList),
    ):
        body = api.get(path).json()
        assert set(body) == {field.alias or name for name, field in model.model_fields.items()}, path
    for path, model in (("/jobs/documented", jobs.JobView), ("/jobs?q=documented", jobs.JobListPage)):
        body = api.get(path).json()
        assert set(body) == {field.alias or name for name, field in model.model_fields.items()}, path
    page = api.get("/runs").json()
    assert set(page) == set(runs.RunListPage.model_fields)


def test_metrics_take_a_token_of_their_own_or_any_viewer(shared_etcd, store_url, as_role):
    viewer = as_role("viewer")
    assert viewer.http.get("/metrics", headers=viewer.headers).status_code == 200
    master = Master(shared_etcd, store_url, metrics_token="of prometheus only").start()
    try:
        assert httpx.get(f"{master.url}/metrics").status_code == 401
        wrong = httpx.get(f"{master.url}/metrics", headers={"Authorization": "Bearer of prometheus"})
        assert wrong.status_code == 401
        headers = {"Authorization": "Bearer of prometheus only"}
        answer = httpx.get(f"{master.url}/metrics", headers=headers)
        assert answer.status_code == 200
        assert 'cron_mirror_age_seconds{mirror="jobs"}' in answer.text
        assert httpx.get(f"{master.url}/api/v1/jobs", headers=headers).status_code == 401
    finally:
        master.stop()


def test_latency_has_one_series_a_route_whatever_is_asked_for(api):
    for number in range(20):
        api.get(f"/jobs/none-{number}")
        api.get(f"/none-{number}")
    text = api.http.get("/metrics").text
    assert 'route="/api/v1/jobs/{name}"' in text
    assert 'route="unmatched"' in text
    assert "none-" not in text


def test_a_preview_explains_a_schedule(api):
    wanted = {"cronExpr": "30 2 * * *", "timezone": "Europe/Berlin", "count": 3}
    preview = api.post("/schedules/preview", wanted).json()
    assert len(preview["next"]) == 3
    assert all("T02:30:00+0" in fire["local"] for fire in preview["next"])
    assert preview["description"]
    assert preview["dstNotes"]
    ended = api.post("/schedules/preview", {"cronExpr": "@daily", "endsAt": "2020-01-01T00:00:00Z"}).json()
    assert ended["next"] == []
