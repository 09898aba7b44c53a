"""A cluster comes back in an empty etcd: the same jobs, accounts and drains, and nothing of the past."""

import json
import time
from contextlib import closing
from datetime import UTC, datetime

import httpx
import pytest

from app.common import keys
from app.common.models import Job, Status
from tests.harness.cluster import Cluster
from tests.harness.master import ADMIN_PASSWORD, MasterProcess
from tests.harness.oracle import Oracle, judge
from tests.harness.poll import wait_until

EVERY_FIELD = {
    "name": "每日 备份-1",
    "command": "echo '你好'\nprintf '%s' \"$VALUE\"",
    "cronExpr": "0 30 8 * * MON-FRI",
    "enabled": False,
    "description": 'Rows "with quotes", \\ and\ttabs',
    "group": "数据",
    "tags": ["夜间", "a b"],
    "timezone": "Asia/Shanghai",
    "startsAt": "2030-01-01T00:00:00Z",
    "endsAt": "2031-01-01T00:00:00Z",
    "overlap": "allow",
    "misfire": "latest",
    "misfireWindowSeconds": 600,
    "timeoutSeconds": 30,
    "killGraceSeconds": 3,
    "onWorkerLoss": "rerun",
    "onIsolation": "kill",
    "workerLabels": {"zone": "a"},
    "shell": "/bin/sh",
    "cwd": "/tmp",
    "env": {"VALUE": "ü €", "PASSWORD": "secret:db"},
    "metrics": True,
    "successWithinSeconds": 3600,
    "outputLimitBytes": 4096,
}
INVALID = {"no-json": b"{", "binary": b"\xff\x00", "fields": b'{"name": "fields", "command": "true", "x": 1}'}
KEPT = (keys.JOBS, keys.USERS, keys.TOKENS, keys.DRAIN)


def kept(client) -> dict[str, bytes]:
    """What a backup must bring back. Stamps of users are new after a restore: they end sessions."""
    found = {kv.key: kv.value for prefix in KEPT for kv in client.scan(prefix).items}
    for key in [key for key in found if key.startswith(keys.USERS)]:
        found[key] = json.dumps({**json.loads(found[key]), "stamp": ""}).encode()
    return found


@pytest.fixture
def filled(etcd, tmp_path):
    """Jobs and accounts made by a real master, and what only `etcdctl` makes; its token for the API."""
    master = MasterProcess(
        tmp_path / "master", {"etcd_endpoints": [etcd.endpoint], "store_url": store(tmp_path)}
    )
    master.start()
    try:
        with closing(master.client()) as api:
            jobs = [EVERY_FIELD, {"name": "plain", "command": "true", "cronExpr": "0 0 1 1 *"}]
            tick = {"name": "tick", "command": Oracle(tmp_path).command(), "cronExpr": "* * * * * *"}
            for job in [*jobs, tick]:
                assert api.put(f"/jobs/{job['name']}", json=job).status_code == 201
            user = {"name": "zoe", "password": "another-horse-7", "role": "editor"}
            assert api.post("/users", json=user).status_code == 201
            token = api.post("/tokens", json={"name": "ci", "role": "viewer"}).json()["token"]
    finally:
        master.stop()
    client = etcd.client()
    for name, value in INVALID.items():
        client.put(keys.job(name), value)
    client.put(keys.job("by hand"), b'{ "cronExpr": "1 2 3 4 *",\n "command": "x", "name": "by hand" }')
    client.put(keys.drain("w-gone"), b"admin")
    client.put(keys.session("0" * 64), b"{}")
    client.put(keys.fired("plain"), keys.cursor(1_000))
    return token


def store(tmp_path) -> str:
    return f"sqlite:///{tmp_path / 'runs.db'}"


def test_a_cluster_comes_back_in_an_empty_etcd_and_goes_on(etcd, other_etcd, here, there, filled, tmp_path):
    told = here.ok("backup", "b.tar.gz")
    assert "4 jobs, 3 invalid jobs, 2 users, 1 tokens, 1 drains" in told
    assert "invalid, kept as it is: no-json" in told
    assert (tmp_path / "b.tar.gz").stat().st_mode & 0o777 == 0o600
    assert not list(tmp_path.glob(".b.tar.gz*"))
    before = kept(etcd.client())
    etcd.kill()

    began = int(time.time() * 1000)
    assert "11 created, 0 changed, 0 unchanged" in there.ok("restore", "b.tar.gz")

    client = other_etcd.client()
    after = kept(client)
    by_hand = keys.job("by hand")
    assert Job.model_validate_json(after.pop(by_hand)) == Job.model_validate_json(before.pop(by_hand))
    assert after == before
    assert client.count(keys.SESSIONS) == client.count(keys.LOCK) == client.count(keys.RUNNING) == 0
    assert client.count(keys.AUDIT) == 11
    assert int(client.get(keys.fired("tick")).value) >= began - 1_000, "the past must not count"
    assert int(client.get(keys.fired("plain")).value) > 1_000, "cursors are not of the backup"

    goes_on(other_etcd, filled, tmp_path)


def goes_on(etcd, token, tmp_path) -> None:
    """Old password and old token are good, the job of each second fires, and the ledger is clean."""
    settings = {"etcd_endpoints": [etcd.endpoint], "store_url": store(tmp_path)}
    master = MasterProcess(tmp_path / "new-master", settings)
    cluster = Cluster(tmp_path / "cluster", etcd, store(tmp_path))
    since = int(cluster.client.get(keys.fired("tick")).value)
    try:
        master.start()
        with closing(master.client("zoe", "another-horse-7")) as api:
            assert api.get("/jobs").json()["total"] == 7
        bearer = {"Authorization": f"Bearer {token}"}
        with httpx.Client(base_url=f"{master.url}/api/v1", headers=bearer, timeout=10) as program:
            assert program.get("/session").json()["user"] == "admin"
            invalid = program.get("/jobs", params={"state": "invalid"}).json()["items"]
            assert {job["name"] for job in invalid} == set(INVALID)
        cluster.start("w1")
        oracle = Oracle(tmp_path)
        wait_until(lambda: len(oracle.starts()) >= 3, what="three runs")
        cluster.workers["w1"].stop()
        cluster.wait_settled()
        until = int(cluster.client.get(keys.fired("tick")).value)
        job = Job.model_validate_json(cluster.client.get(keys.job("tick")).value)
        verdict = judge([job], oracle, cluster.store, since, until)
        assert verdict.clean, verdict
        assert verdict.rows[Status.SUCCEEDED] >= 3
        with closing(master.client(password=ADMIN_PASSWORD)) as api:
            to = datetime.fromtimestamp((until + 1) / 1000, UTC).isoformat()
            ledger = api.get("/ledger", params={"job": "tick", "to": to}).json()
        assert ledger["planned"] == verdict.planned, "nothing before the restore was planned here"
        assert (ledger["unaccounted"], ledger["duplicated"]) == (0, 0)
    finally:
        cluster.close()
        master.stop()


def test_sessions_of_before_do_not_live_again(etcd, here, tmp_path):
    """A session under the stamp of the backup, of a user whose password was changed since."""
    master = MasterProcess(
        tmp_path / "master", {"etcd_endpoints": [etcd.endpoint], "store_url": store(tmp_path)}
    )
    master.start()
    try:
        with closing(master.client()) as early:
            here.ok("backup", "b.tar.gz")
            changed = {"currentPassword": ADMIN_PASSWORD, "password": "yet-another-horse-3"}
            with closing(master.client()) as other:
                assert other.put("/session/password", json=changed).is_success
            assert early.get("/jobs").status_code == 401
            assert "1 differ" in here.refused("restore", "b.tar.gz", "--only", "accounts")
            here.ok("restore", "b.tar.gz", "--only", "accounts", "--replace", "--yes")
            assert early.get("/jobs").status_code == 401
            with closing(master.client()) as api:
                assert api.get("/jobs").status_code == 200
    finally:
        master.stop()
