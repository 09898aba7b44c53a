"""Wheels of this checkout under other versions, to roll out one after the other."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

from app import __version__

ROOT = Path(__file__).parents[1]
SOURCES = ("pyproject.toml", "README.md", "LICENSE", "app", "tools")
SECONDS = 180


def build_wheel(folder: Path, version: str = __version__, *, worker_starts: bool = True) -> Path:
    """A wheel in `folder`. The console must be built. Without `worker_starts`, its worker ends at once.

    Raises CalledProcessError where it cannot be built.
    """
    source = folder / f"source-{version}"
    source.mkdir(parents=True)
    for name in SOURCES:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy2(ROOT / name, source)
    _replace(source / "pyproject.toml", r'^version = ".*"$', f'version = "{version}"')
    _replace(source / "app/__init__.py", r'^__version__ = ".*"$', f'__version__ = "{version}"')
    if not worker_starts:
        with (source / "app/worker/main.py").open("a") as main:
            main.write('\nraise RuntimeError("this release is broken")\n')
    options = ["-qq", "--disable-pip-version-check", "--no-deps", "--no-build-isolation"]
    wheels = folder / version
    subprocess.run(
        [sys.executable, "-m", "pip", "wheel", *options, f"--wheel-dir={wheels}", str(source)],
        check=True,
        timeout=SECONDS,
    )
    (wheel,) = wheels.glob("*.whl")
    return wheel


def _replace(file: Path, pattern: str, line: str) -> None:
    text, found = re.subn(pattern, line, file.read_text(), flags=re.MULTILINE)
    assert found == 1, f"{file} has no line of its own for the version"
    file.write_text(text)
