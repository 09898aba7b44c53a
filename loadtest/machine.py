"""On what a measurement ran: figures of one machine say nothing of another."""

import os
import platform
import shutil
import subprocess
from functools import cache
from importlib.metadata import version
from pathlib import Path

PROGRAMS = {"etcd": ("etcd", "--version"), "bash": ("bash", "--version")}
PACKAGES = ("etcd-sdk-python", "grpcio", "protobuf", "pymongo", "croniter", "pydantic", "fastapi", "uvicorn")


def machine() -> str:
    model = _after("/proc/cpuinfo", "model name") or platform.processor()
    memory = int((_after("/proc/meminfo", "MemTotal") or "0 kB").split()[0]) / 1024**2
    load = os.getloadavg()[0]
    return f"{os.cpu_count()} x {model}, {memory:.0f} GB, Linux {platform.release()}, load {load:.1f}"


@cache
def versions() -> dict[str, str]:
    found = {"python": platform.python_version()}
    for name, command in PROGRAMS.items():
        if shutil.which(command[0]):
            lines = subprocess.run(command, capture_output=True, text=True, timeout=10).stdout.splitlines()
            found[name] = lines[0].removeprefix("etcd Version: ") if lines else "?"
    return found | {package: version(package) for package in PACKAGES}


def _after(file: str, name: str) -> str:
    """The value of the first line `name: value`."""
    lines = (line.partition(":") for line in Path(file).read_text().splitlines())
    return next((value.strip() for key, _, value in lines if key.strip() == name), "")
