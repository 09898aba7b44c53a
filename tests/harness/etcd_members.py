"""An etcd cluster of several members, each of which can be killed and started again on its data."""

from pathlib import Path

import httpx

from app.common.etcd import EtcdClient
from tests.harness.poll import free_port, wait_until
from tests.harness.services import Etcd


class Member(Etcd):
    """One of several. It answers once it knows a leader."""

    def __init__(self, directory: Path, *flags: str) -> None:
        super().__init__(directory, *flags)
        self.peer = f"http://127.0.0.1:{free_port()}"
        self.cluster: list[str] = []

    def command(self) -> list[str]:
        # Of a flag that is given twice etcd takes the last.
        return [
            *super().command(),
            f"--name={self.directory.name}",
            f"--listen-peer-urls={self.peer}",
            f"--initial-advertise-peer-urls={self.peer}",
            f"--initial-cluster={','.join(self.cluster)}",
        ]

    def leads(self) -> bool:
        """Whether it is the leader; False if it does not answer."""
        try:
            found = httpx.post(f"{self.endpoint}/v3/maintenance/status", json={}, timeout=2).json()
        except (httpx.HTTPError, ValueError):
            return False
        return bool(found.get("leader")) and found["leader"] == found["header"]["member_id"]


class EtcdMembers:
    """`etcd0`, `etcd1`, ..."""

    def __init__(self, directory: Path, size: int, *flags: str) -> None:
        self.members = [Member(directory / f"etcd{number}", *flags) for number in range(size)]
        for member in self.members:
            member.cluster = [f"{each.directory.name}={each.peer}" for each in self.members]
        self.endpoints = [member.endpoint for member in self.members]

    def start(self) -> None:
        for member in self.members:
            member.launch()
        for member in self.members:
            wait_until(member.answers, what=f"the start of {member.directory.name}")

    def leader(self) -> Member:
        """Waits for one."""
        found = wait_until(lambda: next((m for m in self.members if m.leads()), None), what="a leader")
        assert isinstance(found, Member)
        return found

    def client(self, timeout: float = 3) -> EtcdClient:
        """To be closed by the caller."""
        return EtcdClient(self.endpoints, timeout=timeout)

    def stop(self) -> None:
        for member in self.members:
            member.stop()
