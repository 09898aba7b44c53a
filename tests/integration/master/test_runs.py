"""Reading and following runs."""

import json
import threading
import time

import pytest

from app.common import keys
from app.common.etcd import txn
from app.common.logstore import LiveOutput
from app.common.models import OpenRecord, Outcome, Run, Status, Trigger, run_id
from app.master.services.open_runs import FIRST_RECORDS, PAGE, OpenRuns
from tests.harness.poll import wait_until
from tests.integration.master.test_orders import PLAN, put_open_run


def stored(store, job: str, plan: int = PLAN, status: Status = Status.SUCCEEDED, **more) -> Run:
    run = Run(
        id=run_id(job, plan),
        job_name=job,
        plan_time=plan,
        status=status,
        **{
            "worker": "w1",
            "schedule_time": plan + 5,
            "start_time": plan + 10,
            "end_time": plan + 1010,
            "command": "echo",
            **more,
        },
    )
    store.store([run])
    return run


def follow(api, run: str, events: list) -> threading.Thread:
    """Collects the stream's events, as (event, data), until it ends."""

    def read() -> None:
        headers = {"Accept": "text/event-stream"}
        with api.http.stream("GET", f"/api/v1/runs/{run}/stream", headers=headers) as answer:
            name = ""
            for line in answer.iter_lines():
                if line.startswith("event: "):
                    name = line[7:]
                elif line.startswith("data: "):
                    events.append((name, json.loads(line[6:])))

    thread = threading.Thread(target=read, daemon=True)
    thread.start()
    return thread


def text_of(events: list) -> str:
    return "".join(data["text"] for name, data in events if name == "output")


def test_a_row_is_shown_with_times_as_dates_and_its_output(api, store):
    run = stored(store, "shown", output="héllo\n", output_bytes=7, exit_code=0)
    shown = api.get(f"/runs/{run.id}").json()
    assert shown["planTime"] == "2030-03-17T17:46:40.000Z"
    assert shown["startTime"] == "2030-03-17T17:46:40.010Z"
    assert (shown["status"], shown["output"], shown["command"]) == ("succeeded", "héllo\n", "echo")
    assert api.get("/jobs?q=shown").json()["items"] == []


def test_the_list_has_running_ones_first_and_no_output(api, store, etcd_client):
    for number in range(5):
        stored(store, "listed", PLAN + number, output="x" * 100)
    running = put_open_run(etcd_client, "listed", PLAN - 1)
    put_open_run(etcd_client, "listed", PLAN + 3)  # its row is stored already
    page = api.get("/runs?job=listed&limit=3").json()
    assert [(r["id"], r["status"]) for r in page["items"]] == [
        (running, "running"),
        *((run_id("listed", PLAN + n), "succeeded") for n in (4, 3, 2)),
    ]
    assert all("output" not in r and "command" not in r for r in page["items"])
    rest = api.get(f"/runs?job=listed&limit=3&cursor={page['next']}").json()
    assert [r["planTime"] for r in rest["items"]] == ["2030-03-17T17:46:40.001Z", "2030-03-17T17:46:40.000Z"]
    assert rest["next"] is None


def test_filters_join_and_a_status_may_be_given_more_than_once(api, store, etcd_client):
    stored(store, "filtered", PLAN, Status.FAILED)
    stored(store, "filtered", PLAN + 1, Status.LOST)
    stored(store, "filtered", PLAN + 2, worker="w2", trigger=Trigger.MANUAL)
    running = put_open_run(etcd_client, "filtered", PLAN + 3)

    def found(query: str) -> list[str]:
        return [r["id"] for r in api.get(f"/runs?job=filtered&{query}").json()["items"]]

    ids = [run_id("filtered", PLAN + n) for n in range(3)]
    assert found("status=failed&status=lost") == [ids[1], ids[0]]
    assert found("status=running") == [running]
    assert found("status=running&status=lost") == [running, ids[1]]
    assert found("worker=w2") == [ids[2]]
    assert found("trigger=manual") == [ids[2]]
    assert found("since=2030-03-17T17:46:40.001Z&until=2030-03-17T17:46:40.002Z") == [ids[1]]
    assert found("since=2030-03-18T01:46:40.001%2B08:00&until=2030-03-18T01:46:40.002+08:00") == [ids[1]]


def test_output_is_plain_text_whatever_it_holds(api, store):
    run = stored(store, "output", output="</script>\x1b]0;t\x07\u4f60 \ufffd")
    answer = api.get(f"/runs/{run.id}/output")
    assert answer.text == run.output
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in answer.headers["Content-Security-Policy"]


def test_a_run_that_is_not_there_is_not_found(api):
    for path in ("", "/output", "/stream"):
        assert api.get(f"/runs/0000000000000-1-0000000000000000{path}").status_code == 404


def test_the_stream_of_an_ended_run_has_it_all_and_ends(api, store):
    run = stored(store, "ended", output="one\ntwo\n", output_bytes=8)
    events: list = []
    follow(api, run.id, events).join(10)
    assert text_of(events) == "one\ntwo\n"
    assert (events[-1][0], events[-1][1]["status"]) == ("end", "succeeded")


def test_the_stream_follows_a_run_to_its_end_and_loses_nothing(api, store, etcd_client):
    run = put_open_run(etcd_client, "followed", PLAN)
    events: list = []
    thread = follow(api, run, events)
    # Somebody watches: this is how the worker knows.
    tail = wait_until(lambda: etcd_client.get(keys.tail(run)))
    assert 0 < etcd_client.keepalive(tail.lease) <= 30
    whole = "first 你好\nsecond\nlast, never seen live\n".encode()
    store.write_live(LiveOutput(run, 0, whole[:7]))  # splits a character
    wait_until(lambda: text_of(events) == "first ")
    store.write_live(LiveOutput(run, 7, whole[7:20]))
    wait_until(lambda: text_of(events) == whole[:20].decode())
    stored(store, "followed", PLAN, output=whole.decode(), output_bytes=len(whole))
    etcd_client.delete(keys.running("w1", run))
    thread.join(10)
    assert not thread.is_alive()
    assert text_of(events) == whole.decode()
    assert events[-1][0] == "end"


def test_two_readers_keep_the_run_watched_when_one_leaves(api, store, etcd_client, master, sign_in):
    run = put_open_run(etcd_client, "watched", PLAN)
    first: list = []
    leaver = sign_in(master)
    follow(api, run, first)
    wait_until(lambda: etcd_client.get(keys.tail(run)))
    with leaver.http.stream("GET", f"/api/v1/runs/{run}/stream") as answer:
        assert answer.status_code == 200
    store.write_live(LiveOutput(run, 0, b"still here"))
    wait_until(lambda: text_of(first) == "still here")
    assert etcd_client.get(keys.tail(run)) is not None
    stored(store, "watched", PLAN, output="still here", output_bytes=10)
    wait_until(lambda: first[-1][0] == "end")


@pytest.mark.parametrize("status", [Status.FAILED, Status.SUCCEEDED])
def test_the_job_shows_how_it_last_ended(api, store, status):
    name = f"last-{status}"
    api.post("/jobs", {"name": name, "command": "true", "cronExpr": "@yearly"})
    assert api.get(f"/jobs/{name}").json()["lastRun"] is None
    stored(store, name, PLAN, status)
    for body in (api.get(f"/jobs/{name}").json(), api.get(f"/jobs?q={name}").json()["items"][0]):
        assert body["lastRun"]["status"] == status
        assert body["lastRun"]["failuresInARow"] == (1 if status is Status.FAILED else 0)


def test_the_summary_adds_up(api, store):
    api.post("/jobs", {"name": "summed", "command": "true", "cronExpr": "@yearly"})
    api.post("/jobs/summed/pause")
    now = int(time.time() * 1000)
    before = api.get("/stats/summary").json()
    stored(store, "summed", now - 1000, Status.TIMEOUT)
    stored(store, "summed", now - 25 * 3_600_000, Status.TIMEOUT)
    wait_until(lambda: api.get("/stats/summary").json()["failing"] == before["failing"] + 1)
    after = api.get("/stats/summary").json()
    assert after["runs"]["timeout"] == before["runs"]["timeout"] + 1
    assert after["jobs"]["paused"] >= 1
    history = api.get("/stats/history?bucket=3600").json()
    assert sum(b["runs"].get("timeout", 0) for b in history["items"]) == after["runs"]["timeout"]


def test_the_states_of_jobs_that_are_gone_are_forgotten_after_a_day(api, master, store):
    api.post("/jobs", {"name": "stays", "command": "true", "cronExpr": "@yearly"})
    now = int(time.time() * 1000)
    stored(store, "stays", 1)
    stored(store, "gone", now - 86_500_000)
    stored(store, "gone lately", now - 86_000_000)
    services = master.app.state.services
    wait_until(lambda: services.index.get("stays"))
    services.housekeeping._forget_gone()
    assert set(store.job_states(["stays", "gone", "gone lately"])) == {"stays", "gone lately"}


def test_all_open_records_are_found_also_when_they_are_more_than_are_read_with_the_credentials(etcd_client):
    record = OpenRecord(job="many", plan=PLAN, outcome=Outcome.RUN, claimed=PLAN).to_json()
    puts = [txn.put(keys.running("w-many", f"{number:05d}"), record) for number in range(PAGE + 2)]
    try:
        for start in range(0, len(puts), txn.MAX_OPERATIONS):
            etcd_client.txn(success=puts[start : start + txn.MAX_OPERATIONS])
        (first,) = etcd_client.read([FIRST_RECORDS]).responses
        assert len(first) == PAGE
        found = [run.id for run in OpenRuns(etcd_client).records(first)]
        assert found == [run.id for run in OpenRuns(etcd_client).records()]
        assert len(set(found)) == len(found) >= PAGE + 2
    finally:
        etcd_client.txn(success=[txn.delete_prefix(keys.running("w-many", ""))])
