"""The host: what the kernel has, how many files may be open, the time zones."""

import os
import resource
import threading
from collections.abc import Iterator
from pathlib import Path

from app.cli.doctor.findings import Check, Finding, ok, problem, warning
from app.common.errors import ScheduleError
from app.common.schedule.zones import zone

FILES_A_RUN = 3  # its output, its pidfd, and one while it starts
FILES_BESIDE = 500  # sockets, the spool, libraries
FILES_OF_A_MASTER = 4_096  # 2,000 connections, and what they need of etcd and the store
SAMPLE_ZONES = ("UTC", "Europe/Berlin", "Asia/Shanghai", "America/New_York")


def checks(role: str, capacity: int | None) -> Iterator[Check]:
    """`capacity`: of a worker."""
    yield Check("time zones", _zones)
    if capacity is None:
        yield Check(f"open files of the {role}", lambda: _open_files(role, FILES_OF_A_MASTER))
    else:
        yield Check("kernel", _kernel)
        needed = FILES_A_RUN * capacity + FILES_BESIDE
        yield Check(f"open files of the {role}", lambda: _open_files(role, needed))


def _kernel() -> Iterator[Finding]:
    try:
        os.close(os.pidfd_open(os.getpid()))
    except OSError as error:
        yield problem("kernel", f"pidfd_open: {error.strerror}", "a kernel of 5.3 or later is needed")
    children = Path(f"/proc/self/task/{threading.get_native_id()}/children")
    if not children.exists():
        yield problem(
            "kernel", f"{children} is missing", "a kernel with CONFIG_PROC_CHILDREN, and /proc mounted"
        )
    else:
        yield ok("kernel", f"{os.uname().release}, with pidfds and lists of children")


def _open_files(role: str, needed: int) -> Iterator[Finding]:
    subject = f"open files of the {role}"
    soft, _hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < needed:
        yield warning(
            subject,
            f"{soft} allowed here, {needed} may be needed",
            "LimitNOFILE= in its unit, or ulimit -n (units have limits of their own: see systemctl show)",
        )
    else:
        allowed = "no limit" if soft == resource.RLIM_INFINITY else f"{soft} allowed here"
        yield ok(subject, f"{allowed}, {needed} may be needed")


def _zones() -> Iterator[Finding]:
    try:
        for name in SAMPLE_ZONES:
            zone(name)
    except (ScheduleError, OSError) as error:
        yield problem("time zones", str(error), "install this program's dependencies again (tzdata)")
    else:
        yield ok("time zones", "the data of the tzdata package is there")
