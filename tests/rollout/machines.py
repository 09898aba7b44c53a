"""Machines: a fresh Debian each, booted by systemd, joined by a switch.

However this process ends, all goes with it: the kernel ends the machines' processes, and mounts and networks
are in namespaces of theirs. Only what machines have written stays after a kill, until the next fleet is made.
"""

import fcntl
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from tests.harness.poll import wait_until
from tests.rollout.image import Image, image
from tests.rollout.switch import NETWORK, Switch

PREFIX = "yuanya-machines-"
PACKAGES = "/srv/packages"  # where a machine finds what it installs
WHEELS = "/srv/wheels"
BOOT_SECONDS = 120

NETWORK_FILE = """[Match]
Name=host0
[Network]
Address={address}/24
LinkLocalAddressing=no
"""


class Machine:
    """`name` is its host name, `address` its address at the switch. What it writes outlives a power cut."""

    def __init__(self, name: str, number: int, directory: Path, fleet: "Fleet") -> None:
        self.name = name
        self.address = f"{NETWORK}.{number}"
        self.directory = directory
        self._fleet = fleet
        self._init: int | None = None
        self._process: subprocess.Popen[bytes] | None = None

    def write(self, path: str, text: str, mode: int = 0o644) -> None:
        """A file of a machine that is off."""
        file = self.directory / "written" / path.lstrip("/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        file.chmod(mode)

    def power_on(self) -> None:
        """Begin to boot; `wait` for the end of it."""
        shared = self._fleet.image
        root, work = self.directory / "root", self.directory / "work"
        for folder in (root, work, self.directory / "written"):
            folder.mkdir(parents=True, exist_ok=True)
        layers = f"lowerdir={shared.base},upperdir={self.directory / 'written'},workdir={work}"
        start = f"mount -t overlay overlay -o '{layers}' '{root}' && exec \"$@\""
        with (self.directory / "console").open("ab") as console:
            self._process = subprocess.Popen(
                self._fleet.switch.command(
                    *("setpriv", "--pdeathsig", "KILL"),
                    # Processes of its own around systemd-nspawn, without which its init would live on.
                    *("unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"),
                    *("sh", "-c", start, "boot"),
                    *("systemd-nspawn", "--quiet", "--register=no", "--keep-unit", "--boot"),
                    *(f"--directory={root}", f"--machine={self.name}", "--console=pipe", "--resolv-conf=off"),
                    *("--network-bridge=br0", "--link-journal=no", "--timezone=off"),
                    *(f"--bind-ro={shared.packages}:{PACKAGES}", f"--bind-ro={shared.wheels}:{WHEELS}"),
                ),
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=console,
                start_new_session=True,
            )

    def wait(self) -> None:
        """Until it has booted and ssh answers."""
        wait_until(self._has_booted, BOOT_SECONDS, f"the boot of {self.name} ({self.directory / 'console'})")

    def _has_booted(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, (self.directory / "console").read_text()
        self._init = _init_below(self._process.pid)
        if self._init is None:
            return False
        return self.run("systemctl is-active --quiet multi-user.target ssh", check=False).returncode == 0

    @property
    def init(self) -> int:
        """The process id, here, of its process 1."""
        assert self._init is not None, f"{self.name} has not booted"
        return self._init

    def command(self, script: str) -> list[str]:
        """The command line that runs `script` on the machine with bash, whatever its network does."""
        enter = "nsenter --mount --uts --ipc --net --pid --cgroup --root --wd"
        path = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
        return [
            *enter.split(),
            f"--target={self.init}",
            "--",
            "env",
            "-i",
            path,
            "HOME=/root",
            "bash",
            "-c",
            script,
        ]

    def run(
        self, script: str, *, check: bool = True, timeout: float = 60, stdin: str = ""
    ) -> subprocess.CompletedProcess[str]:
        """The end of `script`; with `check`, an AssertionError with its output unless it ended with 0."""
        done = subprocess.run(
            self.command(script), input=stdin, capture_output=True, text=True, timeout=timeout
        )
        assert not check or done.returncode == 0, f"{self.name}: {script}\n{done.stdout}{done.stderr}"
        return done

    def unit(self, name: str, *properties: str) -> dict[str, str]:
        """What systemd says about a unit."""
        shown = self.run(f"systemctl show {name} --property={','.join(properties)}").stdout
        return dict(line.split("=", 1) for line in shown.splitlines())

    def cut_network(self) -> None:
        """Nothing goes in or out any more; nobody is told."""
        self._fleet.switch.ip(f"link set {self._link} down")

    def join_network(self) -> None:
        self._fleet.switch.ip(f"link set {self._link} up")

    @property
    def _link(self) -> str:
        return f"vb-{self.name}"[:15]

    def power_off(self) -> None:
        """As if somebody had pulled the plug. Its disk stays."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            wait_until(self._is_gone, what=f"the end of {self.name}")
            # The kernel takes its network apart some time later; the next boot needs the name of the link.
            self._fleet.switch.remove(self._link)
            self._process = self._init = None

    def _is_gone(self) -> bool:
        return self._init is None or not Path(f"/proc/{self._init}").exists()


class Fleet:
    """Machines by name, reached from inside its switch by ssh with a throw-away key."""

    def __init__(self, *names: str) -> None:
        _remove_stale()
        self.image: Image = image()
        self.directory = Path(tempfile.mkdtemp(prefix=PREFIX))
        self._lock = (self.directory / "lock").open("w")
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        self.switch = Switch()
        self.machines = {
            name: Machine(name, number, self.directory / name, self)
            for number, name in enumerate(names, start=11)
        }
        self.key = self.directory / "key"
        self.known_hosts = self.directory / "known_hosts"
        self._make_keys()

    def __getitem__(self, name: str) -> Machine:
        return self.machines[name]

    def _make_keys(self) -> None:
        keygen = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "fleet", "-f", str(self.key)]
        subprocess.run(keygen, check=True, timeout=30)
        host_key = (self.image.base / "etc/ssh/ssh_host_ed25519_key.pub").read_text()
        addresses = [machine.address for machine in self.machines.values()]
        self.known_hosts.write_text("".join(f"{address} {host_key}" for address in addresses))

    def start(self) -> "Fleet":
        """Boot all machines. Those that do not boot are an AssertionError; `close` in any case."""
        for machine in self.machines.values():
            self._furnish(machine)
            machine.power_on()
        for machine in self.machines.values():
            machine.wait()
        return self

    def replace(self, name: str) -> None:
        """A new machine, with an empty disk, in place of one that is lost."""
        machine = self[name]
        machine.power_off()
        shutil.rmtree(machine.directory)
        self._furnish(machine)
        machine.power_on()
        machine.wait()

    def _furnish(self, machine: Machine) -> None:
        names = "".join(f"{each.address} {each.name}\n" for each in self.machines.values())
        machine.write("/etc/hostname", f"{machine.name}\n")
        machine.write("/etc/hosts", f"127.0.0.1 localhost\n{names}")
        machine.write("/etc/machine-id", "")
        machine.write("/etc/apt/sources.list", f"deb [trusted=yes] file:{PACKAGES} ./\n")
        machine.write("/etc/pip.conf", f"[global]\nno-index = true\nfind-links = {WHEELS}\n")
        machine.write("/root/.ssh/authorized_keys", self.key.with_suffix(".pub").read_text(), 0o600)
        network = NETWORK_FILE.format(address=machine.address)
        machine.write("/etc/systemd/network/80-container-host0.network", network)
        wants = machine.directory / "written/etc/systemd/system/multi-user.target.wants"
        wants.mkdir(parents=True)
        (wants / "systemd-networkd.service").symlink_to("/lib/systemd/system/systemd-networkd.service")

    def outside(self, script: str, timeout: float = 60) -> subprocess.CompletedProcess[str]:
        """Run with bash what is at the switch, but on none of the machines."""
        command = self.switch.command("bash", "-c", script)
        return subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=timeout
        )

    def close(self) -> None:
        for machine in self.machines.values():
            machine.power_off()
        self.switch.close()
        self._lock.close()
        shutil.rmtree(self.directory)

    def __enter__(self) -> "Fleet":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _remove_stale() -> None:
    """What fleets that were killed have left: their locks are free."""
    for directory in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        try:
            with (directory / "lock").open() as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(directory)
        except OSError:  # in use, just being made, or of another user
            continue


def _init_below(pid: int) -> int | None:
    """The first systemd among the descendants of a process: the machine's own process 1."""
    while True:
        try:
            children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
            if not children:
                return None
            pid = int(children[0])
            if Path(f"/proc/{pid}/comm").read_text() == "systemd\n":
                return pid
        except OSError:  # it has just ended
            return None


def can_boot() -> str:
    """Why machines cannot be made here; empty where they can."""
    if os.geteuid() != 0:
        return "machines need root"
    programs = ("systemd-nspawn", "mmdebstrap", "nsenter", "unshare", "setpriv", "ip", "ssh", "ssh-keygen")
    missing = [program for program in programs if shutil.which(program) is None]
    return f"machines need {', '.join(missing)}" if missing else ""
