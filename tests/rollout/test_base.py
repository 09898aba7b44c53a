"""What role base does to a host: openings for those who need them, no others, by either firewall."""

import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.harness.poll import wait_until
from tests.rollout.machines import Fleet
from tests.rollout.playbook import Playbook
from tests.rollout.render import render
from tests.rollout.switch import CONTROLLER

ETCD, METRICS, HTTPS, SSH = 2379, 2381, 443, 22
LISTEN = "systemd-run --quiet --unit listen-{port} python3 -m http.server {port}"
# The first machines of a run wait for the image, whose parts are downloaded where none are kept.
pytestmark = pytest.mark.timeout(900)
GROUPS = {"etcd": ["ufw", "firewalld"], "nginx": ["ufw", "firewalld"], "workers": ["worker"]}


@pytest.fixture(scope="module")
def fleet(bootable: None) -> Iterator[Fleet]:
    """Two hosts with a firewall each, and a worker without."""
    with Fleet("ufw", "firewalld", "worker") as fleet:
        fleet.start()
        with playbook(fleet) as run:
            run.run("--tags=base")
            assert set(run.run("--tags=base").values()) == {0}, "a second run changes nothing"
        yield fleet


def playbook(fleet: Fleet, **variables: object) -> Playbook:
    firewall = "{{ inventory_hostname if inventory_hostname != 'worker' else 'none' }}"
    return Playbook(fleet, GROUPS, {"base_firewall": firewall, **variables})


def reaches(fleet: Fleet, target: str, port: int, by: str | None = None) -> bool:
    """Whether a connection is made from a machine, or from outside the cluster."""
    script = f"timeout 3 bash -c 'exec 3<>/dev/tcp/{fleet[target].address}/{port}'"
    if by:
        return fleet[by].run(script, check=False).returncode == 0
    return fleet.outside(script).returncode == 0


def test_refuses_at_its_ports_whom_the_zones_of_firewalld_would_let_in(tmp_path: Path) -> None:
    """RHEL's own zone opens 9090, for Cockpit: that must not be a way to Prometheus."""
    policy = tmp_path / "yuanya.xml"
    variables = {
        "base_openings": [
            {"to": "ungrouped", "port": 9090, "from": ["operators"]},
            {"to": "ungrouped", "port": 443, "from": ["any"]},
            {"to": "others", "port": 3000, "from": ["any"]},
        ],
        "base_operator_networks": ["10.0.0.0/24", "fd00::/64"],
        "ansible_port": 2222,
    }
    render(tmp_path / "play", {"base/firewalld-policy.xml.j2": policy}, variables, ["base"])
    found = []
    for rule in ET.parse(policy).getroot().findall("rule"):
        port, source = rule.find("port"), rule.find("source")
        assert port is not None
        what = "accept" if rule.find("accept") is not None else f"reject after {rule.get('priority')}"
        found.append((port.get("port"), None if source is None else source.get("address"), what))
    assert set(found) == {
        ("22", None, "accept"),
        ("2222", None, "accept"),
        ("443", None, "accept"),
        ("9090", "10.0.0.0/24", "accept"),
        ("9090", "fd00::/64", "accept"),
        ("9090", None, "reject after 1"),
    }


@pytest.mark.parametrize("host", ["ufw", "firewalld"])
def test_lets_in_whom_the_table_names_and_nobody_else(fleet, host):
    for port in (ETCD, METRICS, HTTPS):
        fleet[host].run(LISTEN.format(port=port))
    listens = lambda: fleet[host].run("ss -Htln | wc -l").stdout.strip()  # noqa: E731
    wait_until(lambda: int(listens()) >= 4, what="the start of the listeners")

    wait_until(lambda: reaches(fleet, host, ETCD, by="worker"), what="a connection from the worker")
    assert not reaches(fleet, host, ETCD)
    assert reaches(fleet, host, HTTPS, by="worker")
    assert reaches(fleet, host, HTTPS)
    assert reaches(fleet, host, SSH)
    assert not reaches(fleet, host, METRICS, by="worker")
    assert not reaches(fleet, host, METRICS)

    if host == "firewalld":  # what runs is not what the file says: as after a run that was cut off
        fleet[host].run(f"firewall-cmd --policy=yuanya --add-port={METRICS}/tcp")
        assert reaches(fleet, host, METRICS)
        with playbook(fleet) as run:
            assert run.run("--tags=base", f"--limit={host}") == {host: 1}
        assert not reaches(fleet, host, METRICS)

    outsider = [{"to": "etcd", "port": METRICS, "from": ["operators"]}]
    with playbook(fleet, base_openings=outsider, base_operator_networks=[f"{CONTROLLER}/32"]) as run:
        run.run("--tags=base", f"--limit={host}")
        assert run.run("--tags=base", f"--limit={host}") == {host: 0}, "a second run changes nothing"
    assert reaches(fleet, host, METRICS), "what the table names is open"
    assert not reaches(fleet, host, HTTPS), "what it does not name any more is closed"
    assert reaches(fleet, host, SSH)


def test_refuses_what_is_neither_an_address_nor_a_network(fleet):
    openings = [{"to": "etcd", "port": METRICS, "from": ["operators"]}]
    networks = ["office.example.com", "10.0.0.5/24", "10.0.0.0/24", "10.0.0.5/32", "fd00::/64", "fd00::1"]
    with (
        playbook(fleet, base_openings=openings, base_operator_networks=networks) as run,
        pytest.raises(AssertionError, match=r"10[.]0[.]0[.]5/24, office[.]example[.]com: a firewall knows"),
    ):
        run.run("--tags=base", "--limit=ufw")


def test_keeps_the_clock_by_the_servers_of_the_fleet(fleet):
    with playbook(fleet, base_time_servers=["10.77.0.250"]) as run:
        run.run("--tags=base", "--limit=worker")
    config = fleet["worker"].run("cat /etc/chrony/chrony.conf").stdout
    assert "server 10.77.0.250 iburst" in config
    assert "pool" not in config
    assert fleet["worker"].run("systemctl is-enabled chrony", check=False).stdout.strip() == "enabled"
    fleet["worker"].run("chronyd -p -f /etc/chrony/chrony.conf")  # prints the configuration, or fails


def test_refuses_a_host_it_does_not_know(fleet):
    fleet["worker"].run("sed -i 's/^VERSION_ID=.*/VERSION_ID=\"10\"/' /etc/os-release")
    fleet["worker"].run("sed -i 's/.*/10.1/' /etc/debian_version")
    with playbook(fleet) as run, pytest.raises(AssertionError, match="these roles know RHEL and its kin"):
        run.run("--tags=base", "--limit=worker")
