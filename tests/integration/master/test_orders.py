"""Run now, kill, drain: what the master leaves in etcd for the workers."""

import time

import pytest

from app.common import keys
from app.common.models import KillOrder, OpenRecord, Outcome, RunOrder, Trigger, WorkerInfo, run_id
from tests.harness.poll import wait_until

PLAN = 1_900_000_000_000


def put_open_run(client, job: str, plan: int = PLAN, worker: str = "w1", **more) -> str:
    """What a worker's claim leaves; returns the run id."""
    wanted = run_id(job, plan)
    record = OpenRecord(**{"job": job, "plan": plan, "outcome": Outcome.RUN, "claimed": plan + 5, **more})
    client.put(keys.running(worker, wanted), record.to_json())
    return wanted


@pytest.fixture
def job(api, request) -> str:
    name = request.node.name[:100]
    assert api.post("/jobs", {"name": name, "command": "true", "cronExpr": "@yearly"}).status_code == 201
    return name


@pytest.fixture
def worker(etcd_client):
    info = WorkerInfo(id="w1", host="h", pid=1, started=PLAN, capacity=4, labels={"zone": "a"})
    etcd_client.put(keys.worker("w1"), info.to_json())
    yield info
    etcd_client.delete(keys.worker("w1"))
    etcd_client.delete(keys.drain("w1"))


def test_run_leaves_an_order_that_the_answer_names(api, etcd_client, job, worker):
    answer = api.post(f"/jobs/{job}/run", {"env": {"A": "1"}, "worker": "w1"})
    assert answer.status_code == 202
    (kv,) = etcd_client.scan(f"{keys.ORDERS}{job}/").items
    order = RunOrder.model_validate_json(kv.value)
    assert (order.by, order.env, order.target, order.trigger) == ("admin", {"A": "1"}, "w1", Trigger.MANUAL)
    assert order.expires_at - order.at == 600_000
    assert abs(order.at - time.time() * 1000) < 10_000
    wanted = run_id(job, order.at, salt=keys.last_part(kv.key))
    assert answer.json() == {"runIds": [wanted]}
    assert api.get(f"/runs/{wanted}").json()["status"] == "queued"
    assert api.get(f"/runs/{wanted}/output").status_code == 409
    assert api.post(f"/runs/{wanted}/kill").status_code == 409


def test_a_run_is_repeated_as_the_job_is_now(api, store, etcd_client, job):
    from tests.integration.master.test_runs import stored

    for wanted in (stored(store, job).id, put_open_run(etcd_client, job, PLAN + 1000)):
        before = etcd_client.count(f"{keys.ORDERS}{job}/")
        answer = api.post(f"/runs/{wanted}/rerun")
        assert answer.status_code == 202
        assert etcd_client.count(f"{keys.ORDERS}{job}/") == before + 1
        (again,) = answer.json()["runIds"]
        assert api.get(f"/runs/{again}").json()["trigger"] == "manual"
        entry = api.get(f"/audit?action=job.run&target={job}").json()["items"][0]
        assert (entry["detail"]["runIds"], entry["detail"]["again"]) == ([again], wanted)


def test_what_cannot_be_repeated_is_refused(api, store, job, as_role):
    from tests.integration.master.test_runs import stored

    assert api.post("/runs/nothing/rerun").status_code == 404
    run = stored(store, job).id
    assert as_role("viewer").post(f"/runs/{run}/rerun").status_code == 403
    api("DELETE", f"/jobs/{job}")
    answer = api.post(f"/runs/{run}/rerun")
    assert (answer.status_code, "is gone" in answer.json()["detail"]) == (409, True)


def test_run_needs_no_body_and_works_while_paused(api, etcd_client, job):
    api.post(f"/jobs/{job}/pause")
    assert api("POST", f"/jobs/{job}/run").status_code == 202
    assert etcd_client.count(f"{keys.ORDERS}{job}/") == 1


def test_kill_names_the_runs_of_this_job_only(api, etcd_client, job):
    first = put_open_run(etcd_client, job)
    second = put_open_run(etcd_client, job, PLAN + 1000, worker="w2")
    put_open_run(etcd_client, job + "x")
    put_open_run(etcd_client, job, PLAN + 2000, outcome=Outcome.OVERLAP)
    answer = api.post(f"/jobs/{job}/kill")
    assert (answer.status_code, sorted(answer.json()["runIds"])) == (202, sorted([first, second]))
    kv = etcd_client.get(keys.killer(job))
    order = KillOrder.parse(kv.value)
    assert (sorted(order.run_ids), order.by) == (sorted([first, second]), "admin")
    assert 30 < etcd_client.keepalive(kv.lease) <= 60


def test_kill_orders_add_up(api, etcd_client, job):
    runs = [put_open_run(etcd_client, job, PLAN + n) for n in range(3)]
    for run in runs[:2]:
        assert api.post(f"/runs/{run}/kill").json() == {"runIds": [run]}
    assert KillOrder.parse(etcd_client.get(keys.killer(job)).value).run_ids == sorted(runs[:2])
    etcd_client.put(keys.killer(job), b"")
    api.post(f"/runs/{runs[2]}/kill")
    assert KillOrder.parse(etcd_client.get(keys.killer(job)).value).run_ids is None


def test_killing_what_does_not_run_orders_nothing(api, etcd_client, job):
    assert api.post(f"/jobs/{job}/kill").json() == {"runIds": []}
    assert etcd_client.get(keys.killer(job)) is None


def test_a_run_that_outlives_its_job_can_be_killed(api, etcd_client, job):
    run = put_open_run(etcd_client, job)
    api("DELETE", f"/jobs/{job}")
    assert api.post(f"/jobs/{job}/kill").json() == {"runIds": [run]}


def test_workers_are_listed_drained_and_resumed(api, etcd_client, worker):
    listed = wait_until(lambda: api.get("/workers").json()["items"])
    assert [(w["id"], w["labels"], w["drained"], w["silent"]) for w in listed] == [
        ("w1", {"zone": "a"}, False, False)
    ]
    for _ in range(2):
        assert api.post("/workers/w1/drain").status_code == 204
        assert etcd_client.get(keys.drain("w1")) is not None
        assert api.get("/workers").json()["items"][0]["drained"] is True
    for _ in range(2):
        assert api.post("/workers/w1/resume").status_code == 204
        assert etcd_client.get(keys.drain("w1")) is None
    actions = [e["action"] for e in api.get("/audit?kind=worker&target=w1").json()["items"]]
    assert actions == ["worker.resume", "worker.drain"]
