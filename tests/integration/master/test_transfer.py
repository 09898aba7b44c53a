"""Jobs in and out as text: what a dry run shows is what is written, and what goes out comes in unchanged."""

import json

import pytest
import yaml

from app.common import keys
from app.common.errors import EtcdUnavailable
from app.master.services import imports, stretches
from app.master.services.jobs import Jobs
from tests.harness.poll import wait_until
from tests.integration.master.test_jobs import job

CRONTAB = (
    "MAILTO=ops\nPATH=/bin\n"
    "30 2 * * * /opt/backup --all\n"
    "@reboot /opt/start\n"
    "61 * * * * /opt/never\n"
    "CRON_TZ=Asia/Tokyo\n"
    "0 9 * * 1-5 /opt/report > /dev/null\n"
)


def bring(api, text: str, form: str = "yaml", **more) -> dict:
    answer = api.post("/import", {"format": form, "text": text, **more})
    assert answer.status_code == 200, answer.text
    return answer.json()


def counts(answer: dict) -> tuple[int, int, int, int, bool]:
    return tuple(answer[name] for name in ("create", "update", "unchanged", "refused", "applied"))


@pytest.fixture
def quiet(etcd_client):
    """Checks after the test that it wrote nothing of any job."""
    wait_until(lambda: etcd_client.count(keys.AUDIT) == 0, what="an empty outbox")
    before = etcd_client.scan(keys.ROOT).items
    yield
    assert etcd_client.scan(keys.ROOT).items == before


@pytest.mark.usefixtures("quiet")
def test_a_dry_run_of_a_crontab_shows_each_line_and_writes_nothing(api):
    answer = bring(api, CRONTAB, "crontab", group="cron", timezone="Europe/Berlin")
    assert counts(answer) == (2, 0, 0, 2, False)
    assert [(item["where"], item["name"], item["change"]) for item in answer["items"]] == [
        ("line 3", "crontab-backup", "create"),
        ("line 4", "", "refused"),
        ("line 5", "crontab-never", "refused"),
        ("line 7", "crontab-report", "create"),
    ]
    backup, reboot, never, report = answer["items"]
    assert backup["after"] == {
        "name": "crontab-backup",
        "command": "/opt/backup --all",
        "cronExpr": "30 2 * * *",
        "description": "From crontab",
        "group": "cron",
        "timezone": "Europe/Berlin",
        "shell": "/bin/sh",
        "env": {"PATH": "/bin"},
    }
    assert (backup["before"], backup["revision"]) == (None, 0)
    assert backup["scheduleText"]
    assert backup["nextFire"].endswith("30:00.000Z")
    assert report["after"]["timezone"] == "Asia/Tokyo"
    assert "@reboot" in reboot["errors"][0]["message"]
    assert (never["errors"][0]["field"], never["after"]) == ("cronExpr", None)
    assert "MAILTO" in answer["notes"][0]


def test_nothing_is_written_if_anything_is_refused_unless_partial(api):
    held = bring(api, CRONTAB, "crontab", group="held", dryRun=False)
    assert counts(held) == (2, 0, 0, 2, False)
    assert api.get("/jobs?group=held").json()["total"] == 0
    partial = bring(api, CRONTAB, "crontab", group="held", dryRun=False, partial=True)
    assert counts(partial) == (2, 0, 0, 2, True)
    assert [row["name"] for row in api.get("/jobs?group=held").json()["items"]] == [
        "crontab-backup",
        "crontab-report",
    ]
    again = bring(api, CRONTAB, "crontab", group="held", dryRun=False, partial=True)
    assert counts(again) == (0, 0, 2, 2, True)
    assert [e["action"] for e in api.get("/jobs/crontab-backup/history").json()["items"]] == ["job.create"]


def test_a_second_import_of_a_crontab_leaves_paused_what_is_paused(api):
    text = "1 1 * * * www-data /opt/other\n2 2 * * * root /opt/own\n"
    first = bring(api, text, "crontab", system=True, group="sys", dryRun=False)
    other, own = first["items"]
    assert (other["after"]["enabled"], other["nextFire"]) == (False, None)
    assert "imported paused" in other["notes"][0]
    assert "enabled" not in own["after"]
    api.post("/jobs/crontab-other/resume")
    api.post("/jobs/crontab-own/pause")
    changed = bring(
        api, text.replace("1 1 ", "3 3 "), "crontab", system=True, group="sys", dryRun=False, partial=True
    )
    assert counts(changed) == (0, 1, 1, 0, True)
    assert api.get("/jobs/crontab-other").json()["state"] == "enabled"
    assert api.get("/jobs/crontab-other").json()["cronExpr"] == "3 3 * * *"
    assert api.get("/jobs/crontab-own").json()["state"] == "paused"


def test_yaml_creates_changes_and_leaves_alone(api):
    api.post("/jobs", job("y-same", group="g"))
    revision = api.post("/jobs", job("y-other", group="g", description="old")).json()["revision"]
    text = yaml.safe_dump_all([job("y-same", group="g"), job("y-other", cronExpr="@hourly"), job("y-new")])
    dry = bring(api, text)
    assert counts(dry) == (1, 1, 1, 0, False)
    same, other, new = dry["items"]
    assert (same["change"], other["change"], new["change"]) == ("unchanged", "update", "create")
    assert other["before"] == job("y-other", group="g", description="old")
    assert other["after"] == job("y-other", cronExpr="@hourly")
    assert other["revision"] == revision
    revisions = {item["name"]: item["revision"] for item in dry["items"]}
    done = bring(api, text, dryRun=False, revisions=revisions)
    assert counts(done) == (1, 1, 1, 0, True)
    assert [api.get(f"/jobs/{name}").json()["group"] for name in ("y-same", "y-other", "y-new")] == [
        "g",
        None,
        None,
    ]
    assert [e["action"] for e in api.get("/jobs/y-other/history").json()["items"]] == [
        "job.update",
        "job.create",
    ]


def test_a_job_that_changed_since_the_dry_run_is_refused(api):
    api.post("/jobs", job("r-a"))
    text = json.dumps([job("r-a", command="new"), job("r-b", command="new")])
    revisions = {item["name"]: item["revision"] for item in bring(api, text)["items"]}
    assert revisions["r-b"] == 0
    api("PATCH", "/jobs/r-a", {"group": "mine"})
    api.post("/jobs", job("r-b"))
    refused = bring(api, text, dryRun=False, revisions=revisions)
    assert counts(refused) == (0, 0, 0, 2, False)
    for item in refused["items"]:
        assert "has been changed since" in item["errors"][0]["message"]
        assert item["before"]["command"] == "true"
    assert api.get("/jobs/r-a").json()["command"] == "true"
    fresh = {item["name"]: item["revision"] for item in refused["items"]}
    assert counts(bring(api, text, dryRun=False, revisions=fresh)) == (0, 2, 0, 0, True)


def test_a_change_between_the_look_and_the_write_is_refused_not_overwritten(api, master, monkeypatch):
    api.post("/jobs", job("m-a"))
    plan = imports.Imports.plan

    def plan_then_meet_another(self, *args):
        planned = plan(self, *args)
        api("PATCH", "/jobs/m-a", {"group": "theirs"})
        api.post("/jobs", job("m-b", group="theirs"))
        return planned

    monkeypatch.setattr(imports.Imports, "plan", plan_then_meet_another)
    text = json.dumps([job("m-a", command="new"), job("m-b"), job("m-c")])
    done = bring(api, text, dryRun=False)
    assert counts(done) == (1, 0, 0, 2, True)
    assert all(item["errors"] for item in done["items"][:2])
    assert [api.get(f"/jobs/m-{n}").json()["group"] for n in "abc"] == ["theirs", "theirs", None]


def test_an_import_that_loses_etcd_says_what_was_written_and_can_be_continued(api, monkeypatch):
    monkeypatch.setattr(stretches, "STRETCH", 2)
    replace = Jobs.replace

    def lose_the_second_answer(self, job, *args):
        written = replace(self, job, *args)
        if job.name == "l-1":
            raise EtcdUnavailable("etcd is away")
        return written

    text = json.dumps([job(f"l-{n}") for n in range(5)])
    revisions = {f"l-{n}": 0 for n in range(5)}
    with monkeypatch.context() as patched:
        patched.setattr(Jobs, "replace", lose_the_second_answer)
        first = bring(api, text, dryRun=False, revisions=revisions)
    assert counts(first) == (1, 0, 0, 4, True)
    messages = [item["errors"][0]["message"] for item in first["items"][1:]]
    assert ["may or may not" in message for message in messages] == [True, False, False, False]
    assert all("not written" in message for message in messages[1:])
    wait_until(lambda: api.get("/jobs?q=l-").json()["total"] == 2)
    second = bring(api, text, dryRun=False, revisions=revisions)
    assert counts(second) == (3, 0, 2, 0, True)


def test_an_invalid_job_in_etcd_can_be_replaced(api, etcd_client):
    etcd_client.put(keys.job("broken"), b"garbage")
    wait_until(lambda: api.get("/jobs?q=broken").json()["total"] == 1)
    done = bring(api, json.dumps(job("broken")), dryRun=False)
    assert counts(done) == (0, 1, 0, 0, True)
    assert done["items"][0]["before"]["raw"] == "garbage"
    assert api.get("/jobs/broken").json()["state"] == "enabled"


def test_zone_and_group_are_for_jobs_that_name_none(api):
    answer = bring(
        api, json.dumps([job("z-a"), job("z-b", group="own")]), group="given", timezone="Asia/Tokyo"
    )
    assert [(i["after"]["group"], i["after"]["timezone"]) for i in answer["items"]] == [
        ("given", "Asia/Tokyo"),
        ("own", "Asia/Tokyo"),
    ]


FULL = {
    "x-plain": {},
    "x-script": {"command": "set -e\n  echo '#1: one'\n"},
    "x-full": {
        "command": 'set -e\n# comment: \'quoted\' "twice"\n\techo "${A}" | tr a-z A-Z  \n\nexit 0\n',
        "description": "two\nlines \u4f60\u597d \U0001f600 - 'x': #y",
        "group": "\u7ec4",
        "tags": ["yes", "no", "1", "null", "2030-01-01"],
        "timezone": "Asia/Shanghai",
        "startsAt": "2030-01-31T08:00:00+08:00",
        "env": {"A": "on", "B": "", "C": "0x10", "D": " padded ", "E": "1:30", "F": "1e3"},
        "timeoutSeconds": 0.5,
        "enabled": False,
        "workerLabels": {"zone": "true"},
        "overlap": "allow",
        "misfire": "latest",
    },
    "x-\u5907\u4efd": {"command": "x" * 5000, "cronExpr": "H H * * *"},
    "x-odd": {"command": "trailing space \n  indented\r\nend\x07\x85\u2028", "cronExpr": "@every 30s"},
}


@pytest.mark.parametrize(("form", "type_"), [("yaml", "application/yaml"), ("json", "application/json")])
def test_what_goes_out_comes_in_unchanged(api, form, type_):
    for name, fields in FULL.items():
        api("PUT", f"/jobs/{name}", job(name, **fields))
    answer = api.get(f"/export?q=x-&format={form}")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith(type_)
    assert answer.headers["Content-Disposition"].startswith('attachment; filename="jobs-20')
    assert answer.headers["Content-Disposition"].endswith(f'.{form}"')
    text = answer.content.decode()
    if form == "json":
        assert [each["name"] for each in json.loads(text)] == sorted(FULL)
    else:
        assert text.count("\n---\n") == len(FULL) - 1
        assert "command: |\n  set -e\n    echo '#1: one'\n" in text
    before = {name: api.get(f"/jobs/{name}").json() for name in FULL}
    assert counts(bring(api, text, dryRun=False)) == (0, 0, len(FULL), 0, True)
    for name in FULL:
        api("DELETE", f"/jobs/{name}")
    assert counts(bring(api, text, dryRun=False)) == (len(FULL), 0, 0, 0, True)
    changing = ("revision", "lastRun", "nextFire")
    for name, body in before.items():
        now = api.get(f"/jobs/{name}").json()
        assert {k: v for k, v in now.items() if k not in changing} == {
            k: v for k, v in body.items() if k not in changing
        }


def test_export_takes_the_filters_of_the_list_and_leaves_invalid_jobs_out(api, etcd_client):
    for number in range(3):
        api.post(
            "/jobs", job(f"out-{number}", group="out", enabled=number != 1, workerLabels={"z": str(number)})
        )
    etcd_client.put(keys.job("out-bad"), b"garbage")
    wait_until(lambda: api.get("/jobs?q=out-").json()["total"] == 4)

    def names(query: str) -> list[str]:
        return [each["name"] for each in json.loads(api.get(f"/export?format=json&{query}").content)]

    assert names("q=out-") == ["out-0", "out-1", "out-2"]
    assert names("group=out&state=enabled") == ["out-0", "out-2"]
    assert names("label=z%3D2&lastStatus=never") == ["out-2"]
    assert names("q=nothing has this") == []
    assert api.get("/export?q=nothing has this").content == b""
    assert api.get("/export?format=xml").json()["errors"][0]["field"] == "format"
    assert api.get("/export?colour=red").json()["errors"][0]["field"] == "colour"


BOMB = "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{chr(98 + n)}: &{chr(98 + n)} [{', '.join([f'*{chr(97 + n)}'] * 10)}]\n" for n in range(9)
)
BAD = {
    "no format": ({"text": "x"}, "format"),
    "unknown format": ({"format": "xml", "text": "x"}, "format"),
    "no text": ({"format": "yaml"}, "text"),
    "empty text": ({"format": "yaml", "text": ""}, "text"),
    "no job": ({"format": "yaml", "text": "# nothing\n"}, "text"),
    "no line": ({"format": "crontab", "text": "A=1\n"}, "text"),
    "text of a number": ({"format": "yaml", "text": 5}, "text"),
    "broken YAML": ({"format": "yaml", "text": "a: b: c"}, "text"),
    "nested deep": ({"format": "yaml", "text": "[" * 100_000}, "text"),
    "billions of values": ({"format": "yaml", "text": BOMB}, "text"),
    "python": ({"format": "yaml", "text": "!!python/object/apply:os.system ['false']"}, "text"),
    "unknown zone": ({"format": "crontab", "text": "* * * * * x", "timezone": "Mars"}, "timezone"),
    "bad group": ({"format": "crontab", "text": "* * * * * x", "group": "a/b"}, "group"),
    "user column in YAML": ({"format": "yaml", "text": "a", "system": True}, "system"),
    "dry run of text": ({"format": "yaml", "text": "a", "dryRun": "no"}, "dryRun"),
    "revisions of text": ({"format": "yaml", "text": "a", "revisions": {"a": "1"}}, "revisions.a"),
    "unknown field": ({"format": "yaml", "text": "a", "colour": 1}, "colour"),
}


@pytest.mark.parametrize(("body", "field"), BAD.values(), ids=BAD.keys())
@pytest.mark.usefixtures("quiet")
def test_a_bad_import_is_refused_by_field(api, body, field):
    answer = api.post("/import", {"dryRun": False, **body} if "dryRun" not in body else body)
    assert answer.status_code == 422, answer.text
    assert field in [error["field"] for error in answer.json()["errors"]]


def test_a_text_of_megabytes_is_taken_and_more_is_said_to_be_too_much(api):
    command = "x" * 250_000
    text = json.dumps([job(f"big-{n}", command=command) for n in range(20)])
    assert counts(bring(api, text)) == (20, 0, 0, 0, False)
    assert api.post("/import", {"format": "yaml", "text": "#" * 8_388_608}).status_code == 413
    assert api.post("/jobs", {"text": "#" * 2_000_000}).status_code == 413


def test_texts_that_would_take_long_to_read_are_refused(api):
    for form, text in (("crontab", "x\n" * 60_000), ("yaml", "- [" + "x, " * 600_000 + "x]\n")):
        answer = api.post("/import", {"format": form, "text": text})
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "text")
        assert "more than" in answer.json()["detail"]


def test_half_a_character_is_refused_where_it_stands(api):
    jobs = ['{"name": "\\ud800"}', '{"name": "h", "command": "\\ud800", "cronExpr": "@daily"}']
    answer = bring(api, f"[{', '.join(jobs)}]")
    assert [item["name"] for item in answer["items"]] == ["", "h"]
    assert all(item["errors"] for item in answer["items"])


def test_a_text_that_puts_much_into_each_of_many_jobs_is_refused(api):
    big = "x" * 60_000
    for form, text in (
        ("crontab", f"A={big}\n" + "* * * * * x\n" * 1000),
        (
            "yaml",
            f"- {json.dumps(job('n', description=big))[:-1]}, env: &e {{A: {big}}}}}\n"
            + "".join(f"- {json.dumps(job(f'n{n}'))[:-1]}, env: *e}}\n" for n in range(1000)),
        ),
    ):
        answer = api.post("/import", {"format": form, "text": text})
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "text")
        assert "bytes" in answer.json()["detail"]


def test_more_jobs_than_one_request_can_write_are_refused(api, monkeypatch):
    monkeypatch.setattr(imports, "MAX_JOBS", 3)
    for form, text in (
        ("crontab", "* * * * * x\n" * 4),
        ("yaml", json.dumps([job(f"n{n}") for n in range(4)])),
    ):
        answer = api.post("/import", {"format": form, "text": text})
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "text")


def test_editors_bring_in_and_viewers_take_out(as_role):
    body = {"format": "crontab", "text": "* * * * * true\n"}
    assert as_role("operator").post("/import", body).status_code == 403
    assert as_role("editor").post("/import", body).status_code == 200
    assert as_role("viewer").get("/export").status_code == 200
