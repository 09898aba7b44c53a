"""Debian's cron as it is, with jobs of our own only: the machine's crontabs are neither read nor run.

It runs in a mount namespace where an own folder lies over each place that it reads.
"""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from tests.harness.oracle import Oracle
from tests.harness.poll import wait_until

PROGRAM = "/usr/sbin/cron"  # often not in PATH
TABLES = Path("/etc/cron.d")
HIDDEN = (Path("/etc/crontab"), Path("/var/spool/cron"))
# The empty /run is for the pid file: a second cron would refuse to start beside the machine's.
START = f"""
mount --bind "$1/tables" {TABLES} &&
for place in {" ".join(map(str, HIDDEN))}; do
  [ -d $place ] && {{ mount --bind "$1/empty" $place || exit; }}
  [ -f $place ] && {{ mount --bind /dev/null $place || exit; }}
done
mount -t tmpfs tmpfs /run && exec {PROGRAM} -f -L 0
"""


def why_not() -> str:
    """Why cron cannot be measured here; empty if it can."""
    if not os.access(PROGRAM, os.X_OK) or not TABLES.is_dir():
        return "Debian's cron is not installed"
    if os.geteuid() != 0:
        return "cron needs root"
    if not shutil.which("unshare"):
        return "unshare is not installed"
    probe = subprocess.run(["unshare", "--mount", "true"], capture_output=True, timeout=10)
    return "" if probe.returncode == 0 else "no mount namespace can be made here"


def version() -> str:
    query = ["dpkg-query", "-W", "-f=${Version}", "cron"]
    return subprocess.run(query, capture_output=True, text=True, timeout=10).stdout


@contextmanager
def cron_running(directory: Path, jobs: int, plan: int, oracle: Oracle) -> Iterator[int]:
    """cron with `jobs` jobs of each minute, which note themselves with the oracle as fires of `plan` (epoch
    ms). It logs nothing, which is in its favour. Yields its pid."""
    for name in ("tables", "empty"):
        (directory / name).mkdir(parents=True, exist_ok=True)
    _write_table(directory / "tables" / "jobs", jobs, plan, oracle)
    with (directory / "log").open("ab") as log:
        process = subprocess.Popen(
            ["unshare", "--mount", "--propagation", "private", "sh", "-c", START, "sh", str(directory)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
    try:
        wait_until(lambda: Path(f"/proc/{process.pid}/comm").read_text() == "cron\n", 10, "the start of cron")
        yield process.pid
    finally:
        process.kill()
        process.wait()


def _write_table(path: Path, jobs: int, plan: int, oracle: Oracle) -> None:
    at = datetime.fromtimestamp(plan / 1000, UTC).isoformat()
    lines = ["SHELL=/bin/bash", 'MAILTO=""', "CRON_RUN_ID=1", f"CRON_PLAN_TIME={at}"]
    for i in range(jobs):
        lines += [f"CRON_JOB=job-{i}", f"* * * * * root {oracle.command()}"]
    path.write_text("\n".join(lines) + "\n")
    path.chmod(0o644)
