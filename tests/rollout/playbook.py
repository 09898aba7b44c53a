"""Ansible against a fleet, run from inside its switch as an operator would from a host of theirs."""

import os
import re
import secrets
import subprocess
from collections.abc import Mapping
from typing import Any

import yaml

from tests.rollout.image import ROOT
from tests.rollout.machines import Fleet

ANSIBLE = ROOT / "ansible"
BIN = ROOT / ".venv-ansible" / "bin"
RECAP = re.compile(r"^(\S+)\s+: ok=(\d+)\s+changed=(\d+)\s+unreachable=(\d+)\s+failed=(\d+)", re.MULTILINE)

Groups = Mapping[str, list[str]]  # group of the inventory -> names of machines

# Everything on one machine, and each part on machines of its own. MongoDB and Grafana are not among Debian's
# packages: `serve_store` stands for a MongoDB that the fleet has.
ONE: Groups = {group: ["one"] for group in ("etcd", "masters", "workers", "nginx", "prometheus")}
SPREAD: Groups = {
    "etcd": ["node1", "node2", "node3"],
    "workers": ["node1", "node2", "node3"],
    "masters": ["master1", "master2"],
    "nginx": ["front1", "front2"],
    "prometheus": ["front1"],
}
# As a small fleet has it.
THREE: Groups = {
    "etcd": ["node1", "node2", "node3"],
    "workers": ["node1", "node2", "node3"],
    "masters": ["node2", "node3"],
    "nginx": ["node1"],
}

STORE_UNIT = """[Unit]
Description=A store with the protocol of MongoDB
[Service]
ExecStart=/opt/store/bin/nx-27017 --host=0.0.0.0 --port=27017 --data-dir=/var/lib/store/data \\
  --pid-file=/run/store.pid --log-file=/var/lib/store/log
StateDirectory=store
Restart=always
[Install]
WantedBy=multi-user.target
"""


class Playbook:
    """site.yml with an inventory of `groups`, secrets of its own, and `variables` for all hosts.

    Raises AssertionError with what Ansible said where it fails.
    """

    def __init__(self, fleet: Fleet, groups: Groups, variables: Mapping[str, Any] | None = None) -> None:
        self._fleet = fleet
        self.groups = groups
        self.inventory = fleet.directory / "inventory"
        self.secrets = {
            name: secrets.token_hex(16) for name in ("yuanya_admin_password", "yuanya_metrics_token")
        }
        self._write(groups, dict(variables or {}))

    def _write(self, groups: Groups, variables: dict[str, Any]) -> None:
        hosts = {name: {"ansible_host": machine.address} for name, machine in self._fleet.machines.items()}
        children = {group: {"hosts": dict.fromkeys(names)} for group, names in groups.items()}
        connection = {
            "ansible_user": "root",
            "ansible_ssh_private_key_file": str(self._fleet.key),
            "ansible_ssh_common_args": f"-o UserKnownHostsFile={self._fleet.known_hosts}",
            "ansible_control_path_dir": str(self._fleet.directory / "ssh"),
        }
        content = {
            "all": {"hosts": hosts, "children": children, "vars": connection | self.secrets | variables}
        }
        self.inventory.mkdir(exist_ok=True)
        file = self.inventory / "hosts.yml"
        file.touch(0o600)
        file.write_text(yaml.safe_dump(content))

    def command(self, *arguments: str, playbook: str = "site.yml") -> list[str]:
        return self._fleet.switch.command(
            str(BIN / "ansible-playbook"), f"--inventory={self.inventory}", playbook, *arguments
        )

    def environment(self) -> dict[str, str]:
        clean = {name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")}
        return clean | {"PATH": f"{BIN}:{os.environ['PATH']}", "ANSIBLE_NOCOLOR": "1", "LC_ALL": "C.UTF-8"}

    def run(self, *arguments: str, playbook: str = "site.yml", timeout: float = 600) -> dict[str, int]:
        """Host -> how many tasks have changed it."""
        done = subprocess.run(
            self.command(*arguments, playbook=playbook),
            cwd=ANSIBLE,
            env=self.environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return {host: int(changed) for host, _, changed, _, _ in RECAP.findall(done.stdout)}

    def close(self) -> None:
        """End the connections that ssh has kept open."""
        for socket in (self._fleet.directory / "ssh").glob("*"):
            subprocess.run(
                ["ssh", "-o", f"ControlPath={socket}", "-O", "exit", "all"], capture_output=True, timeout=30
            )

    def __enter__(self) -> "Playbook":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def serve_store(fleet: Fleet, name: str) -> str:
    """Run a store on a machine, as the MongoDB of a fleet that has one already. Returns its URL."""
    machine = fleet[name]
    machine.run(
        "apt-get update -qq && apt-get install -y -qq --no-install-recommends python3-venv"
        " && python3 -m venv /opt/store && /opt/store/bin/pip install -qq nx-27017"
        " && cat > /etc/systemd/system/store.service && systemctl enable --now --quiet store",
        stdin=STORE_UNIT,
        timeout=300,
    )
    return f"mongodb://{machine.address}:27017/cron"
