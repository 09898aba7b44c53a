"""The data directory of `yuanya up`: one owner at a time, readable by its user only."""

import fcntl
import os
import secrets
import time
from pathlib import Path
from typing import TextIO

from app.common.errors import EmbeddedError

HANDOVER_SECONDS = 15  # the children of an owner that was killed need up to 10 s to end


def prepare(path: Path) -> None:
    try:
        path.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.chmod(0o700)
        if not os.access(path, os.W_OK | os.X_OK):
            raise PermissionError("no permission to write")
        job_secrets(path).mkdir(exist_ok=True, mode=0o700)
    except OSError as error:
        reason = error.strerror or str(error)
        raise EmbeddedError(
            f"Cannot use the data directory {path}: {reason}. Choose another with --data-dir"
        ) from error


def job_secrets(path: Path) -> Path:
    """Where the worker finds what `secret:NAME` in a job stands for."""
    return path / "job-secrets"


def lock(path: Path) -> TextIO:
    """Held until the returned file, and each copy of it in a child, is closed.

    Raises EmbeddedError when another `yuanya up` has it. Waits only for the children of one that is dead.
    """
    file = (path / "lock").open("a+")
    deadline = time.monotonic() + HANDOVER_SECONDS
    while not _try_lock(file):
        file.seek(0)
        owner = file.read().strip()
        if _alive(owner) or time.monotonic() > deadline:
            file.close()
            raise EmbeddedError(
                f"The data directory {path} is in use by another `yuanya up`"
                f"{f' (process {owner})' if owner else ''}. Stop that one, or choose another with --data-dir"
            )
        time.sleep(0.1)
    file.truncate(0)
    file.write(str(os.getpid()))
    file.flush()
    return file


def _try_lock(file: TextIO) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _alive(pid: str) -> bool:
    return pid.isdigit() and Path(f"/proc/{pid}").exists()


def admin_password(file: Path) -> tuple[str, bool]:
    """The password of the account `admin`, and whether it was made just now."""
    try:
        if password := file.read_text().strip():
            return password, False
    except FileNotFoundError:
        pass
    password = secrets.token_urlsafe(18)
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as out:
        out.write(password + "\n")
    return password, True
