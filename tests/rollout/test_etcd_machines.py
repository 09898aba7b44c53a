"""The roles certificates and etcd on machines: three members found a cluster, one is lost and replaced,
certificates are renewed, and a snapshot is restored.
"""

import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.harness.poll import wait_until
from tests.rollout.image import ROOT
from tests.rollout.machines import PACKAGES, Fleet, Machine
from tests.rollout.playbook import Playbook

NAMES = ["node1", "node2", "node3"]
LOST = "node3"
GROUPS = {"etcd": NAMES, "workers": NAMES[:1]}
PARTS = ("--tags", "base,certificates,etcd")
HOSTS_AS_THEY_ARE = {"base_manage_firewall": False, "base_manage_time": False}
RELEASE = "etcd-v3.4.0-linux-amd64"
# The member that replaces the lost one has its etcd from an archive; and all get another setting.
CHANGED = HOSTS_AS_THEY_ARE | {
    "etcd_install_from": f"{{{{ 'archive' if inventory_hostname == '{LOST}' else 'package' }}}}",
    "etcd_version": "3.4.0",
    "etcd_architecture": "amd64",
    "etcd_archive_url": "file:///srv/mirror",
    "etcd_keep_revisions": 90_000,
}
# What the project releases, of the programs of the packages.
MAKE_ARCHIVE = f"""
set -e
mkdir -p /srv/mirror /srv/unpacked/{RELEASE}
for package in {PACKAGES}/etcd-*.deb; do dpkg-deb --extract $package /srv/unpacked; done
cp /srv/unpacked/usr/bin/etcd /srv/unpacked/usr/bin/etcdctl /srv/unpacked/{RELEASE}
cd /srv/mirror
tar --create --file=- --directory=/srv/unpacked {RELEASE} | gzip -1 > {RELEASE}.tar.gz
sha256sum {RELEASE}.tar.gz > SHA256SUMS
"""
ROOT_USER, WORKER_USER = "/etc/etcd/tls/root", "/etc/yuanya/tls/worker"
SECONDS = 120
# Each of six runs of the playbook takes half a minute, and longer where many tests run at once.
pytestmark = pytest.mark.timeout(900)


@dataclass(frozen=True)
class Cluster:
    fleet: Fleet
    playbook: Playbook
    refused_alone: str  # what was said to the new member while others were left out,
    refused_as_known: str  # and while it was still a member
    restarted: list[bool]  # of the others, when their settings changed

    def etcdctl(
        self, command: str, *, on: str = "node1", user: str = ROOT_USER, check: bool = True
    ) -> subprocess.CompletedProcess[str]:
        return etcdctl(self.fleet[on], command, user=user, check=check)

    def are_well(self) -> bool:
        return self.etcdctl("endpoint health --cluster", check=False).returncode == 0


def etcdctl(
    machine: Machine, command: str, *, user: str = ROOT_USER, check: bool = True
) -> subprocess.CompletedProcess[str]:
    identity = f"ETCDCTL_CACERT=/etc/etcd/tls/ca.crt ETCDCTL_CERT={user}.crt ETCDCTL_KEY={user}.key"
    endpoint = f"ETCDCTL_API=3 ETCDCTL_ENDPOINTS=https://{machine.address}:2379"
    return machine.run(f"{endpoint} {identity} etcdctl --command-timeout=20s {command}", check=check)


def started(machine: Machine) -> str:
    return machine.unit("etcd", "ExecMainStartTimestampMonotonic")["ExecMainStartTimestampMonotonic"]


def members(machine: Machine) -> dict[str, str]:
    """Name -> id, as `etcdctl member remove` takes it."""
    rows = [line.split(", ") for line in etcdctl(machine, "member list").stdout.splitlines()]
    return {name: member for member, _, name, *_ in rows}


def refused(playbook: Playbook, *arguments: str) -> str:
    with pytest.raises(AssertionError) as refusal:
        playbook.run(*arguments)
    return str(refusal.value)


@pytest.fixture(scope="module")
def cluster(bootable: None) -> Iterator[Cluster]:
    with Fleet(*NAMES) as fleet:
        fleet.start()
        with Playbook(fleet, GROUPS, HOSTS_AS_THEY_ARE) as playbook:
            playbook.run(*PARTS)
        fleet.replace(LOST)
        fleet[LOST].run(MAKE_ARCHIVE)
        others = [fleet[name] for name in NAMES if name != LOST]
        began = [started(machine) for machine in others]
        with Playbook(fleet, GROUPS, CHANGED) as playbook:
            alone = refused(playbook, *PARTS, f"--limit={LOST}")
            as_known = refused(playbook, "--tags=etcd")
            etcdctl(others[0], f"member remove {members(others[0])[LOST]}")
            playbook.run("--tags=etcd")
            restarted = [started(machine) != before for machine, before in zip(others, began, strict=True)]
            yield Cluster(fleet, playbook, alone, as_known, restarted)


def test_a_new_member_does_not_begin_a_cluster_of_its_own(cluster: Cluster) -> None:
    assert f"{LOST} is a new member of etcd: run without --limit." in cluster.refused_alone


def test_a_member_whose_data_is_lost_is_taken_out_first(cluster: Cluster) -> None:
    assert "take it out first, on another member: etcdctl member list" in cluster.refused_as_known


def test_the_replaced_member_is_in_the_cluster_and_all_are_well(cluster: Cluster) -> None:
    assert set(members(cluster.fleet["node1"])) == set(NAMES)
    assert cluster.are_well()
    assert cluster.fleet[LOST].run("readlink /usr/local/bin/etcd").stdout == f"/opt/etcd/bin/{RELEASE}/etcd\n"


def test_a_changed_setting_takes_effect(cluster: Cluster) -> None:
    assert all(cluster.restarted)


def test_a_worker_may_do_its_part_and_no_more(cluster: Cluster) -> None:
    cluster.etcdctl("put /cron/lock/x 1", user=WORKER_USER)
    for command in ("get --prefix /cron/users/", "put /cron/jobs/x 1", "user list"):
        assert "permission denied" in cluster.etcdctl(command, user=WORKER_USER, check=False).stderr


def test_nobody_is_served_without_a_certificate(cluster: Cluster) -> None:
    node = cluster.fleet["node1"]
    ask = f"ETCDCTL_API=3 etcdctl --endpoints=https://{node.address}:2379 --cacert=/etc/etcd/tls/ca.crt"
    known = f"--cert={ROOT_USER}.crt --key={ROOT_USER}.key"
    assert node.run(f"{ask} --command-timeout=3s get x", check=False).returncode != 0
    assert node.run(f"{ask} --command-timeout=20s {known} get x").returncode == 0


def test_keys_are_for_whom_they_are_made(cluster: Cluster) -> None:
    keys = f"/etc/etcd/tls/server.key {ROOT_USER}.key {WORKER_USER}.key"
    shown = cluster.fleet["node1"].run(f"stat --format='%a %U %G' {keys}").stdout.splitlines()
    assert shown == ["640 root etcd", "600 root root", "640 root yuanya-worker"]


def test_the_units_are_right(cluster: Cluster) -> None:
    node = cluster.fleet["node1"]
    checked = node.run("systemd-analyze verify etcd.service yuanya-etcd-backup.service", check=False)
    assert (checked.returncode, checked.stderr) == (0, "")
    assert node.unit("etcd", "User", "NoNewPrivileges") == {"User": "etcd", "NoNewPrivileges": "yes"}


def test_a_certificate_near_its_end_is_renewed_and_used_without_a_restart(cluster: Cluster) -> None:
    node = cluster.fleet["node1"]
    serial = f"openssl s_client -connect {node.address}:2379 </dev/null 2>&1 | openssl x509 -noout -serial"
    old, began = node.run(serial).stdout, started(node)
    cluster.playbook.run("--tags", "certificates", "--extra-vars", "certificates_renew_days=1000")
    assert node.run(serial).stdout != old
    assert started(node) == began
    assert cluster.are_well()


def test_a_snapshot_is_taken_and_only_the_newest_are_kept(cluster: Cluster) -> None:
    node = cluster.fleet["node1"]
    node.run("touch " + " ".join(f"/var/backups/etcd/etcd-20000101T0000{n:02}Z.db" for n in range(20)))
    newest = take_snapshot(node)
    kept = sorted(node.run("ls /var/backups/etcd").stdout.split())
    assert (len(kept), kept[0], kept[-1]) == (14, "etcd-20000101T000007Z.db", newest)
    assert int(node.run(f"stat --format=%s /var/backups/etcd/{newest}").stdout) > 10_000
    assert node.unit("yuanya-etcd-backup.timer", "ActiveState") == {"ActiveState": "active"}


def take_snapshot(machine: Machine) -> str:
    """The name of the file."""
    machine.run("systemctl start yuanya-etcd-backup", timeout=SECONDS)
    return machine.run("ls /var/backups/etcd").stdout.split()[-1]


def test_a_snapshot_is_restored_as_the_guide_says(cluster: Cluster) -> None:
    """With its own commands, for these names and addresses."""
    machines = [cluster.fleet[name] for name in NAMES]
    cluster.etcdctl("put /cron/jobs/before 1")
    cluster.etcdctl("put /cron/fired/before 1")
    file = f"/var/backups/etcd/{take_snapshot(machines[0])}"
    cluster.etcdctl("put /cron/jobs/after 1")
    snapshot = machines[0].run(f"base64 {file}").stdout
    for machine in machines:
        machine.run("systemctl stop etcd; mv /var/lib/etcd/data /var/lib/etcd/data.old", timeout=SECONDS)
        machine.run("base64 --decode > etcd.db", stdin=snapshot)
        machine.run(commands_of_the_guide(cluster.fleet, machine))
        machine.run("systemctl start --no-block etcd")
    wait_until(cluster.are_well, SECONDS, "the cluster from the snapshot")
    cluster.etcdctl("del --prefix /cron/fired/")
    keys = cluster.etcdctl("get --prefix --keys-only /cron/", on=LOST).stdout.split()
    assert "/cron/jobs/before" in keys
    assert not {"/cron/jobs/after", "/cron/fired/before"} & set(keys)
    denied = cluster.etcdctl("put /cron/jobs/x 1", user=WORKER_USER, check=False)
    assert "permission denied" in denied.stderr


def commands_of_the_guide(fleet: Fleet, machine: Machine) -> str:
    block = re.search(
        r"etcdctl snapshot restore .*?chown[^\n]*", (ROOT / "docs/backup.md").read_text(), re.DOTALL
    )
    assert block
    commands = block[0].replace("--name cron1", f"--name {machine.name}")
    own = f"--initial-advertise-peer-urls https://{machine.address}:2380"
    commands = re.sub(r"--initial-advertise-peer-urls \S+", own, commands)
    for number, name in enumerate(NAMES, start=1):
        its = f"{name}=https://{fleet[name].address}:"
        commands = commands.replace(f"cron{number}=https://10.0.0.1{number}:", its)
    return f"set -e; export ETCDCTL_API=3; {commands}"


def test_a_second_run_changes_nothing(cluster: Cluster) -> None:
    """Last of the module: after all of the above."""
    assert cluster.playbook.run(*PARTS) == dict.fromkeys(NAMES, 0)
