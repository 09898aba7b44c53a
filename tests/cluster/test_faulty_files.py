"""Certificates, rights and secrets that change or break under a worker: it says what to do, no process of it
dies, and every fire is on record."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from app.common.etcd.rights import WORKER
from app.common.logstore import LogStore, RunQuery, open_store
from app.common.models import Run, Status
from tests.harness.cluster import Cluster, WorkerProcess
from tests.harness.pki import Pki
from tests.harness.poll import wait_until
from tests.harness.secure_etcd import SecureEtcd
from tests.harness.services import Mongo
from tests.harness.tls_front import TlsFront

SECONDS = 60
EVERY_SECOND = "* * * * * * *"


@dataclass
class System:
    """One worker, at an etcd and a log store that ask for its certificates."""

    etcd: SecureEtcd
    worker: WorkerProcess
    cluster: Cluster
    store: LogStore
    pki: Pki  # of the store
    front: TlsFront
    target: int
    secrets: Path

    def restart_etcd(self) -> None:
        self.etcd.kill()
        self.etcd.start()

    def restart_store(self) -> None:
        self.front.close()
        self.front = TlsFront(self.pki, self.target, ask=True, port=self.front.port)

    def newest(self, status: Status = Status.SUCCEEDED) -> Run | None:
        return next(iter(self.store.runs(RunQuery(job="tick", statuses=(status,), limit=1)).runs), None)

    def wait_run(self, status: Status = Status.SUCCEEDED) -> Run:
        """One that is planned after this moment's newest."""
        last = self.newest(status)
        known = last.plan_time if last else 0

        def newer() -> bool:
            found = self.newest(status)
            return found is not None and found.plan_time > known

        wait_until(newer, SECONDS, f"another run that is {status}")
        found = self.newest(status)
        assert found
        return found

    def wait_told(self, words: str, seen: int) -> None:
        wait_until(lambda: words in self.worker.log[seen:], SECONDS, f"{words!r} in the log")


@pytest.fixture
def system(tmp_path: Path) -> Iterator[System]:
    etcd, mongo = SecureEtcd(tmp_path / "etcd"), Mongo(tmp_path / "mongo")
    pki = Pki(tmp_path / "store-pki")
    pki.authority()
    for name in ("server", "client"):
        pki.certificate(name)
    secrets = tmp_path / "secrets"
    secrets.mkdir(mode=0o700)
    (secrets / "s").write_text("first-secret")
    etcd.start()
    mongo.start()
    target = urlsplit(mongo.url).port
    assert target
    front = TlsFront(pki, target, ask=True)
    url = (
        f"mongodb://127.0.0.1:{front.port}/cron?directConnection=true&tls=true"
        f"&tlsCAFile={pki.crt('ca')}&tlsCertificateKeyFile={pki.pem('client')}"
    )
    settings = {"lease_ttl_seconds": 6, "heartbeat_seconds": 1, "executors": 1, "store_timeout_seconds": 2}
    cluster = Cluster(
        tmp_path / "cluster", etcd, url, **settings, **etcd.settings(WORKER), job_secrets_dir=str(secrets)
    )
    store = open_store(mongo.url, 5)
    cluster.start("w0")
    made = System(etcd, cluster.workers["w0"], cluster, store, pki, front, target, secrets)
    cluster.put_job(name="tick", command="echo $S", cronExpr=EVERY_SECOND, env={"S": "secret:s"})
    made.wait_run()
    yield made
    cluster.close()
    store.close()
    made.front.close()
    mongo.stop()
    etcd.stop()


@pytest.fixture
def intact(system: System) -> Iterator[System]:
    """Afterwards all processes of the worker must be those of before, and every second on record, once."""
    pids = system.worker.pids()
    first = system.wait_run().plan_time
    yield system
    last = system.wait_run().plan_time
    assert system.worker.pids() == pids
    assert "w0" in system.cluster.registrations()  # a read: repeated with renewed certificates
    system.cluster.client.delete("/cron/jobs/tick")
    system.cluster.wait_settled()
    rows = [row for row in system.store.ledger_rows("tick", first, last + 1) if row.plan_time >= first]
    planned = sorted(
        plan for row in rows for plan in range(row.plan_time, row.plan_time + row.count * 1_000, 1_000)
    )
    assert [plan for plan in planned if plan <= last] == list(range(first, last + 1, 1_000))


def test_renewed_certificates_of_a_new_authority_are_taken_up(intact: System) -> None:
    for pki, names in ((intact.etcd.pki, ("server", "root", WORKER)), (intact.pki, ("server", "client"))):
        pki.authority()
        for name in names:
            pki.certificate(name)
    intact.restart_etcd()
    intact.restart_store()
    intact.wait_run()


def test_new_files_that_cannot_be_used_are_told_and_the_old_go_on(intact: System) -> None:
    key, pem = intact.etcd.pki.key(WORKER), intact.pki.pem("client")
    good = {path: path.read_bytes() for path in (key, pem)}
    seen = len(intact.worker.log)
    key.unlink()
    pem.write_bytes(b"")
    intact.front.close()
    intact.wait_told(f"the old ones go on: MongoDB: {pem} cannot be used", seen)
    intact.etcd.kill()
    intact.wait_told(f"the old ones go on: etcd: cannot read {key}: No such file", seen)
    intact.etcd.start()
    intact.restart_store()
    intact.wait_run()
    for path, content in good.items():
        path.write_bytes(content)


def test_certificates_that_have_ended_are_named_and_new_ones_taken_up(intact: System) -> None:
    seen = len(intact.worker.log)
    intact.etcd.pki.certificate(WORKER, days=-1)
    intact.pki.certificate("client", days=-1)
    intact.front.close()
    intact.wait_told("The log store is away; rows go to disk: MongoDB", seen)
    intact.restart_store()
    intact.etcd.kill()
    intact.wait_told("A heartbeat was not written: etcd does not answer", seen)
    intact.etcd.start()
    intact.wait_told("it refuses the certificate in", seen)
    intact.etcd.pki.certificate(WORKER)
    intact.pki.certificate("client")
    intact.wait_run()


def test_an_authority_that_is_the_wrong_one_is_named(intact: System) -> None:
    seen = len(intact.worker.log)
    good = {pki: pki.crt("ca").read_bytes() for pki in (intact.etcd.pki, intact.pki)}
    for pki in good:
        pki.authority("other")
        pki.certificate("server", ca="other")
    intact.restart_store()
    intact.wait_told("name its authority in YUANYA_STORE_URL: tlsCAFile=PATH", seen)
    intact.etcd.kill()
    intact.etcd.answers = lambda: True  # type: ignore[method-assign]
    intact.etcd.start()
    intact.wait_told("name the right one in YUANYA_ETCD_CA_CERT", seen)
    for pki in good:
        pki.certificate("server")
    intact.restart_etcd()
    intact.restart_store()
    intact.wait_run()


def test_a_user_without_rights_is_told_and_goes_on_once_it_has_them(intact: System) -> None:
    seen = len(intact.worker.log)
    intact.etcd.etcdctl("user", "revoke-role", WORKER, WORKER)
    intact.wait_told("this user of etcd lacks a right (see docs/secure.md)", seen)
    intact.etcd.etcdctl("user", "grant-role", WORKER, WORKER)
    intact.wait_run()


def test_secrets_that_change_or_go_fail_their_runs_only(intact: System) -> None:
    (intact.secrets / "new").write_text("second-secret")
    (intact.secrets / "new").rename(intact.secrets / "s")
    assert intact.wait_run().reason == ""
    away = intact.secrets.with_name("away")
    intact.secrets.rename(away)
    failed = intact.wait_run(Status.FAILED)
    assert failed.err.startswith("cannot start: secret:s for S: on worker w0: s in ")
    shutil.move(away, intact.secrets)
    run = intact.store.run(intact.wait_run().id)
    assert run
    assert run.output == "***\n"
    assert "secret\n" not in intact.worker.log
