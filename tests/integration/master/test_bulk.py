"""One action on many jobs: each is a change of its own, and the caller hears what became of each."""

import signal

import pytest

from app.common import keys
from app.master.services import stretches
from tests.harness.poll import wait_until
from tests.integration.master.conftest import Master
from tests.integration.master.test_jobs import job
from tests.integration.master.test_orders import PLAN, put_open_run


def made(api, group: str, count: int, **more) -> list[str]:
    names = [f"{group}-{n:02}" for n in range(count)]
    for name in names:
        assert api.post("/jobs", job(name, group=group, **more)).status_code == 201
    return names


def results(answer) -> dict[str, str]:
    assert answer.status_code == 200, answer.text
    return {item["name"]: item["result"] for item in answer.json()["items"]}


def actions(api, name: str) -> list[str]:
    return [entry["action"] for entry in api.get(f"/jobs/{name}/history").json()["items"]]


def test_named_jobs_are_paused_and_resumed_with_an_audit_entry_each(api, as_role):
    names = made(api, "named", 5)
    operator = as_role("operator")
    answer = operator.post("/jobs/bulk", {"action": "pause", "names": names})
    assert results(answer) == dict.fromkeys(names, "done")
    assert (answer.json()["total"], answer.json()["next"]) == (5, None)
    assert api.get("/jobs?group=named&state=paused").json()["total"] == 5
    again = operator.post("/jobs/bulk", {"action": "pause", "names": [*names, names[0]]})
    assert results(again) == dict.fromkeys(names, "unchanged")
    assert all(item["detail"] for item in again.json()["items"])
    assert results(operator.post("/jobs/bulk", {"action": "resume", "names": names[:2]})) == dict.fromkeys(
        names[:2], "done"
    )
    assert [actions(api, name) for name in names[1:3]] == [
        ["job.resume", "job.pause", "job.create"],
        ["job.pause", "job.create"],
    ]
    entry = api.get("/jobs/named-00/history").json()["items"][0]
    assert (entry["detail"]["via"], entry["before"]["enabled"]) == ("token:of-operator", False)


def test_what_one_cannot_do_does_not_keep_the_others(api, etcd_client):
    names = made(api, "mixed", 2)
    etcd_client.put(keys.job("mixed-bad"), b"garbage")
    wait_until(lambda: api.get("/jobs?q=mixed-bad").json()["total"] == 1)
    wanted = [names[0], "mixed-none", "a/b", "", "mixed-bad", names[1]]
    for action in ("pause", "run", "tag"):
        more = {"addTags": ["t"]} if action == "tag" else {}
        answer = api.post("/jobs/bulk", {"action": action, "names": wanted, **more})
        assert list(results(answer).values()) == ["done", "failed", "failed", "failed", "failed", "done"]
        details = {item["name"]: item["detail"] for item in answer.json()["items"]}
        assert "no job" in details["mixed-none"]
        assert "invalid" in details["mixed-bad"]
    deleted = api.post("/jobs/bulk", {"action": "delete", "names": wanted})
    assert list(results(deleted).values()) == ["done", "failed", "failed", "failed", "done", "done"]
    assert api.get("/jobs?q=mixed").json()["total"] == 0
    assert actions(api, names[0])[0] == "job.delete"


def test_run_orders_each_and_kill_reaches_what_runs(api, etcd_client):
    names = made(api, "orders", 3)
    answer = api.post("/jobs/bulk", {"action": "run", "names": names})
    runs = {item["name"]: item["runIds"] for item in answer.json()["items"]}
    for name in names:
        (run,) = runs[name]
        assert api.get(f"/runs/{run}").json()["jobName"] == name
        assert actions(api, name)[0] == "job.run"
    open_runs = [put_open_run(etcd_client, names[0], PLAN + n) for n in range(2)]
    gone = put_open_run(etcd_client, "orders-deleted", PLAN)
    killed = api.post(
        "/jobs/bulk", {"action": "kill", "names": [*names[:2], "orders-deleted", "orders-none"]}
    )
    assert [(i["result"], i["runIds"]) for i in killed.json()["items"]] == [
        ("done", open_runs),
        ("unchanged", []),
        ("done", [gone]),
        ("failed", []),
    ]
    assert etcd_client.get(keys.killer(names[0])) is not None
    assert etcd_client.get(keys.killer(names[1])) is None


def test_a_filter_is_worked_through_by_name_with_a_cursor(api):
    names = made(api, "walked", 7)
    made(api, "walked-other", 1)
    seen, totals, cursor = [], [], None
    while True:
        # Each pause takes the job out of what the filter finds, and the walk still meets each once.
        wanted = {"action": "pause", "filter": {"group": "walked", "state": "enabled"}, "limit": 3}
        page = api.post("/jobs/bulk", {**wanted, "cursor": cursor}).json()
        seen += [item["name"] for item in page["items"]]
        totals.append(page["total"])
        cursor = page["next"]
        if cursor is None:
            break
    assert seen == names
    assert totals[0] == 7
    assert api.get("/jobs?group=walked&state=paused").json()["total"] == 7
    assert api.get("/jobs?group=walked-other&state=paused").json()["total"] == 0


def test_the_longest_names_of_any_script_are_worked_through_too(api):
    names = [letter * 127 + end for letter in ("\u5907", "\U00020000") for end in "ab"]
    for name in names:
        assert api.post("/jobs", job(name, group="\U00020000" * 128)).status_code == 201
    chosen = {"group": "\U00020000" * 128}
    seen, cursor = [], None
    while not seen or cursor:
        body = {"action": "pause", "filter": chosen, "limit": 1, "cursor": cursor}
        page = api.post("/jobs/bulk", body)
        assert list(results(page).values()) == ["done"]
        seen += results(page)
        cursor = page.json()["next"]
    assert seen == names
    first = api.get("/jobs", params={**chosen, "sort": "group", "limit": 1}).json()
    rest = api.get("/jobs", params={**chosen, "sort": "group", "cursor": first["next"]}).json()
    assert [row["name"] for row in [*first["items"], *rest["items"]]] == names


def test_a_filter_that_finds_nothing_does_nothing(api):
    page = api.post("/jobs/bulk", {"action": "delete", "filter": {"q": "nothing has this"}}).json()
    assert page == {"items": [], "total": 0, "next": None}


def test_tags_are_added_and_removed_and_the_group_set_or_cleared(api):
    names = made(api, "tagged", 2, tags=["old", "kept"])
    api("PATCH", f"/jobs/{names[1]}", {"tags": ["new"]})

    def tag(**more) -> dict[str, str]:
        return results(api.post("/jobs/bulk", {"action": "tag", "names": names, **more}))

    def shown(field: str) -> list:
        return [api.get(f"/jobs/{name}").json()[field] for name in names]

    assert set(tag(addTags=["new", "new"], removeTags=["old"]).values()) == {"done", "unchanged"}
    assert shown("tags") == [["kept", "new"], ["new"]]
    assert shown("group") == ["tagged", "tagged"]
    assert set(tag(group="moved").values()) == {"done"}
    assert shown("group") == ["moved", "moved"]
    assert shown("tags") == [["kept", "new"], ["new"]]
    for nothing in (None, ""):
        tag(group="moved")
        assert set(tag(group=nothing).values()) == {"done"}
        assert shown("group") == [None, None]
    full = api.post("/jobs/bulk", {"action": "tag", "names": names, "addTags": [f"t{n}" for n in range(31)]})
    assert list(results(full).values()) == ["failed", "done"]
    assert full.json()["items"][0]["detail"].startswith("tags: ")
    assert actions(api, names[0])[0] == "job.update"


NAMES = {"names": ["one"]}
BAD = {
    "no action": (NAMES, "action"),
    "unknown action": ({"action": "paint", **NAMES}, "action"),
    "neither names nor filter": ({"action": "pause"}, "names"),
    "both": ({"action": "pause", **NAMES, "filter": {}}, "names"),
    "no name": ({"action": "pause", "names": []}, "names"),
    "1,001 names": ({"action": "pause", "names": ["x"] * 1001}, "names"),
    "a number for a name": ({"action": "pause", "names": [1]}, "names.0"),
    "limit 0": ({"action": "pause", "filter": {}, "limit": 0}, "limit"),
    "limit 1,001": ({"action": "pause", "filter": {}, "limit": 1001}, "limit"),
    "cursor with names": ({"action": "pause", **NAMES, "cursor": "x"}, "cursor"),
    "garbage cursor": ({"action": "pause", "filter": {}, "cursor": "x"}, "cursor"),
    "unknown filter": ({"action": "pause", "filter": {"colour": "red"}}, "filter.colour"),
    "bad state": ({"action": "pause", "filter": {"state": "tired"}}, "filter.state"),
    "bad last status": ({"action": "pause", "filter": {"lastStatus": ["tired"]}}, "filter.lastStatus.0"),
    "filter of an operator": ({"action": "pause", "filter": {"q": {"$ne": 1}}}, "filter.q"),
    "tags to pause": ({"action": "pause", **NAMES, "addTags": ["x"]}, "addTags"),
    "group to run": ({"action": "run", **NAMES, "group": None}, "group"),
    "nothing to tag with": ({"action": "tag", **NAMES}, "addTags"),
    "a bad tag": ({"action": "tag", **NAMES, "addTags": ["a/b"]}, "addTags.0"),
    "33 tags": ({"action": "tag", **NAMES, "addTags": [f"t{n}" for n in range(33)]}, "addTags"),
    "a bad group": ({"action": "tag", **NAMES, "group": "<b>"}, "group"),
    "unknown field": ({"action": "pause", **NAMES, "colour": 1}, "colour"),
}


@pytest.mark.parametrize(("body", "field"), BAD.values(), ids=BAD.keys())
def test_a_bad_request_is_refused_by_field_and_changes_nothing(api, etcd_client, body, field):
    wait_until(lambda: etcd_client.count(keys.AUDIT) == 0, what="an empty outbox")
    before = etcd_client.scan(keys.ROOT).items
    answer = api.post("/jobs/bulk", body)
    assert answer.status_code == 422, answer.text
    assert field in [error["field"] for error in answer.json()["errors"]]
    assert etcd_client.scan(keys.ROOT).items == before


def test_each_action_needs_its_role(api, as_role):
    (name,) = made(api, "roles", 1)
    for action in ("run", "kill", "pause", "resume", "delete", "tag"):
        body = {"action": action, "names": [name], **({"addTags": ["x"]} if action == "tag" else {})}
        assert as_role("viewer").post("/jobs/bulk", body).status_code == 403
        status = as_role("operator").post("/jobs/bulk", body).status_code
        assert status == (403 if action in ("delete", "tag") else 200), action
    assert actions(api, name) == ["job.resume", "job.pause", "job.run", "job.create"]
    assert results(as_role("editor").post("/jobs/bulk", {"action": "delete", "names": [name]})) == {
        name: "done"
    }


def test_a_filter_that_runs_out_of_time_says_where_to_go_on(api, monkeypatch):
    names = made(api, "slow", 5)
    monkeypatch.setattr(stretches, "STRETCH", 2)
    monkeypatch.setattr(stretches, "SECONDS", 0.001)
    seen, cursor = [], None
    while True:
        body = {"action": "pause", "filter": {"group": "slow"}, "cursor": cursor}
        page = api.post("/jobs/bulk", body).json()
        seen.append([item["name"] for item in page["items"]])
        if (cursor := page["next"]) is None:
            break
    assert seen == [names[:2], names[2:4], names[4:]]
    rest = api.post("/jobs/bulk", {"action": "resume", "names": names}).json()["items"]
    assert [item["result"] for item in rest] == ["done"] * 2 + ["failed"] * 3
    assert "Not tried" in rest[-1]["detail"]


def test_without_etcd_it_is_503(etcd, tmp_path, sign_in):
    master = Master(etcd, f"sqlite:///{tmp_path / 'runs.db'}").start()
    try:
        api = sign_in(master)
        made(api, "away", 1)
        etcd.signal(signal.SIGSTOP)
        answer = api.post("/jobs/bulk", {"action": "pause", "names": ["away-00"]})
        assert (answer.status_code, "etcd" in answer.json()["detail"]) == (503, True)
    finally:
        etcd.signal(signal.SIGCONT)
        master.stop()


def test_a_copy_does_the_same_under_another_name_and_is_paused(api, etcd_client, as_role):
    original = job("copied", group="g", tags=["t"], env={"A": "1"}, timeoutSeconds=5)
    api.post("/jobs", original)
    answer = as_role("editor").post("/jobs/copied/clone", {"name": "copy"})
    assert answer.status_code == 201
    assert answer.headers["Location"] == "/api/v1/jobs/copy"
    body = answer.json()
    assert (body["name"], body["enabled"], body["state"], body["nextFire"]) == ("copy", False, "paused", None)
    assert {field: body[field] for field in original if field != "name"} == {
        field: value for field, value in original.items() if field != "name"
    }
    assert api.post("/jobs/copied/clone", {"name": "copy on", "enabled": True}).json()["state"] == "enabled"
    assert api.post("/jobs/copied/clone", {"name": "copy"}).status_code == 409
    assert api.post("/jobs/none/clone", {"name": "copy 2"}).status_code == 404
    etcd_client.put(keys.job("broken"), b"?")
    assert api.post("/jobs/broken/clone", {"name": "copy 2"}).status_code == 409
    assert as_role("operator").post("/jobs/copied/clone", {"name": "copy 2"}).status_code == 403
    for bad, field in (({}, "name"), ({"name": "a/b"}, "name"), ({"name": "x", "colour": 1}, "colour")):
        refused = api.post("/jobs/copied/clone", bad)
        assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, field)
    assert api.get("/jobs/copy 2").status_code == 404
    assert actions(api, "copy") == ["job.create"]
