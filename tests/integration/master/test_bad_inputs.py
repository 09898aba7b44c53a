"""Every bad input gets a 4xx problem that names the field, and changes nothing in etcd."""

import json

import pytest

from app.common import keys
from tests.harness.poll import wait_until

GOOD = {"name": "bad-input", "command": "true", "cronExpr": "0 3 * * *"}


def body(**fields) -> bytes:
    return json.dumps({**GOOD, **fields}).encode()


NESTED = "x"
for _ in range(40):
    NESTED = [NESTED]

BODIES = {
    "name empty": (body(name=""), "name"),
    "name of 129": (body(name="n" * 129), "name"),
    "name with a slash": (body(name="a/b"), "name"),
    "name climbing up": (body(name="../x"), "name"),
    "name with NUL": (body(name="a\0b"), "name"),
    "name with newline": (body(name="a\nb"), "name"),
    "name right-to-left mark": (body(name="a\u202eb"), "name"),
    "name of markup": (body(name="<img src=x onerror=alert(1)>"), "name"),
    "name of an operator": (body(name={"$ne": None}), "name"),
    "name missing": (json.dumps({"command": "x", "cronExpr": "@daily"}).encode(), "name"),
    "name of half a character": (b'{"name":"\\ud800","command":"x","cronExpr":"@daily"}', "name"),
    "schedule never": (body(cronExpr="0 0 30 2 *"), "cronExpr"),
    "schedule zero step": (body(cronExpr="*/0 * * * *"), "cronExpr"),
    "schedule minute 60": (body(cronExpr="60 * * * *"), "cronExpr"),
    "schedule four fields": (body(cronExpr="* * * *"), "cronExpr"),
    "schedule eight fields": (body(cronExpr="* * * * * * * *"), "cronExpr"),
    "schedule @reboot": (body(cronExpr="@reboot"), "cronExpr"),
    "schedule 10 KB": (body(cronExpr=",".join(["1"] * 5000) + " * * * *"), "cronExpr"),
    "schedule year 2100": (body(cronExpr="0 0 0 1 1 * 2100"), "cronExpr"),
    "schedule with NUL": (body(cronExpr="* * * * \0"), "cronExpr"),
    "zone unknown": (body(timezone="Mars/Olympus"), "timezone"),
    "zone climbing up": (body(timezone="../../etc/passwd"), "timezone"),
    "command empty": (body(command=""), "command"),
    "command blank": (body(command=" \n"), "command"),
    "command 300 KB": (body(command="x" * 300_000), "command"),
    "command with NUL": (body(command="echo \0"), "command"),
    "command of an operator": (body(command={"$ne": None}), "command"),
    "timeout 0": (body(timeoutSeconds=0), "timeoutSeconds"),
    "timeout -1": (body(timeoutSeconds=-1), "timeoutSeconds"),
    "timeout 1e18": (body(timeoutSeconds=1e18), "timeoutSeconds"),
    "timeout text": (body(timeoutSeconds="5"), "timeoutSeconds"),
    "timeout infinite": (body().replace(b"}", b',"timeoutSeconds":1e999}'), "timeoutSeconds"),
    "timeout NaN": (body().replace(b"}", b',"timeoutSeconds":NaN}'), None),
    "enabled text": (body(enabled="yes"), "enabled"),
    "unknown field": (body(colour="red"), "colour"),
    "snake case field": (body(timeout_seconds=5), "timeout_seconds"),
    "tags of numbers": (body(tags=[1]), "tags.0"),
    "env of an operator": (body(env={"A": {"$ne": None}}), "env.A"),
    "env bad name": (body(env={"A B": "x"}), "env"),
    "env reserved": (body(env={"CRON_JOB": "x"}), "env"),
    "env with NUL": (body(env={"A": "\0"}), "env.A"),
    "shell relative": (body(shell="bash"), "shell"),
    "cwd relative": (body(cwd="tmp"), "cwd"),
    "ends before start": (body(startsAt="2030-01-02T00:00:00Z", endsAt="2030-01-01T00:00:00Z"), "endsAt"),
    "time without zone": (body(startsAt="2030-01-01T00:00:00"), "startsAt"),
    "output limit": (body(outputLimitBytes=10), "outputLimitBytes"),
    "overlap unknown": (body(overlap="maybe"), "overlap"),
    "not yet: overlap queue": (body(overlap="queue"), "overlap"),
    "not yet: overlap replace": (body(overlap="replace"), "overlap"),
    "not yet: misfire all": (body(misfire="all"), "misfire"),
    "not yet: retries": (body(retries={"max": 3}), "retries"),
    "not yet: broadcast": (body(broadcast=True), "broadcast"),
    "not yet: onSuccess": (body(onSuccess=["other"]), "onSuccess"),
    "not yet: limits": (body(limits={"memoryMb": 1}), "limits"),
    "not yet: user": (body(user="nobody"), "user"),
    "not yet: notify": (body(notify={"channels": ["mail"]}), "notify"),
    "not yet: jitter": (body(jitterSeconds=5), "jitterSeconds"),
    "nested value": (body(limits={"memoryMb": -1}), "limits.memoryMb"),
    "duplicate key": (body().replace(b"}", b',"command":"other"}'), "command"),
    "nested deep": (body(description=NESTED), None),
    "nested deeper than the parser": (b"[" * 200_000, None),
    "2 MB": (body(description="x" * 2_000_000), None),
    "not JSON": (b"name=x", None),
    "nothing": (b"", None),
    "a list": (b"[]", None),
    "text": (b'"job"', None),
    "not UTF-8": (b'{"name":"\xff\xfe"}', None),
    "huge number": (body().replace(b"}", b',"timeoutSeconds":' + b"9" * 5000 + b"}"), None),
}


@pytest.fixture
def unchanged(etcd_client):
    """Checks after the test that nothing of any job was written."""
    wait_until(lambda: etcd_client.count(keys.AUDIT) == 0, what="an empty outbox")
    before = etcd_client.scan(keys.ROOT).items
    yield
    assert etcd_client.scan(keys.ROOT).items == before


def assert_problem(answer, field: str | None) -> None:
    assert 400 <= answer.status_code < 500, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    problem = answer.json()
    assert problem["status"] == answer.status_code
    assert problem["title"]
    assert problem["detail"]
    if field is not None:
        assert field in [error["field"] for error in problem["errors"]], problem


@pytest.fixture(scope="module", autouse=True)
def target(api):
    """So that the same bodies can be tried as changes."""
    for name in (GOOD["name"], "target"):
        assert api.post("/jobs", {**GOOD, "name": name}).status_code == 201


WRITES = [
    pytest.param(method, path, content, field, id=f"{method} {what}")
    for method, path in (("POST", "/jobs"), ("PUT", "/jobs/bad-input"), ("PATCH", "/jobs/bad-input"))
    for what, (content, field) in BODIES.items()
    if (method, what) != ("PATCH", "name missing")  # a patch need not have one
]


@pytest.mark.parametrize(("method", "path", "content", "field"), WRITES)
@pytest.mark.usefixtures("unchanged")
def test_a_bad_job_is_refused(api, method, path, content, field):
    assert_problem(api(method, path, content=content), field)


def test_the_name_in_the_body_must_be_that_of_the_address(api):
    assert_problem(api("PUT", "/jobs/one", {**GOOD, "name": "two"}), "name")


NAMES_IN_ADDRESSES = ["a%2Fb", "%2e%2e%2fx", "a%00b", "a%0ab", "%ff%fe", "x" * 2000, "<img>", "no such job"]


@pytest.mark.parametrize("name", NAMES_IN_ADDRESSES)
@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE"])
@pytest.mark.usefixtures("unchanged")
def test_a_bad_name_in_the_address_is_refused(api, method, name):
    content = body() if method in ("PUT", "PATCH") else None
    assert_problem(api(method, f"/jobs/{name}", content=content), None)


@pytest.mark.usefixtures("unchanged")
def test_an_encoded_slash_does_not_reach_another_route(api):
    assert_problem(api.post("/jobs/target%2Frun"), None)
    assert_problem(api.post("/jobs/target%2frun"), None)


QUERIES = {
    "/jobs?limit=-1": "limit",
    "/jobs?limit=0": "limit",
    "/jobs?limit=1001": "limit",
    "/jobs?limit=ten": "limit",
    "/jobs?sort=colour": "sort",
    "/jobs?state=tired": "state",
    "/jobs?cursor=garbage": "cursor",
    "/jobs?cursor=%00": "cursor",
    "/jobs?colour=red": "colour",
    "/jobs?q=%00": "q",
    "/jobs?q[$ne]=x": "q[$ne]",
    "/runs?limit=-1": "limit",
    "/runs?status=tired": "status.0",
    "/runs?trigger=x": "trigger.0",
    "/runs?since=yesterday": "since",
    "/runs?since=2030-01-01T00:00:00": "since",
    "/runs?until=-5": "until",
    "/runs?cursor=garbage": "cursor",
    "/runs?colour=red": "colour",
    "/audit?limit=-1": "limit",
    "/audit?cursor=garbage": "cursor",
    "/audit?colour=red": "colour",
    "/jobs/target/history?limit=-1": "limit",
    "/ledger?from=2030-01-02T00:00:00Z&to=2030-01-01T00:00:00Z": "to",
    "/ledger?from=2020-01-01T00:00:00Z&to=2030-01-01T00:00:00Z": "from",
    "/ledger?since=2020-01-01T00:00:00Z": "since",
    "/stats/history?bucket=1": "bucket",
    "/stats/history?bucket=60&since=2020-01-01T00:00:00Z": "bucket",
}


@pytest.mark.parametrize(("query", "field"), QUERIES.items())
def test_a_bad_parameter_is_refused_by_name(api, query, field):
    assert_problem(api.get(query), field)


PREVIEWS = {
    "expression": ({"cronExpr": "61 * * * *"}, "cronExpr"),
    "zone": ({"cronExpr": "@daily", "timezone": "Mars"}, "timezone"),
    "count": ({"cronExpr": "@daily", "count": 101}, "count"),
    "unknown": ({"cronExpr": "@daily", "colour": 1}, "colour"),
}


@pytest.mark.parametrize(("wanted", "field"), PREVIEWS.values(), ids=PREVIEWS.keys())
def test_a_bad_preview_is_refused(api, wanted, field):
    assert_problem(api.post("/schedules/preview", wanted), field)


ACTIONS = {
    "run with unknown field": ("/jobs/target/run", {"colour": 1}, "colour"),
    "run with bad env": ("/jobs/target/run", {"env": {"A B": "x"}}, "env"),
    "run with reserved env": ("/jobs/target/run", {"env": {"CRON_JOB": "x"}}, "env"),
    "run on a worker that is not": ("/jobs/target/run", {"worker": "ghost"}, "worker"),
    "run of nothing": ("/jobs/none/run", {}, None),
    "kill of nothing": ("/jobs/none/kill", {}, None),
    "pause of nothing": ("/jobs/none/pause", {}, None),
    "kill of no run": ("/runs/0000000000000-1-00/kill", {}, None),
    "drain of no worker": ("/workers/ghost/drain", {}, None),
    "user with a weak password": ("/users", {"name": "x", "role": "viewer", "password": "short"}, "password"),
    "user with a known password": (
        "/users",
        {"name": "x", "role": "viewer", "password": "password123456"},
        "password",
    ),
    "user with a bad name": (
        "/users",
        {"name": "X/Y", "role": "viewer", "password": "a fine long one"},
        "name",
    ),
    "user with a bad role": ("/users", {"name": "x", "role": "god", "password": "a fine long one"}, "role"),
    "token that has expired": (
        "/tokens",
        {"name": "t", "role": "viewer", "expiresAt": "2020-01-01T00:00:00Z"},
        "expiresAt",
    ),
    "token with a bad role": ("/tokens", {"name": "t", "role": {"$ne": None}}, "role"),
    "sign-in of an operator": ("/session", {"username": {"$ne": None}, "password": "x"}, "username"),
}


@pytest.mark.parametrize(("path", "wanted", "field"), ACTIONS.values(), ids=ACTIONS.keys())
@pytest.mark.usefixtures("unchanged")
def test_a_bad_action_is_refused(api, path, wanted, field):
    assert_problem(api.post(path, wanted), field)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/nothing", 404), ("GET", "/jobs/", 404), ("PUT", "/jobs", 405), ("DELETE", "/ledger", 405)],
)
def test_what_is_not_there_is_a_problem_too(api, method, path, status):
    answer = api(method, path)
    assert_problem(answer, None)
    assert answer.status_code == status
    assert ("Allow" in answer.headers) == (status == 405)


def test_a_body_that_is_too_large_is_said_to_be(api):
    assert api.post("/jobs", content=b"x" * 2_000_000).status_code == 413
