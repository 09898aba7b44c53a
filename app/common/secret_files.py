"""Secrets in files of a directory, one file each: read within a bound, and only where strangers cannot."""

import os
import stat
from pathlib import Path

MAX_BYTES = 32_768  # of a secret; Linux takes 128 KiB for one variable of a command
OTHERS = 0o007


class SecretFileError(Exception):
    """Why a secret cannot be had, as the end of a sentence about it. Never shows any of it."""


def read(directory: Path, name: str) -> bytes:
    """The content of the file `name`, without the line ends behind it. Symbolic links may point to what is
    inside the directory, as those of mounted volumes do.

    Raises SecretFileError: no such file, no permission, not a plain file inside the directory, empty, with a
    NUL, larger than MAX_BYTES, or open to every user of the host.
    """
    try:
        inside = directory.resolve(strict=True)
        path = (inside / name).resolve(strict=True)
        if not path.is_relative_to(inside):
            raise SecretFileError(f"{name} in {directory} is a link to a file outside of it")
        # Neither waits for the writer of a pipe, nor follows a link put there since.
        file = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOFOLLOW)
        try:
            return _read(file, directory, name, path.parent.stat().st_mode)
        finally:
            os.close(file)
    except (OSError, RuntimeError) as error:  # RuntimeError: links in a circle
        reason = getattr(error, "strerror", None) or "cannot be read"
        raise SecretFileError(f"{name} in {directory}: {reason}") from None


def _read(file: int, directory: Path, name: str, directory_mode: int) -> bytes:
    status = os.fstat(file)
    if not stat.S_ISREG(status.st_mode):
        raise SecretFileError(f"{name} in {directory} is not a plain file")
    if status.st_mode & OTHERS and directory_mode & OTHERS:
        raise SecretFileError(
            f"{name} in {directory} is open to every user of this host: chmod o= the file or its directory"
        )
    content = b""
    while len(content) <= MAX_BYTES and (part := os.read(file, MAX_BYTES + 1 - len(content))):
        content += part
    if len(content) > MAX_BYTES:
        raise SecretFileError(f"{name} in {directory} has more than {MAX_BYTES} bytes")
    content = content.rstrip(b"\r\n")
    if not content:
        raise SecretFileError(f"{name} in {directory} is empty")
    if b"\0" in content:
        raise SecretFileError(f"{name} in {directory} holds a NUL byte")
    return content
