"""Who a worker is: an id that only one live process may use, and how to tell it from a dead predecessor."""

import socket
from pathlib import Path

from app.common.models import WorkerInfo

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


def instance_of(pid: int) -> str:
    """A process, told apart from any other that had or will have its pid; empty if there is none now.

    Boot id, pid and start time in clock ticks since boot: field 22 of /proc/<pid>/stat, see proc(5).
    """
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
        boot = BOOT_ID.read_text().strip()
    except OSError:
        return ""
    started = stat.rpartition(")")[2].split()[19]
    return f"{boot}:{pid}:{started}"


def is_dead_predecessor(known: WorkerInfo) -> bool:
    """Whether a registration was left by a process of this host that has ended.

    Of another host nothing is known: its lease must run out.
    """
    return known.host == socket.gethostname() and instance_of(known.pid) != known.instance


def is_same_process(known: WorkerInfo, pid: int) -> bool:
    return known.host == socket.gethostname() and known.instance == instance_of(pid)
