"""What all machines share, made once and kept: a fresh Debian, and the packages and wheels that roles need.

No machine reaches the internet. Each part is cached by a hash of its recipe under the cache directory's
yuanya-rollout; one whose recipe has changed is made anew, and what nobody has used for a day goes then.
"""

import fcntl
import hashlib
import inspect
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
MIRROR = "http://deb.debian.org/debian"
RELEASE = "bookworm"
# What a host has before Ansible comes: an init, ssh, and Python.
BASE = ["systemd", "systemd-sysv", "dbus", "udev", "python3", "python3-apt", "iproute2", "openssh-server"]
# What the roles install, from a repository of the machines' own.
PACKAGES = [
    *("ca-certificates", "tar", "gzip", "sudo", "curl"),
    *("chrony", "ufw", "firewalld", "python3-firewall"),
    *("python3-venv", "python3-pip", "python3-cryptography", "python3-pymongo"),
    *("etcd-server", "etcd-client", "nginx-light", "prometheus", "prometheus-blackbox-exporter"),
]
STORE = "nx-27017"  # stands for a MongoDB of the fleet's own
KEEP_SECONDS = 86_400
SECONDS = 600  # for any one of the steps that download


@dataclass(frozen=True, slots=True)
class Image:
    """Directories, all to be read only."""

    base: Path
    packages: Path  # a flat apt repository
    wheels: Path


def image() -> Image:
    """The parts, made where they are missing. Raises CalledProcessError where one cannot be made."""
    base_recipe = f"{MIRROR} {RELEASE} {BASE} {inspect.getsource(_make_base)}"
    base = _cached("base", base_recipe, _make_base)
    packages = _cached(
        "packages",
        f"{base_recipe} {PACKAGES} {inspect.getsource(_make_packages)}",
        lambda at: _make_packages(at, base),
    )
    locks = [ROOT / "requirements" / name for name in ("runtime.txt", "dev.txt")]
    recipe = " ".join([*(lock.read_text() for lock in locks), inspect.getsource(_make_wheels)])
    return Image(base, packages, _cached("wheels", recipe, lambda at: _make_wheels(at, *locks)))


def _make_base(at: Path) -> None:
    tar = at.with_suffix(".tar")
    include = f"--include={','.join(BASE)}"
    _run("mmdebstrap", "--quiet", "--variant=minbase", include, RELEASE, str(tar), MIRROR)
    # Device files come from the machine that boots, and not everybody may make them.
    _run("tar", "--extract", "--file", str(tar), "--directory", str(at), "--exclude=./dev/*")
    tar.unlink()
    os.utime(at / "var/lib/apt/lists", (0, 0))  # a machine has other sources: apt must not think these recent


def _make_packages(at: Path, base: Path) -> None:
    """Download `PACKAGES`, with all that `base` lacks for them, and write the index."""
    lists = at / "apt"
    options = [
        f"Dir::State::Lists={lists}/lists",
        f"Dir::State::status={base}/var/lib/dpkg/status",
        f"Dir::Cache={lists}",
        f"Dir::Cache::archives={at}",
        f"Dir::Etc::SourceList={lists}/sources.list",
        "Dir::Etc::SourceParts=-",
        f"Dir::Etc::Trusted={base}/etc/apt/trusted.gpg",
        f"Dir::Etc::TrustedParts={base}/etc/apt/trusted.gpg.d",
        "APT::Sandbox::User=root",
        "APT::Install-Recommends=true",
    ]
    for folder in ("lists/partial", "partial"):
        (lists / folder).mkdir(parents=True)
    (at / "partial").mkdir()
    (lists / "sources.list").write_text(f"deb {MIRROR} {RELEASE} main\n")
    apt = ["apt-get", "--quiet=2", *(f"--option={option}" for option in options)]
    _run(*apt, "update")
    _run(*apt, "install", "--yes", "--download-only", *PACKAGES)
    shutil.rmtree(lists)
    shutil.rmtree(at / "partial")
    (at / "lock").unlink(missing_ok=True)
    (at / "Packages").write_text("\n".join(_entry(deb) for deb in sorted(at.glob("*.deb"))))


def _entry(deb: Path) -> str:
    fields = subprocess.run(
        ["dpkg-deb", "--field", str(deb)], check=True, capture_output=True, text=True, timeout=60
    ).stdout
    digest = hashlib.sha256(deb.read_bytes()).hexdigest()
    return f"{fields}Filename: ./{deb.name}\nSize: {deb.stat().st_size}\nSHA256: {digest}\n"


def _make_wheels(at: Path, runtime: Path, dev: Path) -> None:
    pip = [sys.executable, "-m", "pip", "download", "-qq", "--disable-pip-version-check", f"--dest={at}"]
    _run(*pip, "--require-hashes", "--requirement", str(runtime))
    _run(*pip, "--constraint", str(_pins(dev, at)), STORE)
    (at / "pins.txt").unlink()


def _pins(lock: Path, at: Path) -> Path:
    """The versions of a lock without their hashes: what is asked for beside it has none."""
    pins = at / "pins.txt"
    lines = [line.split(" ")[0] for line in lock.read_text().splitlines() if "==" in line]
    pins.write_text("\n".join(lines))
    return pins


def _run(*command: str) -> None:
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL, timeout=SECONDS)


def _cached(name: str, recipe: str, make: Callable[[Path], None]) -> Path:
    """The directory that `make` fills, from the cache where its recipe is unchanged."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "yuanya-rollout"
    cache.mkdir(parents=True, exist_ok=True)
    wanted = cache / f"{name}-{hashlib.sha256(recipe.encode()).hexdigest()[:16]}"
    with _locked(cache / f"{name}.lock"):
        if not wanted.exists():
            _forget_old(cache.glob(f"{name}-*"))
            making = cache / f"{name}.making"
            shutil.rmtree(making, ignore_errors=True)  # of a run that was killed
            making.mkdir()
            make(making)
            making.rename(wanted)
        os.utime(wanted)
    return wanted


def _forget_old(parts: Iterable[Path]) -> None:
    for part in parts:
        if time.time() - part.stat().st_mtime > KEEP_SECONDS:
            shutil.rmtree(part)


@contextmanager
def _locked(file: Path) -> Iterator[None]:
    with file.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
