"""Jobs through the API: create, read, change, delete, list."""

import json
import threading

import pytest

from app.common import keys
from tests.harness.poll import wait_until
from tests.integration.master.test_orders import PLAN, put_open_run
from tests.integration.master.test_runs import stored


def job(name: str, **more) -> dict:
    return {"name": name, "command": "true", "cronExpr": "0 3 * * *", **more}


def test_three_fields_make_a_job_and_the_answer_has_all(api, etcd_client):
    answer = api.post("/jobs", job("three"))
    assert answer.status_code == 201
    body = answer.json()
    kv = etcd_client.get(keys.job("three"))
    assert json.loads(kv.value) == job("three")
    assert (body["revision"], body["state"], body["overlap"]) == (kv.mod_revision, "enabled", "skip")
    assert body["nextFire"].endswith("T03:00:00.000Z")
    assert body["scheduleText"]
    assert answer.headers["ETag"] == f'"{kv.mod_revision}"'
    assert answer.headers["Location"] == "/api/v1/jobs/three"
    assert api.get("/jobs/three").json() == body


def test_a_name_of_any_script_is_normalised_and_found_either_way(api):
    composed, decomposed = "caf\u00e9 备份", "cafe\u0301 备份"
    assert api.post("/jobs", job(decomposed)).json()["name"] == composed
    assert api.post("/jobs", job(composed)).status_code == 409
    for name in (composed, decomposed):
        assert api.get(f"/jobs/{name}").json()["name"] == composed
    assert api("PUT", f"/jobs/{decomposed}", job(composed, group="g")).json()["group"] == "g"


def test_names_that_are_prefixes_of_each_other_stay_apart(api):
    for name in ("pre", "pre-fix", "pre fix"):
        assert api.post("/jobs", job(name)).status_code == 201
    assert api("DELETE", "/jobs/pre").status_code == 204
    assert api.get("/jobs/pre").status_code == 404
    assert api.get("/jobs/pre-fix").status_code == 200
    assert api.get("/jobs/pre fix").status_code == 200


def test_put_creates_then_replaces_and_if_none_match_only_creates(api):
    assert api("PUT", "/jobs/put", job("put")).status_code == 201
    assert api("PUT", "/jobs/put", job("put", description="new")).status_code == 200
    only_new = api("PUT", "/jobs/put", job("put"), headers={"If-None-Match": "*"})
    assert only_new.status_code == 412
    assert api.get("/jobs/put").json()["description"] == "new"


def test_if_match_guards_every_write(api):
    etag = api.post("/jobs", job("guarded")).headers["ETag"]
    newer = api("PATCH", "/jobs/guarded", {"group": "a"}, headers={"If-Match": etag})
    assert newer.status_code == 200
    for method, body in (("PUT", job("guarded")), ("PATCH", {"group": "b"}), ("DELETE", None)):
        assert api(method, "/jobs/guarded", body, headers={"If-Match": etag}).status_code == 412
    assert api("PUT", "/jobs/never", job("never"), headers={"If-Match": "*"}).status_code == 412
    assert api("PUT", "/jobs/guarded", job("guarded"), headers={"If-Match": "7"}).status_code == 400
    assert api("DELETE", "/jobs/guarded", headers={"If-Match": newer.headers["ETag"]}).status_code == 204


def test_of_writers_side_by_side_with_one_revision_exactly_one_wins(api, second_master, sign_in):
    etag = api.post("/jobs", job("raced")).headers["ETag"]
    clients = [sign_in(second_master) if n % 2 else api for n in range(8)]
    found: list[int] = []

    def write(number: int) -> None:
        patch = {"description": f"writer {number}"}
        found.append(clients[number]("PATCH", "/jobs/raced", patch, headers={"If-Match": etag}).status_code)

    threads = [threading.Thread(target=write, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == [200] + [412] * 7


def test_writers_side_by_side_without_a_revision_lose_nothing_of_each_other(api):
    api.post("/jobs", job("merged"))
    fields = {"description": "d", "group": "g", "timeoutSeconds": 5, "cwd": "/tmp", "killGraceSeconds": 1}
    threads = [
        threading.Thread(target=api, args=("PATCH", "/jobs/merged", {field: value}))
        for field, value in fields.items()
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    body = api.get("/jobs/merged").json()
    assert {field: body[field] for field in fields} == fields


def test_patch_merges_and_null_means_the_default(api):
    api.post("/jobs", job("patched", env={"A": "1", "B": "2"}, timeoutSeconds=60))
    body = api("PATCH", "/jobs/patched", {"env": {"A": None, "C": "3"}, "timeoutSeconds": None}).json()
    assert body["env"] == {"B": "2", "C": "3"}
    assert body["timeoutSeconds"] is None


def test_a_write_that_changes_nothing_is_no_change(api):
    first = api.post("/jobs", job("same"))
    again = api("PUT", "/jobs/same", job("same"))
    assert (again.status_code, again.headers["ETag"]) == (200, first.headers["ETag"])
    assert len(api.get("/jobs/same/history").json()["items"]) == 1


def test_a_changed_schedule_moves_the_cursor_to_now_and_anything_else_does_not(api, etcd_client):
    cursor = lambda: etcd_client.get(keys.fired("cursor")).value  # noqa: E731
    api.post("/jobs", job("cursor", cronExpr="* * * * *"))
    fresh = int(cursor())
    assert fresh % 60_000 == 0
    etcd_client.put(keys.fired("cursor"), keys.cursor(1_000_000_000_000))
    api("PATCH", "/jobs/cursor", {"command": "false"})
    assert int(cursor()) == 1_000_000_000_000
    for change in ({"cronExpr": "*/2 * * * *"}, {"timezone": "Asia/Shanghai"}):
        etcd_client.put(keys.fired("cursor"), keys.cursor(1_000_000_000_000))
        api("PATCH", "/jobs/cursor", change)
        assert int(cursor()) >= fresh - 60_000
    for action in ("pause", "resume"):
        etcd_client.put(keys.fired("cursor"), keys.cursor(1_000_000_000_000))
        assert api.post(f"/jobs/cursor/{action}").status_code == 200
        assert int(cursor()) >= fresh - 60_000


def test_the_cursor_of_a_deleted_job_holds_for_a_new_one_and_goes_by_itself(api, etcd_client):
    api.post("/jobs", job("reborn", cronExpr="* * * * *"))
    claimed = int(etcd_client.get(keys.fired("reborn")).value) + 120_000  # by a worker ahead of this master
    etcd_client.put(keys.fired("reborn"), keys.cursor(claimed))
    assert api("DELETE", "/jobs/reborn").status_code == 204
    kept = etcd_client.get(keys.fired("reborn"))
    assert int(kept.value) == claimed
    assert kept.lease
    assert api.post("/jobs", job("reborn", cronExpr="* * * * *")).status_code == 201
    found = etcd_client.get(keys.fired("reborn"))
    assert (int(found.value), found.lease) == (claimed, 0)
    etcd_client.revoke(kept.lease)
    assert etcd_client.get(keys.fired("reborn")) is not None
    entry = api.get("/jobs/reborn/history").json()["items"][0]
    assert entry["detail"]["countsFrom"] == claimed


def test_a_deleted_job_leaves_no_cursor_for_ever(api, etcd_client):
    api.post("/jobs", job("gone"))
    api("DELETE", "/jobs/gone")
    etcd_client.revoke(etcd_client.get(keys.fired("gone")).lease)
    assert etcd_client.get(keys.fired("gone")) is None


def test_what_is_no_cursor_is_not_kept(api, etcd_client):
    api.post("/jobs", job("odd cursor"))
    etcd_client.put(keys.fired("odd cursor"), b"?")
    assert api("DELETE", "/jobs/odd cursor").status_code == 204
    assert etcd_client.get(keys.fired("odd cursor")) is None


def test_what_is_done_with_a_job_answers_with_how_it_fares(api, store, etcd_client):
    api.post("/jobs", job("faring"))
    stored(store, "faring", PLAN)
    put_open_run(etcd_client, "faring", PLAN + 1)
    wait_until(lambda: api.get("/jobs/faring").json()["running"])
    for action in ("pause", "resume"):
        answer = api.post(f"/jobs/faring/{action}").json()
        assert (answer["running"], answer["lastRun"]["status"]) == (1, "succeeded")


def test_pausing_twice_is_pausing_once(api):
    api.post("/jobs", job("paused"))
    assert api.post("/jobs/paused/pause").json()["state"] == "paused"
    assert api.post("/jobs/paused/pause").json()["nextFire"] is None
    actions = [entry["action"] for entry in api.get("/jobs/paused/history").json()["items"]]
    assert actions == ["job.pause", "job.create"]


def test_a_job_whose_time_is_over_has_ended(api):
    body = api.post("/jobs", job("over", endsAt="2020-01-01T00:00:00Z")).json()
    assert (body["state"], body["nextFire"]) == ("ended", None)
    assert [row["name"] for row in api.get("/jobs?state=ended").json()["items"]] == ["over"]


@pytest.mark.parametrize(
    "raw", [b"garbage", b"\xff\xfe", b'{"name":"other","command":"x","cronExpr":"@daily"}']
)
def test_garbage_in_etcd_is_shown_with_its_reason_and_can_be_replaced_and_deleted(api, etcd_client, raw):
    etcd_client.put(keys.job("garbage"), raw)
    listed = wait_until(lambda: api.get("/jobs?state=invalid").json()["items"])
    assert [(row["name"], row["state"]) for row in listed] == [("garbage", "invalid")]
    assert listed[0]["reason"]
    shown = api.get("/jobs/garbage").json()
    assert (shown["state"], shown["raw"]) == ("invalid", raw.decode(errors="replace"))
    assert api("PATCH", "/jobs/garbage", {"command": "x"}).status_code == 409
    assert api.post("/jobs/garbage/pause").status_code == 409
    assert api.post("/jobs/garbage/run").status_code == 409
    assert api("PUT", "/jobs/garbage", job("garbage")).json()["state"] == "enabled"
    etcd_client.put(keys.job("garbage"), raw)
    assert api("DELETE", "/jobs/garbage").status_code == 204
    assert api.get("/jobs/garbage").status_code == 404


class TestList:
    @pytest.fixture(autouse=True, scope="class")
    @classmethod
    def jobs(cls, api):
        for number in range(7):
            more = {"group": "listed", "tags": ["even"] if number % 2 == 0 else ["odd", "listed"]}
            assert (
                api.post("/jobs", job(f"List-{number}", cronExpr=f"{number} 4 * * *", **more)).status_code
                == 201
            )

    def names(self, api, query: str) -> list[str]:
        return [row["name"] for row in api.get(f"/jobs?{query}").json()["items"]]

    def test_pages_continue_in_both_directions(self, api):
        for sort in (
            "name",
            "-name",
            "group",
            "-group",
            "nextFire",
            "-nextFire",
            "lastStatus",
            "-lastStart",
            "state",
        ):
            found, cursor = [], ""
            while True:
                page = api.get(f"/jobs?group=listed&limit=3&sort={sort}{cursor}").json()
                assert page["total"] == 7
                found += [row["name"] for row in page["items"]]
                if page["next"] is None:
                    break
                cursor = f"&cursor={page['next']}"
            expected = [f"List-{n}" for n in range(7)]
            assert found == (expected[::-1] if sort.startswith("-") else expected), sort

    def test_search_is_in_name_command_description_and_tags_whatever_the_case(self, api):
        assert self.names(api, "q=LIST-3") == ["List-3"]
        assert self.names(api, "q=odd&group=listed") == ["List-1", "List-3", "List-5"]
        assert self.names(api, "q=nothing has this") == []

    def test_filters_join(self, api):
        assert self.names(api, "tag=even&q=-4") == ["List-4"]
        assert self.names(api, "group=listed&state=paused") == []

    def test_a_cursor_of_another_order_is_refused(self, api):
        cursor = api.get("/jobs?group=listed&limit=3&sort=nextFire").json()["next"]
        answer = api.get(f"/jobs?group=listed&sort=name&cursor={cursor}")
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["field"] == "cursor"

    def test_the_schedule_is_in_the_readers_language(self, api):
        english = api.get("/jobs/List-1").json()["scheduleText"]
        chinese = api.get("/jobs/List-1", headers={"Accept-Language": "zh-CN,en;q=0.5"}).json()[
            "scheduleText"
        ]
        assert english.isascii()
        assert not chinese.isascii()


def test_a_write_is_visible_to_its_writer_on_any_master_at_once(api, second_master, sign_in):
    other = sign_in(second_master)
    for number in range(30):
        name = f"seen-{number:02}"
        writer, reader = (api, other) if number % 2 else (other, api)
        assert writer.post("/jobs", job(name)).status_code == 201
        assert [row["name"] for row in reader.get(f"/jobs?q={name}").json()["items"]] == [name]
        assert writer("DELETE", f"/jobs/{name}").status_code == 204
        assert reader.get(f"/jobs?q={name}").json()["items"] == []
