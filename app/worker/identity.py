"""Who a worker is: an id that only one live process may use, and how to tell it from a dead predecessor."""

from pathlib import Path

from app.common.models import WorkerInfo

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
PID_NAMESPACE = Path("/proc/self/ns/pid")


def instance_of(pid: int) -> str:
    """A process, told apart from any other that had or will have its pid; empty if there is none now.

    Boot id and pid namespace (together: where the pid means something), pid, and start time in clock ticks
    since boot: field 22 of /proc/<pid>/stat, see proc(5).
    """
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return ""
    started = stat.rpartition(")")[2].split()[19]
    return f"{_here()}:{pid}:{started}"


def is_dead_predecessor(known: WorkerInfo) -> bool:
    """Whether a registration was left by a process of this very host and pid namespace that has ended.

    Of any other nothing is known: its lease must run out. A host name proves nothing: clones share it.
    """
    return known.instance.startswith(f"{_here()}:") and instance_of(known.pid) != known.instance


def is_same_process(known: WorkerInfo, pid: int) -> bool:
    return known.instance == instance_of(pid)


def is_alive_here(known: WorkerInfo) -> bool:
    """Whether the process that wrote the registration can be seen to be alive."""
    return bool(known.instance) and instance_of(known.pid) == known.instance


def _here() -> str:
    return f"{BOOT_ID.read_text().strip()}:{PID_NAMESPACE.stat().st_ino}"
