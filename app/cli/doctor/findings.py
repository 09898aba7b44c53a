"""What a check says, and running checks: side by side, each with a deadline, none hiding another."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from app.common.errors import CronError

DEADLINE_SECONDS = 20.0  # of a check as a whole; each call within it has one of its own


class Level(StrEnum):
    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"


@dataclass(frozen=True, slots=True)
class Finding:
    """`found` is a fact, `advice` what to do about it (empty where nothing is)."""

    level: Level
    subject: str
    found: str
    advice: str = ""


@dataclass(frozen=True, slots=True)
class Check:
    """`run` yields what it finds; what it raises becomes a problem."""

    subject: str
    run: Callable[[], Iterator[Finding]]


def ok(subject: str, found: str) -> Finding:
    return Finding(Level.OK, subject, found)


def warning(subject: str, found: str, advice: str) -> Finding:
    return Finding(Level.WARNING, subject, found, advice)


def problem(subject: str, found: str, advice: str) -> Finding:
    return Finding(Level.PROBLEM, subject, found, advice)


def run(checks: Sequence[Check], seconds: float = DEADLINE_SECONDS) -> Iterator[Finding]:
    """In the order of `checks`. One that does not end in time is left behind, and told."""
    running = [_Running(check) for check in checks]
    deadline = time.monotonic() + seconds
    for each in running:
        each.join(max(0.0, deadline - time.monotonic()))
        yield from list(each.found)
        if each.is_alive():
            yield problem(
                each.check.subject,
                f"no result within {seconds:.0f} s",
                "it hangs: look at its host and disks",
            )


class _Running(threading.Thread):
    def __init__(self, check: Check) -> None:
        super().__init__(name=f"check {check.subject}", daemon=True)
        self.check = check
        self.found: list[Finding] = []
        self.start()

    def run(self) -> None:
        try:
            for finding in self.check.run():
                self.found.append(finding)
        except (CronError, OSError) as error:
            self.found.append(problem(self.check.subject, str(error), "see docs/troubleshoot.md"))
        except Exception as error:  # noqa: BLE001 - one check must not hide the others
            self.found.append(
                problem(
                    self.check.subject,
                    f"the check itself failed: {type(error).__name__}",
                    "report it, with the versions of this program and of what was checked",
                )
            )
