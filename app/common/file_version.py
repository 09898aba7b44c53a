"""Whether a file is still the one that was read."""

from pathlib import Path

Version = tuple[int, int, int, int] | None


def version(path: Path) -> Version:
    """Another one once the file was written, replaced, or given other rights; None while there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_mode, found.st_size, found.st_ctime_ns
