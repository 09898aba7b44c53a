"""Starting one command: its arguments, its environment, and the process itself."""

import contextlib
import errno
import functools
import os
import pwd
import signal
import stat
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
ENV_PROGRAM = "/usr/bin/env"  # coreutils; its -C changes the directory, which posix_spawn cannot

MAX_ARGUMENT = 131_071  # bytes; Linux's MAX_ARG_STRLEN less the NUL
PIECE = 32_000  # characters, of at most 4 bytes each: below MAX_ARGUMENT

# What is ignored in this process would be ignored in the command too; Python ignores the first two.
_RESET_SIGNALS = (
    signal.SIGPIPE,
    signal.SIGXFSZ,
    signal.SIGHUP,
    signal.SIGINT,
    signal.SIGQUIT,
    signal.SIGTERM,
    signal.SIGUSR1,
    signal.SIGUSR2,
    signal.SIGALRM,
    signal.SIGCHLD,
    signal.SIGTSTP,
    signal.SIGTTIN,
    signal.SIGTTOU,
)


class Launch(NamedTuple):
    """A command to run, once. Times are epoch ms, durations seconds, sizes bytes."""

    run_id: str
    job_name: str
    command: str
    plan_time: int
    worker: str
    attempt: int = 1
    fence: int = 0
    shell: str = "/bin/bash"
    cwd: str | None = None
    env: Mapping[str, str] = MappingProxyType({})
    timeout: float | None = None
    grace: float = 5
    output_limit: int = 262_144


def base_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """What commands see of the worker's own environment: who and where it is, its language, nothing else."""
    try:
        account = pwd.getpwuid(os.getuid())
        user, home = account.pw_name, account.pw_dir
    except KeyError:
        user, home = str(os.getuid()), "/"
    base = {
        "PATH": environ.get("PATH") or DEFAULT_PATH,
        "HOME": environ.get("HOME") or home,
        "USER": user,
        "LOGNAME": user,
    }
    kept = {name: environ[name] for name in ("LANG", "LC_ALL", "TZ") if environ.get(name)}
    if not kept.keys() & {"LANG", "LC_ALL"}:
        # The same as LANG=C.UTF-8, but a shell starts faster: it loads one part of the locale instead of all.
        kept["LC_CTYPE"] = "C.UTF-8"
    return base | kept


def environment(launch: Launch, base: Mapping[str, str]) -> dict[str, str]:
    """The complete environment of a command. The job's own variables win over the base, CRON_* over all."""
    if "LANG" in launch.env:  # it speaks for all parts of the locale
        base = {name: value for name, value in base.items() if name != "LC_CTYPE"}
    return {
        **base,
        "SHELL": launch.shell,
        **launch.env,
        "CRON_JOB": launch.job_name,
        "CRON_RUN_ID": launch.run_id,
        "CRON_PLAN_TIME": _utc(launch.plan_time),
        "CRON_ATTEMPT": str(launch.attempt),
        "CRON_FENCE": str(launch.fence),
        "CRON_WORKER": launch.worker,
    }


@functools.lru_cache(maxsize=64)  # the fires of one moment come together
def _utc(ms: int) -> str:
    text = datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")


def arguments(launch: Launch) -> list[str]:
    """`shell -c command`, wrapped where that does not do.

    Linux refuses an argument of 128 KiB. A longer command goes in as pieces, which the shell joins and
    evaluates after dropping them, so that the command sees no arguments, as ever. That takes a POSIX shell.
    """
    argv = [launch.shell, "-c", launch.command]
    if len(launch.command.encode()) > MAX_ARGUMENT:
        pieces = [launch.command[at : at + PIECE] for at in range(0, len(launch.command), PIECE)]
        joined = "".join(f"${{{number}}}" for number in range(1, len(pieces) + 1))
        argv = [launch.shell, "-c", f'eval "shift {len(pieces)}; {joined}"', launch.shell, *pieces]
    if launch.cwd is not None:
        argv = [ENV_PROGRAM, "-C", launch.cwd, *argv]
    return argv


def spawn(launch: Launch, base: Mapping[str, str], stdin: int, output: int) -> int:
    """Start the command as leader of a session of its own; returns its pid, also that of group and session.

    `stdin` becomes its file 0, `output` its 1 and 2; all others must be close-on-exec. Raises OSError or
    ValueError.
    """
    argv = arguments(launch)
    if launch.cwd is not None:
        _check_directory(launch.cwd)
        _check_program(launch.shell)
    return os.posix_spawn(
        argv[0],
        argv,
        environment(launch, base),
        file_actions=(
            (os.POSIX_SPAWN_DUP2, stdin, 0),
            (os.POSIX_SPAWN_DUP2, output, 1),
            (os.POSIX_SPAWN_DUP2, output, 2),
        ),
        setsid=True,
        setsigmask=(),
        setsigdef=_RESET_SIGNALS,
    )


def close_all_on_exec() -> None:
    """Whatever this process was given, commands get only what is meant for them."""
    for entry in list(Path("/proc/self/fd").iterdir()):
        fd = int(entry.name)
        if fd > 2:
            with contextlib.suppress(OSError):  # the one that listed the directory is gone
                os.set_inheritable(fd, False)


def explain(error: Exception) -> str:
    """Why a command did not start, for the person who reads the run."""
    if not isinstance(error, OSError):
        return f"cannot start: {error}"
    where = f"{error.filename}: " if error.filename else ""
    return f"cannot start: {where}{error.strerror}"


def _check_directory(path: str) -> None:
    if not stat.S_ISDIR(Path(path).stat().st_mode):
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), path)
    if not os.access(path, os.X_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), path)


def _check_program(path: str) -> None:
    """As posix_spawn would, had it not been given `env` to start."""
    Path(path).stat()
    if not os.access(path, os.X_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), path)
