"""The program to roll out, and whether machines can be made here."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.rollout.image import ROOT
from tests.rollout.machines import can_boot

CONSOLE = "app/master/static/console/index.html"


def build_wheel(source: Path, target: Path) -> subprocess.CompletedProcess[str]:
    options = ["-q", "--disable-pip-version-check", "--no-deps", "--no-build-isolation"]
    return subprocess.run(
        [sys.executable, "-m", "pip", "wheel", *options, "-w", str(target), str(source)],
        capture_output=True,
        text=True,
        timeout=120,
    )


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if not (ROOT / CONSOLE).exists():
        _cannot("the console is not built: make console")
    target = tmp_path_factory.mktemp("wheel")
    built = build_wheel(ROOT, target)
    assert built.returncode == 0, built.stderr
    (found,) = target.glob("*.whl")
    return found


@pytest.fixture(scope="session")
def bootable() -> None:
    """Skips where no machine can be made; fails where CI runs as root, which can."""
    reason = can_boot()
    if reason and os.geteuid() == 0:
        _cannot(reason)
    elif reason:
        pytest.skip(reason)


def _cannot(reason: str) -> None:
    if os.environ.get("CI") == "true":
        pytest.fail(f"{reason}, and CI must run every test")
    pytest.skip(reason)
