"""The roles certificates and etcd on machines: two founders, and then a third that joins."""

import hashlib
import json
import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.harness.services import needs
from tests.rollout.machines import Fleet, Machine
from tests.rollout.playbook import Playbook

NAMES = ["node1", "node2", "node3"]
PARTS = ["--tags", "base,certificates,etcd", "--extra-vars", "base_manage_firewall=false"]
ROOT_USER = "/etc/etcd/tls/root"
WORKER_USER = "/etc/yuanya/tls/worker"
JOINING = NAMES[2]
MIRROR = "srv/mirror"
CHANGED = {
    "etcd_keep_revisions": 90_000,
    "etcd_install_from": f"{{{{ 'archive' if inventory_hostname == '{JOINING}' else 'package' }}}}",
    "etcd_version": "3.4.0",
    "etcd_architecture": "amd64",
    "etcd_archive_url": f"file:///{MIRROR}",
}
# Three machines are set up, one joins, certificates are renewed: longer where many tests run at once.
pytestmark = pytest.mark.timeout(900)


@pytest.fixture(scope="module")
def fleet(bootable: None) -> Iterator[Fleet]:
    with Fleet(*NAMES) as made:
        archive(made[JOINING].directory / "written" / MIRROR)
        yield made.start()


def archive(directory: Path) -> None:
    """What etcd's project releases, of the programs of this host."""
    directory.mkdir(parents=True)
    name = "etcd-v3.4.0-linux-amd64"
    with tarfile.open(directory / f"{name}.tar.gz", "w:gz", compresslevel=1) as made:
        for program in ("etcd", "etcdctl"):
            made.add(needs(program), f"{name}/{program}")
    digest = hashlib.sha256((directory / f"{name}.tar.gz").read_bytes()).hexdigest()
    (directory / "SHA256SUMS").write_text(f"{digest}  {name}.tar.gz\n")


@pytest.fixture(scope="module")
def cluster(fleet: Fleet) -> Iterator[Playbook]:
    """One run for two founders; another for a third that joins, from an archive, and a changed setting of
    all."""
    with Playbook(fleet, {"etcd": NAMES[:2]}) as playbook:
        playbook.run(*PARTS)
    began = {name: started(fleet[name]) for name in NAMES[:2]}
    with Playbook(fleet, {"etcd": NAMES, "workers": NAMES[:1]}, CHANGED) as playbook:
        playbook.run(*PARTS)
        assert all(started(fleet[name]) != began[name] for name in began)
        yield playbook


def started(machine: Machine) -> str:
    return machine.unit("etcd", "ExecMainStartTimestampMonotonic")["ExecMainStartTimestampMonotonic"]


def etcdctl(machine: Machine, command: str, user: str = ROOT_USER) -> subprocess.CompletedProcess[str]:
    identity = f"ETCDCTL_CACERT=/etc/etcd/tls/ca.crt ETCDCTL_CERT={user}.crt ETCDCTL_KEY={user}.key"
    endpoint = f"ETCDCTL_ENDPOINTS=https://{machine.address}:2379"
    return machine.run(f"ETCDCTL_API=3 {endpoint} {identity} etcdctl {command}", check=False)


def test_all_members_are_in_one_cluster_and_well(fleet: Fleet, cluster: Playbook) -> None:
    members = json.loads(etcdctl(fleet["node1"], "member list --write-out=json").stdout)["members"]
    assert {member["name"] for member in members} == set(NAMES)
    assert etcdctl(fleet["node1"], "endpoint health --cluster").returncode == 0


def test_a_worker_may_do_its_part_and_no_more(fleet: Fleet, cluster: Playbook) -> None:
    node = fleet["node1"]
    assert etcdctl(node, "put /cron/lock/x 1", WORKER_USER).returncode == 0
    for refused in ("get --prefix /cron/users/", "put /cron/jobs/x 1", "user list"):
        assert "permission denied" in etcdctl(node, refused, WORKER_USER).stderr


def test_nobody_is_served_without_a_certificate(fleet: Fleet, cluster: Playbook) -> None:
    node = fleet["node1"]
    anonymous = f"ETCDCTL_API=3 etcdctl --endpoints=https://{node.address}:2379 --cacert=/etc/etcd/tls/ca.crt"
    assert node.run(f"{anonymous} --command-timeout=3s get /cron/jobs/x", check=False).returncode != 0


def test_keys_are_for_whom_they_are_made(fleet: Fleet, cluster: Playbook) -> None:
    keys = "/etc/etcd/tls/server.key /etc/etcd/tls/root.key /etc/yuanya/tls/worker.key"
    shown = fleet["node1"].run(f"stat --format='%a %U %G' {keys}").stdout.splitlines()
    assert shown == ["640 root etcd", "600 root root", "640 root yuanya-worker"]


def test_a_snapshot_is_taken_and_only_the_newest_are_kept(fleet: Fleet, cluster: Playbook) -> None:
    node = fleet["node1"]
    node.run("touch " + " ".join(f"/var/backups/etcd/etcd-20000101T0000{n:02}Z.db" for n in range(20)))
    node.run("systemctl start yuanya-etcd-backup", timeout=120)
    kept = sorted(node.run("ls /var/backups/etcd").stdout.split())
    assert len(kept) == 14
    assert kept[0] == "etcd-20000101T000007Z.db"
    assert int(node.run(f"stat --format=%s /var/backups/etcd/{kept[-1]}").stdout) > 10_000
    assert node.unit("yuanya-etcd-backup.timer", "ActiveState") == {"ActiveState": "active"}


def test_the_units_are_right(fleet: Fleet, cluster: Playbook) -> None:
    node = fleet["node1"]
    checked = node.run("systemd-analyze verify etcd.service yuanya-etcd-backup.service", check=False)
    assert (checked.returncode, checked.stderr) == (0, "")
    assert node.unit("etcd", "User", "NoNewPrivileges") == {"User": "etcd", "NoNewPrivileges": "yes"}


def test_a_certificate_near_its_end_is_renewed_and_used_without_a_restart(
    fleet: Fleet, cluster: Playbook
) -> None:
    node = fleet["node1"]
    serial = f"openssl s_client -connect {node.address}:2379 </dev/null 2>&1 | openssl x509 -noout -serial"
    old, began = node.run(serial).stdout, started(node)
    cluster.run("--tags", "certificates", "--extra-vars", "certificates_renew_days=1000")
    assert node.run(serial).stdout != old
    assert started(node) == began
    assert etcdctl(node, "endpoint health --cluster").returncode == 0


def test_a_second_run_changes_nothing(cluster: Playbook) -> None:
    assert cluster.run(*PARTS) == dict.fromkeys(NAMES, 0)
