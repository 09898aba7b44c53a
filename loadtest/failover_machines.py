"""The fleet on seven machines, set up by the playbook: units are killed, machines lose their power or their
network. Each is a container with a systemd of its own (tests/rollout). Needs root, `make ansible-setup` and
`make wheel`.
"""

import ssl
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import httpx

from app.common.logstore import LogStore, open_store
from loadtest.failover_fleet import Fault
from loadtest.failover_load import signed_in
from tests.harness.names import known_as
from tests.harness.oracle import Oracle, recorded
from tests.rollout.machines import Fleet as Machines
from tests.rollout.machines import Machine
from tests.rollout.nginx import NAME
from tests.rollout.playbook import SPREAD, Groups, Playbook, serve_store
from tests.rollout.switch import CONTROLLER

STARTS = "/var/lib/yuanya-worker/oracle/starts"  # on each worker
DOWN_SECONDS = 15.0  # of a machine without power or network: more than two heartbeats, less than a lease
UNITS = {"etcd": "etcd", "masters": "yuanya-master", "workers": "yuanya-worker", "nginx": "nginx"}


class MachineFleet:
    """`machines` with the whole system on them, as the groups of the playbook have it."""

    def __init__(self, machines: Machines, playbook: Playbook, store_url: str, up: ExitStack) -> None:
        self.machines = machines
        self.playbook = playbook
        self.groups = playbook.groups
        self.admin_password = playbook.secrets["yuanya_admin_password"]
        self.url = f"https://{NAME}"
        authority = machines.directory / "inventory" / "pki" / "ca.crt"
        self.trust = ssl.create_default_context(cafile=str(authority))
        self.store: LogStore = open_store(store_url, 10)
        up.callback(self.store.close)
        for name in self.groups["workers"]:
            folder = str(Path(STARTS).parent)
            machines[name].run(f"install -d -o yuanya-worker -g yuanya-worker {folder}")
        self._client = signed_in(self.url, self.trust, self.admin_password)()
        up.callback(self._client.close)

    @property
    def oracle(self) -> Oracle:
        """A copy of what each worker's machine has on its disk, whatever became of it."""
        together = Oracle(self.machines.directory / "oracle")
        together.replace(
            self.machines[name].directory / "written" / STARTS.lstrip("/") for name in self.groups["workers"]
        )
        return together

    def command(self, then: str) -> str:
        return recorded(STARTS, then)

    @property
    def faults(self) -> list[Fault]:
        killed = [
            self._killed(self.machines[name], unit)
            for group, unit in UNITS.items()
            for name in self.groups[group]
        ]
        # Not the first nginx: the log store is beside it.
        hosts = (*self.groups["etcd"], *self.groups["masters"], *self.groups["nginx"][1:])
        whole = [self.machines[name] for name in hosts]
        return [
            *killed,
            *(self._fault(m, "power", partial(_power_off, m), partial(_power_on, m)) for m in whole),
            *(self._fault(m, "network", m.cut_network, m.join_network) for m in whole),
        ]

    def _killed(self, machine: Machine, unit: str) -> Fault:
        """The main process of the unit; systemd ends what is left of it, and starts it again."""
        lives: list[str] = []

        def kill() -> str:
            lives.append(_life(machine, unit))
            role = self._role(machine)
            machine.run(f"systemctl kill --kill-who=main --signal=KILL {unit}")
            return role if unit == "etcd" else ""

        def is_back() -> bool:
            return _life(machine, unit) not in ("0", lives[-1]) and self._serves(machine)

        return Fault(f"{unit} on {machine.name}", kill, is_back)

    def _fault(self, machine: Machine, what: str, cut: Callable[[], None], mend: Callable[[], None]) -> Fault:
        def inject() -> str:
            role = self._role(machine)
            cut()
            return role

        return Fault(f"{what} of {machine.name}", inject, partial(self._serves, machine), mend, DOWN_SECONDS)

    def _role(self, machine: Machine) -> str:
        """Of the machine's member of etcd; empty where there is none."""
        if machine.name not in self.groups["etcd"]:
            return ""
        metrics = httpx.get(f"http://{machine.address}:2381/metrics", timeout=5).text
        return "leader" if "\netcd_server_is_leader 1\n" in metrics else "follower"

    def _serves(self, machine: Machine) -> bool:
        """Whether everything on the machine does its work."""
        return all(
            self.works(group, machine.name) for group, names in self.groups.items() if machine.name in names
        )

    def works(self, group: str, name: str) -> bool:
        """Whether what the group is for works on this machine."""
        machine = self.machines[name]
        try:
            match group:
                case "etcd":
                    answer = httpx.get(f"http://{machine.address}:2381/health", timeout=2).raise_for_status()
                    return str(answer.json()["health"]) == "true"
                case "masters":
                    return httpx.get(f"http://{machine.address}:8000/readyz", timeout=5).is_success
                case "workers":
                    found = self._client.get("/workers").raise_for_status().json()["items"]
                    wanted = ("active", False, _life(machine, UNITS[group]))
                    return any(
                        (each["state"], each["silent"], str(each["pid"])) == wanted
                        for each in found
                        if each["id"] == machine.name
                    )
                case "nginx":
                    return self._client.get(f"https://{machine.address}/healthz").is_success
            return True
        except httpx.HTTPError:
            return False


def _life(machine: Machine, unit: str) -> str:
    """The main process of a unit; 0 while there is none."""
    return machine.unit(unit, "MainPID")["MainPID"]


def _power_off(machine: Machine) -> None:
    machine.power_off()


def _power_on(machine: Machine) -> None:
    machine.power_on()
    machine.wait()


def variables(store_url: str) -> dict[str, Any]:
    """For the playbook: with its firewall, through which the measurement may ask each part how it does."""
    openings = {("masters", 8000): [], ("etcd", 2381): [], ("nginx", 27017): ["masters", "workers"]}
    return {
        "yuanya_store_url": store_url,
        "yuanya_console_name": NAME,
        "base_operator_networks": [f"{CONTROLLER}/32"],
        "base_more_openings": [
            {"to": to, "port": port, "from": [*groups, "operators"]}
            for (to, port), groups in openings.items()
        ],
    }


@contextmanager
def machine_fleet(*arguments: str, groups: Groups = SPREAD) -> Iterator[MachineFleet]:
    """Boots the machines of `groups` and runs the playbook, with these arguments: some five minutes for
    seven."""
    with ExitStack() as up:
        machines = up.enter_context(Machines(*sorted({name for names in groups.values() for name in names})))
        machines.start()
        store_url = serve_store(machines, groups["nginx"][0])
        playbook = up.enter_context(Playbook(machines, groups, variables(store_url)))
        playbook.run(*arguments, timeout=1800)
        up.enter_context(machines.switch.inside())
        up.enter_context(known_as(NAME, [machines[name].address for name in groups["nginx"]]))
        yield MachineFleet(machines, playbook, store_url, up)
