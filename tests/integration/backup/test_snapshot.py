"""An etcd snapshot brings back old cursors. Without them, as docs/backup.md says, nothing runs twice."""

import shutil
import subprocess

from app.common import keys
from tests.harness.cluster import Cluster
from tests.harness.oracle import Oracle
from tests.harness.poll import wait_until
from tests.harness.services import needs


def etcdctl(etcd, *arguments: object) -> None:
    program = "etcdutl" if arguments[1] == "restore" and shutil.which("etcdutl") else "etcdctl"
    where = [] if arguments[1] == "restore" else [f"--endpoints={etcd.endpoint}"]
    subprocess.run(
        [needs(program), *where, *map(str, arguments)],
        env={"ETCDCTL_API": "3", "PATH": "/usr/local/bin:/usr/bin:/bin"},
        check=True,
        capture_output=True,
        timeout=30,
    )


def test_no_fire_runs_twice_after_a_snapshot_without_its_cursors(etcd, tmp_path):
    cluster = Cluster(tmp_path / "cluster", etcd)
    oracle = Oracle(tmp_path)
    cluster.put_job(name="tick", command=oracle.command(), cronExpr="* * * * * *", misfire="latest")
    try:
        cluster.start("w1")
        wait_until(lambda: len(oracle.starts()) >= 2, what="the first runs")
        etcdctl(etcd, "snapshot", "save", tmp_path / "snapshot")
        saved = int(cluster.client.get(keys.fired("tick")).value)
        wait_until(lambda: oracle.starts()[-1].plan > saved + 2_000, what="runs since the snapshot")
        cluster.workers["w1"].stop()
        etcd.kill()

        shutil.rmtree(etcd.directory / "data")
        etcdctl(etcd, "snapshot", "restore", tmp_path / "snapshot", "--data-dir", etcd.directory / "data")
        etcd.start()
        assert int(cluster.client.get(keys.fired("tick")).value) <= saved
        etcdctl(etcd, "del", "--prefix", keys.FIRED)

        ran = len(oracle.starts())
        cluster.start("w2")
        wait_until(lambda: len(oracle.starts()) >= ran + 2, what="runs after the restore")
        cluster.workers["w2"].stop()
        cluster.wait_settled()
        plans = [start.plan for start in oracle.starts()]
        assert len(plans) == len(set(plans))
        rows = list(cluster.store.ledger_rows("tick", 0, plans[-1] + 1))
        assert not [row for row in rows if row.duplicate]
    finally:
        cluster.close()
