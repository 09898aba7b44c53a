"""What the job list filters by and shows of each job, and the facets to choose from."""

import json
from datetime import datetime

import pytest

from app.common import keys
from app.common.errors import StoreUnavailable
from app.common.models import Status, run_id
from tests.harness.poll import wait_until
from tests.integration.master.test_jobs import job
from tests.integration.master.test_orders import PLAN, put_open_run
from tests.integration.master.test_runs import stored

JOBS = {
    "f-a": {"group": "red", "tags": ["x", "y"], "workerLabels": {"zone": "eu", "gpu": "yes"}},
    "f-b": {"group": "red", "tags": ["x"], "workerLabels": {"zone": "us"}},
    "f-c": {"group": "blue", "tags": ["x"], "workerLabels": {"zone.b": "eu"}},
    "f-d": {"enabled": False},
    "f-e": {"endsAt": "2020-01-01T00:00:00Z"},
}
ROWS = {"f-a": Status.FAILED, "f-b": Status.SUCCEEDED, "f-c": Status.FAILED, "f-d": Status.MISSED}


@pytest.fixture(scope="module", autouse=True)
def jobs(api, store, etcd_client):
    for name, fields in JOBS.items():
        assert api.post("/jobs", job(name, **fields)).status_code == 201
    for name, status in ROWS.items():
        stored(store, name, status=status)
    etcd_client.put(keys.job("f-z"), b"garbage")
    wait_until(lambda: api.get("/jobs?state=invalid").json()["total"] == 1)
    # What lists know of last runs is up to two seconds old.
    wait_until(lambda: api.get("/jobs?lastStatus=missed").json()["total"] == 1)


QUERIES = {
    "group=red": "ab",
    "group=": "dez",
    "label=zone": "ab",
    "label=zone%3Deu": "a",
    "label=zone&label=gpu%3Dyes": "a",
    "label=zon": "",
    "label=zone%3D": "",
    "lastStatus=failed": "ac",
    "lastStatus=failed&lastStatus=succeeded": "abc",
    "lastStatus=never": "ez",
    "lastStatus=never&lastStatus=missed": "dez",
    "lastStatus=failed&label=zone": "a",
    "lastStatus=failed&q=F-C": "c",
    "sort=nextFire&state=enabled": "abc",
    "sort=nextFire": "abcdez",
    "sort=-nextFire": "cbazed",
    "sort=lastStatus": "acdbez",
    "sort=-lastStart&tag=x": "cba",
    "sort=-lastStatus": "bdcaze",
    "sort=group&lastStatus=failed": "ca",
}


@pytest.mark.parametrize(("query", "found"), QUERIES.items())
def test_filters_and_orders_join(api, query, found):
    for limit in (1, 2, 50):
        names, cursor = [], ""
        while True:
            page = api.get(f"/jobs?{query}&limit={limit}{cursor}").json()
            names += [item["name"] for item in page["items"]]
            assert page["total"] == len(found)
            if page["next"] is None:
                break
            cursor = f"&cursor={page['next']}"
        assert names == [f"f-{letter}" for letter in found]


BAD = {
    "lastStatus=tired": "lastStatus.0",
    "lastStatus=running": "lastStatus.0",
    "recent=51": "recent",
    "recent=-1": "recent",
    "recent=6&limit=1000": "recent",
    "label=%00": "label.0",
}


@pytest.mark.parametrize(("query", "field"), BAD.items())
def test_bad_filters_are_refused_by_name(api, query, field):
    answer = api.get(f"/jobs?{query}")
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, field)


def test_recent_runs_come_newest_first_and_only_when_asked_for(api, store):
    api.post("/jobs", job("strip"))
    plans = [PLAN + n * 60_000 for n in range(5)]
    for plan in plans:
        stored(store, "strip", plan, Status.FAILED if plan == plans[1] else Status.SUCCEEDED)
    stored(store, "strip", PLAN - 60_000, Status.MISSED, start_time=None, end_time=None)
    assert api.get("/jobs?q=strip").json()["items"][0]["recentRuns"] is None
    (item,) = api.get("/jobs?q=strip&recent=3").json()["items"]
    assert [run["id"] for run in item["recentRuns"]] == [run_id("strip", plan) for plan in plans[:1:-1]]
    (item,) = api.get("/jobs?q=strip&recent=50").json()["items"]
    assert [run["status"] for run in item["recentRuns"]] == [
        *["succeeded"] * 3,
        "failed",
        "succeeded",
        "missed",
    ]
    first = item["recentRuns"][0]
    assert set(first) == {"id", "status", "planTime", "startTime", "endTime"}
    times = [datetime.fromisoformat(first[name]).timestamp() for name in ("planTime", "startTime", "endTime")]
    assert times == [t / 1000 for t in (plans[-1], plans[-1] + 10, plans[-1] + 1010)]
    assert item["recentRuns"][-1]["startTime"] is None
    (never,) = api.get("/jobs?q=f-e&recent=3").json()["items"]
    assert never["recentRuns"] == []
    api("DELETE", "/jobs/strip")


def test_runs_in_progress_are_counted(api, etcd_client):
    api.post("/jobs", job("busy"))
    wait_until(lambda: api.get("/jobs/busy").json()["running"] == 0)
    runs = [put_open_run(etcd_client, "busy", PLAN + number) for number in range(2)]
    wait_until(lambda: api.get("/jobs?q=busy").json()["items"][0]["running"] == 2)
    assert api.get("/jobs/f-a").json()["running"] == 0
    for run in runs:
        etcd_client.delete(keys.running("w1", run))
    wait_until(lambda: api.get("/jobs/busy").json()["running"] == 0)
    api("DELETE", "/jobs/busy")


def test_facets_count_what_jobs_have(api):
    facets = api.get("/stats/facets").json()
    assert facets["groups"] == [{"value": "red", "count": 2}, {"value": "blue", "count": 1}]
    assert facets["tags"] == [{"value": "x", "count": 3}, {"value": "y", "count": 1}]
    assert facets["labels"] == [
        {"value": label, "count": 1} for label in ("gpu=yes", "zone.b=eu", "zone=eu", "zone=us")
    ]


def test_facets_contain_the_readers_own_writes(api):
    api.post("/jobs", job("faceted", group="green"))
    assert {"value": "green", "count": 1} in api.get("/stats/facets").json()["groups"]
    api("DELETE", "/jobs/faceted")
    assert "green" not in json.dumps(api.get("/stats/facets").json())


def test_without_the_log_store_jobs_are_shown_and_what_needs_it_says_so(api, master, monkeypatch):
    def away(*args, **kwargs):
        raise StoreUnavailable("away")

    for name in ("job_states", "recent_runs", "last_rows"):
        monkeypatch.setattr(master.store, name, away)
    page = api.get("/jobs?q=f-a&recent=5").json()
    assert [(item["name"], item["lastRun"], item["recentRuns"]) for item in page["items"]] == [
        ("f-a", None, None)
    ]
    assert len(page["warnings"]) == 1
    answer = wait_until(
        lambda: (found := api.get("/jobs?lastStatus=failed")).status_code == 503 and found, what="the refusal"
    )
    assert "log store" in answer.json()["detail"]
    monkeypatch.undo()
    wait_until(lambda: api.get("/jobs?lastStatus=failed").status_code == 200, what="the recovery")
