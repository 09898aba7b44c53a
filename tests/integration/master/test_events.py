"""Live events, and how a master stops while they are open."""

import contextlib
import json
import threading

import httpx
import pytest

from app.common import keys
from app.common.errors import StoreUnavailable
from app.common.models import Run, Status
from app.master.services.open_runs import OpenRuns
from app.master.services.run_news import RunNews
from tests.harness.poll import wait_until
from tests.integration.master.conftest import ADMIN_PASSWORD, Master
from tests.integration.master.test_orders import PLAN, put_open_run
from tests.integration.master.test_runs import stored

JOB = {"command": "true", "cronExpr": "@yearly"}


class Reader:
    """An open event stream, read in a thread."""

    def __init__(self, http: httpx.Client, path: str = "/api/v1/events", **headers) -> None:
        self.events: list[tuple[str, dict]] = []
        self.headers: dict[str, str] = {}
        self.ended = threading.Event()
        self._thread = threading.Thread(target=self._read, args=(http, path, headers), daemon=True)
        self._thread.start()

    def _read(self, http: httpx.Client, path: str, headers: dict) -> None:
        name = ""
        with contextlib.suppress(httpx.TransportError):  # the client was closed
            with http.stream("GET", path, headers=headers, timeout=60) as answer:
                self.headers = dict(answer.headers)
                for line in answer.iter_lines():
                    if line.startswith("event: "):
                        name = line[7:]
                    elif line.startswith("data: "):
                        self.events.append((name, json.loads(line[6:])))
            self.ended.set()

    def wait_for(self, kind: str, data: dict | None = None) -> dict:
        """An event of this kind, with these data where they are given."""
        found = lambda: [each for each in self.of(kind) if data in (None, each)]  # noqa: E731
        wait_until(found, what=f"an event {kind} {data or ''}; there are {self.events}")
        return found()[-1]

    def of(self, kind: str) -> list[dict]:
        return [data for name, data in self.events if name == kind]


def test_changes_of_jobs_workers_and_runs_arrive(api, second_master, sign_in, store, etcd_client):
    reader = Reader(sign_in(second_master).http)
    wait_until(lambda: reader.of("ready"))
    api.post("/jobs", {**JOB, "name": "live"})
    wait_until(lambda: {"names": ["live"]} in reader.of("jobs"))
    etcd_client.put(keys.worker("w9"), b"{}")
    wait_until(lambda: {"names": ["w9"]} in reader.of("workers"))
    etcd_client.delete(keys.worker("w9"))
    # What came before `ready` is no news.
    stored(store, "live", PLAN)
    assert reader.wait_for("runs")["items"][0]["jobName"] == "live"


def test_runs_in_progress_arrive_and_their_end_whenever_they_were_planned(own, etcd, sign_in):
    client = etcd.client()
    for number in range(250):
        stored(own.store, "newer", PLAN + number * 1000)
    long = put_open_run(client, "long", PLAN - 1)
    reader = Reader(sign_in(own).http)
    reader.wait_for("ready")
    put_open_run(client, "short")
    reader.wait_for("running", {"count": 2, "jobs": ["long", "short"]})
    stored(own.store, "long", PLAN - 1)
    client.delete(keys.running("w1", long))
    reader.wait_for("running", {"count": 1, "jobs": ["short"]})
    assert [run["id"] for run in reader.wait_for("runs")["items"]] == [long]
    assert not reader.of("reload")
    own.stop()


def test_more_runs_than_can_be_listed_are_a_reload(own, sign_in):
    reader = Reader(sign_in(own).http)
    reader.wait_for("ready")
    own.store.store(
        [Run(id=f"{PLAN}-1-{n}", job_name="m", plan_time=PLAN, status=Status.SKIPPED) for n in range(150)]
    )
    reader.wait_for("reload")
    assert not reader.of("runs")
    own.stop()


def test_a_reader_who_may_read_no_more_is_cut_off(api, master, sign_in):
    api.post("/users", {"name": "reader", "role": "viewer", "password": "a fine long phrase"})
    reader = Reader(sign_in(master, "reader", "a fine long phrase").http)
    wait_until(lambda: reader.of("ready"))
    api("PATCH", "/users/reader", {"disabled": True})
    assert reader.ended.wait(15)


def test_a_reader_whose_role_changes_hears_of_it_by_the_end(api, master, sign_in):
    api.post("/users", {"name": "promoted", "role": "viewer", "password": "a fine long phrase"})
    reader = Reader(sign_in(master, "promoted", "a fine long phrase").http)
    wait_until(lambda: reader.of("ready"))
    api("PATCH", "/users/promoted", {"role": "editor"})
    assert reader.ended.wait(15)


@pytest.fixture
def own(etcd, tmp_path):
    return Master(etcd, f"sqlite:///{tmp_path / 'runs.db'}").start()


def test_runs_are_not_lost_when_the_store_fails_midway(store, etcd_client, monkeypatch):
    news = RunNews(store, OpenRuns(etcd_client))
    long = put_open_run(etcd_client, "midway", 1)
    for number in range(250):
        stored(store, "midway newer", PLAN + number * 1000)
    news.look()
    stored(store, "midway", 1)
    newest = stored(store, "midway newer", PLAN + 300_000).id
    etcd_client.delete(keys.running("w1", long))

    def away(run_id):
        raise StoreUnavailable("away")

    with monkeypatch.context() as patched:
        patched.setattr(store, "run", away)
        with pytest.raises(StoreUnavailable):
            news.look()
    (runs,) = (json.loads(event.data) for event in news.look() if event.event == "runs")
    assert [run["id"] for run in runs["items"]] == [long, newest]


def test_news_go_on_after_an_error_nobody_thought_of(own, sign_in, monkeypatch):
    reader = Reader(sign_in(own).http)
    reader.wait_for("ready")
    failed = threading.Event()

    def broken():
        failed.set()
        raise RuntimeError("broken")

    with monkeypatch.context() as patched:
        patched.setattr(own.app.state.services.events._news, "look", broken)
        assert failed.wait(10)
    stored(own.store, "after", PLAN)
    reader.wait_for("runs")
    own.stop()


def test_no_stream_is_ready_before_the_first_look_is_done(own, sign_in, monkeypatch):
    events, api, may = own.app.state.services.events, sign_in(own), threading.Event()

    def slow():
        assert may.wait(10)
        return []

    monkeypatch.setattr(events._news, "look", slow)
    readers = [Reader(api.http), Reader(sign_in(own).http)]
    wait_until(lambda: len(events._clients) == 2)
    for _ in range(3):
        assert api.get("/session").status_code == 200
    assert not any(reader.of("ready") for reader in readers)
    may.set()
    for reader in readers:
        reader.wait_for("ready")
    own.stop()


def test_a_stop_ends_open_streams_and_takes_less_than_5_seconds(own, etcd, sign_in):
    api = sign_in(own)
    run = put_open_run(etcd.client(), "long")
    readers = [Reader(api.http), Reader(api.http, f"/api/v1/runs/{run}/stream")]
    wait_until(lambda: readers[0].of("ready") and etcd.client().get(keys.tail(run)))
    assert own.stop() < 5
    assert all(reader.ended.wait(1) for reader in readers)


def test_a_slow_reader_is_told_to_reload_and_holds_up_nobody(own, etcd, sign_in):
    events = own.app.state.services.events
    api = sign_in(own)
    reader = Reader(api.http)
    wait_until(lambda: reader.of("ready"))
    (queue,) = events._clients
    loop = events._loop

    def flood() -> None:
        # In the loop's own turn: the reader cannot read meanwhile.
        for number in range(queue.maxsize * 2 + 1):
            events._publish_names("jobs", [f"n{number}"])

    loop.call_soon_threadsafe(flood)
    wait_until(lambda: {"names": [f"n{queue.maxsize * 2}"]} in reader.of("jobs"))
    assert 1 <= len(reader.of("reload")) <= 3
    assert len(reader.of("jobs")) < queue.maxsize * 2
    own.stop()


def test_a_password_is_asked_for(master):
    assert httpx.get(f"{master.url}/api/v1/events").status_code == 401
    assert ADMIN_PASSWORD not in httpx.get(f"{master.url}/readyz").text
