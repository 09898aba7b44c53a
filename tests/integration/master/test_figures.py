"""Figures for the dashboard and the timeline, and what the system says about itself."""

from importlib.metadata import version

import pytest

from app.common.models import Job, Misfire, Overlap, Status
from tests.harness.poll import wait_until
from tests.integration.master.conftest import Master
from tests.integration.master.test_runs import stored

HOUR = 3_600_000
NOW = 1_780_000_030_000  # 2026-05-28, 20:27:10 UTC


@pytest.fixture(scope="module")
def quiet(tmp_path_factory):
    """A master whose clock stands still, with nothing but the jobs of this module."""
    from tests.harness.services import Etcd

    member = Etcd(tmp_path_factory.mktemp("own-etcd"))
    member.start()
    master = Master(member, f"sqlite:///{tmp_path_factory.mktemp('own') / 'runs.db'}", now=lambda: NOW)
    yield master.start()
    master.stop()
    member.stop()


@pytest.fixture(scope="module")
def own(quiet, sign_in):
    api = sign_in(quiet)
    for name, expression, group in (
        ("each-minute", "* * * * *", "often"),
        ("each-hour", "0 * * * *", "often"),
        ("daily", "30 21 * * *", None),
        ("paused", "* * * * *", "off"),
    ):
        body = {"name": name, "command": "true", "cronExpr": expression, "group": group}
        assert api.post("/jobs", {**body, "enabled": name != "paused"}).status_code == 201
    return api


def upcoming(api, **parameters) -> dict:
    answer = api.get("/stats/upcoming", params=parameters)
    assert answer.status_code == 200, answer.text
    return answer.json()


class TestUpcoming:
    def test_fires_are_counted_by_minute_and_group(self, own):
        found = upcoming(own, hours=2)
        assert found["start"] == "2026-05-28T20:27:00.000Z"
        assert found["bucketSeconds"] == 60
        assert len(found["fires"]) == 120
        # 21:00 and 21:30 are 33 and 63 minutes on.
        assert found["fires"] == [2 if n in (33, 63, 93) else 1 for n in range(120)]
        assert found["total"] == 123
        assert [(g["group"], g["total"]) for g in found["groups"]] == [("often", 122), (None, 1)]
        assert found["groups"][1]["fires"].index(1) == 63

    def test_larger_buckets_begin_at_their_multiples(self, own):
        found = upcoming(own, hours=24, bucket=3600, groups="false")
        assert found["start"] == "2026-05-28T20:00:00.000Z"
        assert found["fires"] == [62 if n == 1 else 61 for n in range(24)]
        assert found["groups"] == []
        odd = upcoming(own, hours=1, bucket=420)
        assert len(odd["fires"]) == 9
        assert sum(odd["fires"]) == odd["total"]

    @pytest.mark.parametrize(("group", "total"), [("often", 122), ("", 1), ("off", 0), ("none", 0)])
    def test_a_group_alone(self, own, group, total):
        found = upcoming(own, hours=2, group=group)
        assert found["total"] == sum(found["fires"]) == total
        assert [g["group"] for g in found["groups"]] == ([group or None] if total else [])

    def test_a_change_shows_at_once(self, own):
        body = {"name": "new", "command": "true", "cronExpr": "*/30 * * * *", "group": "fresh"}
        own.post("/jobs", body)
        assert upcoming(own, hours=2, group="fresh")["total"] == 4
        own.post("/jobs/new/pause")
        assert upcoming(own, hours=2, group="fresh")["total"] == 0
        own("DELETE", "/jobs/new")
        assert "fresh" not in [g["group"] for g in upcoming(own, hours=2)["groups"]]

    def test_only_the_largest_groups_are_listed(self, own):
        for number in range(60):
            body = {"name": f"many-{number}", "command": "true", "cronExpr": "@hourly", "group": f"g{number}"}
            own.post("/jobs", body)
        found = upcoming(own, hours=2)
        assert len(found["groups"]) == 50
        assert found["groups"][0]["group"] == "often"
        assert found["total"] == 123 + 120

    @pytest.mark.parametrize(
        ("query", "field"),
        [
            ("hours=0", "hours"),
            ("hours=49", "hours"),
            ("bucket=59", "bucket"),
            ("bucket=90", "bucket"),
            ("bucket=3660", "bucket"),
            ("group=" + "x" * 300, "group"),
            ("groups=perhaps", "groups"),
            ("minutes=1", "minutes"),
        ],
    )
    def test_a_bad_parameter_is_named(self, own, query, field):
        answer = own.get(f"/stats/upcoming?{query}")
        assert answer.status_code == 422
        assert [e["field"] for e in answer.json()["errors"]] == [field]


class TestWorkload:
    def test_runs_are_counted_by_worker_and_time(self, own, quiet):
        for number in range(6):
            status = Status.FAILED if number == 5 else Status.SUCCEEDED
            stored(quiet.store, f"load-{number}", NOW - number * HOUR, status, worker=f"w{number % 2}")
        found = own.get("/stats/workload", params={"bucket": 3600}).json()
        assert found["bucketSeconds"] == 3600
        assert [w["worker"] for w in found["workers"]] == ["w0", "w1"]
        assert found["workers"][1]["items"] == [
            {"start": f"2026-05-28T{hour}:00:00.000Z", "runs": {status: 1}}
            for hour, status in ((15, "failed"), (17, "succeeded"), (19, "succeeded"))
        ]
        # The row planned at this very moment is not before now.
        assert len(found["workers"][0]["items"]) == 2

    def test_a_window_is_as_asked_for(self, own):
        window = {"since": "2026-05-28T17:00:00Z", "until": "2026-05-28T18:00:00Z"}
        (worker,) = own.get("/stats/workload", params=window).json()["workers"]
        assert [item["start"] for item in worker["items"]] == ["2026-05-28T17:15:00.000Z"]

    @pytest.mark.parametrize(
        ("query", "field"),
        [
            ("since=2026-05-28T17:00:00Z&until=2026-05-28T17:00:00Z", "until"),
            ("bucket=60", "bucket"),
            ("bucket=100", "bucket"),
            ("since=yesterday", "since"),
        ],
    )
    def test_a_bad_parameter_is_named(self, own, query, field):
        answer = own.get(f"/stats/workload?{query}")
        assert answer.status_code == 422
        assert [e["field"] for e in answer.json()["errors"]] == [field]


def test_the_ledger_of_the_day_follows_within_seconds(api):
    # The store of a master that has just started may not be prepared yet.
    before = wait_until(lambda: (answer := api.get("/ledger")).is_success and answer.json())
    assert wait_until(lambda: api.get("/ledger").json()["to"] > before["to"])
    assert before["unaccounted"] == before["duplicated"] == 0


class TestAbout:
    def test_it_says_what_this_is(self, as_role, etcd_client):
        about = as_role("viewer").get("/about").json()
        assert about["version"] == version("yuanya-crontab")
        assert about["timezone"] == "UTC"
        assert about["store"] == {"kind": "sqlite"}
        assert about["etcd"]["version"] == etcd_client.status()[0]
        assert about["etcd"]["dbSizeBytes"] > 0
        assert about["retentionDays"] == 30
        assert about["now"].endswith("Z")

    def test_what_is_not_yet_is_what_the_model_refuses(self, api):
        said = set(api.get("/about").json()["notYet"])
        other = {
            "jitterSeconds": 1,
            "retries": {"max": 1},
            "broadcast": True,
            "user": "nobody",
            "limits": {"memoryMb": 1},
            "onSuccess": ["other"],
            "onFailure": ["other"],
            "notify": {"channels": ["mail"]},
        }
        tried = {**other, **{f"overlap.{o}": o for o in Overlap}, **{f"misfire.{m}": m for m in Misfire}}
        refused = set()
        for number, (name, value) in enumerate(tried.items()):
            body = {"name": f"try-{number}", "command": "true", "cronExpr": "@yearly"}
            answer = api.post("/jobs", {**body, name.partition(".")[0]: value})
            if answer.status_code == 422 and "not supported yet" in answer.json()["detail"]:
                refused.add(name)
        assert said == refused
        assert {name for name in said if "." not in name} == set(other)
        assert len(said) == len(Job.not_yet())
