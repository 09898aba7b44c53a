"""What this machine's cron goes by: formats, homes, the time zone."""

import contextlib
import os
import pwd
import re
from pathlib import Path
from zoneinfo import available_timezones

_SYSTEM_FILE = re.compile(r"/etc/(crontab|cron\.d/[^/]+)")


def is_system(path: Path) -> bool:
    """Whether cron expects a user column in this file."""
    return _SYSTEM_FILE.fullmatch(str(path)) is not None


def local_zone() -> str | None:
    """The IANA name of this machine's zone, which is what its cron follows."""
    candidates = [os.environ.get("TZ", "").removeprefix(":")]
    with contextlib.suppress(OSError):
        candidates.append(Path("/etc/timezone").read_text().strip())
    candidates.append(str(Path("/etc/localtime").resolve()).partition("/zoneinfo/")[2])
    known = available_timezones()
    return next((zone for zone in candidates if zone in known), None)


def home(user: str | None) -> str | None:
    """None where this machine does not know the user or has no such directory: cron then starts in `/`."""
    try:
        directory = pwd.getpwnam(user or "").pw_dir
    except KeyError:
        return None
    return directory if Path(directory).is_dir() else None
