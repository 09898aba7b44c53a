"""A whole system at an etcd that gives masters and workers no more than the table of rights says."""

import contextlib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from app.common import keys
from app.common.errors import EtcdError
from app.common.etcd.rights import MASTER, RIGHTS, WORKER, Access
from app.common.models import Status, WorkerState
from tests.harness.cluster import Cluster
from tests.harness.master import MasterProcess
from tests.harness.poll import wait_until
from tests.harness.secure_etcd import SecureEtcd

PASSWORD = "correct-horse-battery"
EVERY_SECOND = "* * * * * * *"
NEVER_SOON = "0 0 1 1 *"


@pytest.fixture(params=[None, PASSWORD], ids=["by certificate", "by password"])
def secure(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SecureEtcd]:
    member = SecureEtcd(tmp_path / "etcd", password=request.param)
    member.start()
    yield member
    member.stop()


@pytest.fixture
def cluster(secure: SecureEtcd, tmp_path: Path) -> Iterator[Cluster]:
    settings = {"lease_ttl_seconds": 6, "heartbeat_seconds": 1, "executors": 1, **secure.settings(WORKER)}
    made = Cluster(tmp_path / "cluster", secure, **settings)
    yield made
    made.close()


@pytest.fixture
def master(secure: SecureEtcd, cluster: Cluster, tmp_path: Path) -> Iterator[MasterProcess]:
    settings = {"etcd_endpoints": [secure.endpoint], "store_url": cluster.store_url}
    made = MasterProcess(tmp_path / "master", {**settings, **secure.settings(MASTER)})
    made.start()
    yield made
    made.kill()


class Api:
    def __init__(self, client: httpx.Client) -> None:
        self._client = client

    def ask(self, method: str, path: str, **body: object) -> httpx.Response:
        answer = self._client.request(method, path, **({"json": body} if body else {}))
        answer.raise_for_status()
        return answer

    def add(self, name: str, command: str, cron: str = NEVER_SOON, **fields: object) -> None:
        self.ask("POST", "/jobs", name=name, command=command, cronExpr=cron, **fields)

    def statuses(self, job: str) -> list[str]:
        return [run["status"] for run in self.ask("GET", f"/runs?job={job}&limit=50").json()["items"]]

    def newest(self, job: str) -> str:
        """When its newest run was planned for."""
        return str(
            self.ask("GET", f"/runs?job={job}&status=succeeded&limit=1").json()["items"][0]["planTime"]
        )

    def wait(self, job: str, status: Status, seconds: float = 30) -> None:
        wait_until(lambda: status in self.statuses(job), seconds, f"a run of {job} that is {status}")


def test_a_whole_system_works_with_the_least_rights(
    secure: SecureEtcd, cluster: Cluster, master: MasterProcess
) -> None:
    with contextlib.closing(master.client()) as client:
        api = Api(client)
        cluster.start("w0", "w1")

        api.add("tick", "true", EVERY_SECOND)
        api.wait("tick", Status.SUCCEEDED)
        api.add("long", "sleep 2.5", EVERY_SECOND)
        api.wait("long", Status.SKIPPED)
        api.ask("POST", "/jobs/tick/pause")
        api.ask("POST", "/jobs/tick/resume")

        api.add("killed", "echo begun; sleep 600")
        run_id = api.ask("POST", "/jobs/killed/run").json()["runIds"][0]
        api.wait("killed", Status.RUNNING)
        _hear(client, run_id, "begun")
        api.ask("POST", f"/runs/{run_id}/kill")
        api.wait("killed", Status.KILLED)

        cluster.client.put("/cron/jobs/raw", b'{"name":"raw","command":"true","cronExpr":"* * * * * * *"}')
        api.wait("raw", Status.SUCCEEDED)

        api.ask("POST", "/workers/w1/drain")
        wait_until(lambda: _state(cluster, "w1") is not WorkerState.ACTIVE, what="the drain")
        api.add("stays", "sleep 600", onWorkerLoss="rerun")
        api.ask("POST", "/jobs/stays/run")
        api.wait("stays", Status.RUNNING)
        api.ask("POST", "/workers/w1/resume")
        wait_until(lambda: _state(cluster, "w1") is WorkerState.ACTIVE, what="the end of the drain")

        cluster.workers["w0"].kill()
        api.wait("stays", Status.LOST)
        wait_until(lambda: _running_on(cluster, "w1", "stays"), what="the next attempt on the other worker")
        cluster.workers["w0"].start()
        cluster.wait_ready("w0")
        cluster.workers["w0"].kill()  # with its lease alive: its next life revokes that
        cluster.workers["w0"].start()
        wait_until(lambda: _state(cluster, "w0") is WorkerState.ACTIVE, what="the return of w0")

        secure.kill()
        secure.start()
        restarted = datetime.now(UTC).isoformat()
        wait_until(lambda: api.newest("tick") > restarted, what="a run after the restart of etcd")

        _accounts(api)
        api.ask("POST", "/jobs/stays/kill")
        for name in ("tick", "long", "killed", "stays", "raw"):
            api.ask("DELETE", f"/jobs/{name}")
        cluster.wait_settled()
        api.ask("DELETE", "/session")

    logs = [worker.log for worker in cluster.workers.values()]
    logs.append((master.directory / "master.log").read_text())
    assert not [line for log in logs for line in log.splitlines() if "permission denied" in line]


def _accounts(api: Api) -> None:
    api.ask("POST", "/users", name="eve", role="viewer", password="another-horse-7")
    api.ask("POST", "/tokens", name="ci", role="viewer")
    api.ask("DELETE", "/users/eve")
    assert api.ask("GET", "/audit").json()["items"]


def _hear(client: httpx.Client, run_id: str, word: str) -> None:
    """By the stream of a run's output, which its worker sends only while somebody listens."""
    with client.stream("GET", f"/runs/{run_id}/stream", timeout=30) as answer:
        assert any(word in line for line in answer.iter_lines())


def _state(cluster: Cluster, worker: str) -> WorkerState | None:
    info = cluster.registrations().get(worker)
    return info.state if info else None


def _running_on(cluster: Cluster, worker: str, job: str) -> bool:
    return any(f'"{job}"'.encode() in kv.value for kv in cluster.client.scan(keys.running_of(worker)).items)


def test_nobody_may_do_more_than_the_table_says(secure: SecureEtcd) -> None:
    for user, rights in RIGHTS.items():
        client = secure.connect(who=user)
        given = dict(rights)
        for prefix in sorted({prefix for table in RIGHTS.values() for prefix, _ in table}):
            access = given.get(prefix)
            attempts: list[tuple[bool, Callable[[], object]]] = [
                (access in (Access.READ, Access.READWRITE), lambda: client.scan(prefix)),  # noqa: B023
                (access in (Access.WRITE, Access.READWRITE), lambda: client.put(f"{prefix}x", b"")),  # noqa: B023
            ]
            for allowed, attempt in attempts:
                if allowed:
                    attempt()
                else:
                    with pytest.raises(EtcdError, match="permission denied"):
                        attempt()
        with pytest.raises(EtcdError, match="permission denied"):
            client.scan(keys.ROOT)


def test_a_lease_of_others_cannot_be_revoked(secure: SecureEtcd) -> None:
    master, worker = secure.connect(who=MASTER), secure.connect(who=WORKER)
    lease = master.grant(60)
    master.put(keys.session("x"), b"", lease)
    with pytest.raises(EtcdError, match="permission denied"):
        worker.revoke(lease)
    assert master.get(keys.session("x"))
