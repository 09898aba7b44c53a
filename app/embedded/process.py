"""A child process that ends with its parent, and the orphans that a dead child leaves behind."""

import contextlib
import ctypes
import functools
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass, field
from pathlib import Path

LOG_LIMIT = 10 * 1024 * 1024  # bytes of one log file; the part before it is kept once, as `<name>.1`

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
_libc = ctypes.CDLL(None, use_errno=True)


def adopt_orphans() -> None:
    """Become the parent of every descendant whose own parent dies, so that none can slip away."""
    _libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def _prepare_child(parent: int, death_signal: int) -> None:
    """Runs between fork and exec."""
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    _libc.prctl(_PR_SET_PDEATHSIG, death_signal, 0, 0, 0)
    if os.getppid() != parent:  # it died before the request was made
        os._exit(1)


@dataclass
class Child:
    """One supervised program. Its output goes to `log`, which stays below twice LOG_LIMIT.

    `stop_seconds` is how long it may take to end after SIGTERM. `death_signal` is what it gets when this
    process dies without a word; start it from the main thread only, whose end counts as that. `keep_open` are
    file descriptors it holds until it ends.
    """

    name: str
    argv: Sequence[str]
    log: Path
    stop_seconds: float
    env: dict[str, str] = field(default_factory=dict)
    keep_open: Sequence[int] = ()
    death_signal: int = signal.SIGTERM
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self.bound_log()
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.argv,
                env=os.environ | self.env,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=tuple(self.keep_open),
                start_new_session=True,
                preexec_fn=functools.partial(_prepare_child, os.getpid(), self.death_signal),
            )

    @property
    def pid(self) -> int:
        """0 while it does not run."""
        return self.process.pid if self.process else 0

    def exit_code(self) -> int | None:
        """None while it runs, and before it was started."""
        return self.process.poll() if self.process else None

    def stop(self) -> None:
        """SIGTERM, then SIGKILL to its group. Returns when it is gone."""
        if self.process is None:
            return
        if self.process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                self.process.terminate()
            try:
                self.process.wait(self.stop_seconds)
            except subprocess.TimeoutExpired:
                _kill_group(self.process.pid)
                self.process.wait()
        self.process = None

    def bound_log(self) -> None:
        """Copy a full log aside and empty it: the child appends to it, and so goes on at its start."""
        with contextlib.suppress(FileNotFoundError):
            if self.log.stat().st_size > LOG_LIMIT:
                shutil.copyfile(self.log, self.log.with_suffix(".log.1"))
                os.truncate(self.log, 0)

    def last_lines(self, count: int = 8) -> str:
        """The end of its log, for a person who wants to know why it died."""
        with contextlib.suppress(OSError), self.log.open("rb") as log:
            log.seek(max(0, self.log.stat().st_size - 8192))
            return "\n".join(log.read().decode(errors="replace").splitlines()[-count:])
        return ""


def end_orphans(known: Set[int], seconds: float = 2) -> None:
    """Kill every adopted descendant: all children of this process but the `known` ones, then theirs."""
    deadline = time.monotonic() + seconds
    while (orphans := [pid for pid in _children() if pid not in known]) and time.monotonic() < deadline:
        for pid in orphans:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, os.WNOHANG)
        time.sleep(0.01)


def _children() -> Iterator[int]:
    parent = str(os.getpid())
    for stat in Path("/proc").glob("[0-9]*/stat"):
        # The name in parentheses may hold anything; the parent is the second word behind it.
        with contextlib.suppress(OSError, IndexError):
            if stat.read_text(errors="replace").rpartition(")")[2].split()[1] == parent:
                yield int(stat.parent.name)


def _kill_group(leader: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(leader, signal.SIGKILL)
