"""The network of the machines: a bridge in a namespace of its own, with no way out."""

import ctypes
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from tests.harness.poll import wait_until

BRIDGE = "br0"
NETWORK = "10.77.0"
CONTROLLER = f"{NETWORK}.1"  # the address of those who act from inside the switch: Ansible, clients
CLONE_NEWNET = 0x40000000


class Switch:
    """It lives as long as its process, which ends with this one, even when this one is killed."""

    def __init__(self) -> None:
        self._holder = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", "unshare", "--net", "sleep", "infinity"],
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
        wait_until(self._is_apart, what="the namespace of the switch")
        for line in (
            "link set lo up",
            f"link add {BRIDGE} type bridge",
            f"address add {CONTROLLER}/24 dev {BRIDGE}",
            f"link set {BRIDGE} up",
        ):
            self.ip(line)

    def _is_apart(self) -> bool:
        return (Path(self.namespace).readlink() != Path("/proc/self/ns/net").readlink()) and (
            Path(f"/proc/{self._holder.pid}/comm").read_text().strip() == "sleep"
        )

    @property
    def namespace(self) -> str:
        return f"/proc/{self._holder.pid}/ns/net"

    def command(self, *command: str) -> list[str]:
        """The command line that runs `command` inside."""
        return ["nsenter", f"--net={self.namespace}", "--", *command]

    def ip(self, line: str) -> None:
        """One line of ip(8), inside."""
        subprocess.run(self.command("ip", *line.split()), check=True, timeout=30)

    def remove(self, link: str) -> None:
        """Take out a link, which may be gone already."""
        delete = self.command("ip", "link", "delete", link)
        subprocess.run(delete, stderr=subprocess.DEVNULL, timeout=30)

    @contextmanager
    def inside(self) -> Iterator[None]:
        """Sockets that this thread makes meanwhile are sockets of the switch, and stay so."""
        with Path("/proc/thread-self/ns/net").open() as home, Path(self.namespace).open() as namespace:
            _enter(namespace)
            try:
                yield
            finally:
                _enter(home)

    def close(self) -> None:
        self._holder.kill()
        self._holder.wait()


def _enter(namespace: IO[str]) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.setns(namespace.fileno(), CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), f"cannot enter {namespace.name}")
