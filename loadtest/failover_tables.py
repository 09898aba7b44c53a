"""What each fault did to requests and to fires, as tables."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from app.common.logstore import LogStore
from app.common.models import Job, Status
from loadtest.failover_load import Asked, Load
from loadtest.report import Report
from tests.harness.oracle import Oracle, judge

EACH_SECOND, SPREAD = "each-second-", "spread-"  # how the names of jobs begin
LONGEST_RUN_MS = 3_000
ERRORS_SHOWN = 8


@dataclass(frozen=True)
class Window:
    """From a fault until some time after the return of what was hit. Times are epoch ms; `back` None: nothing
    was hit."""

    name: str
    began: int
    back: int | None
    until: int

    def has(self, seconds: float) -> bool:
        return self.began <= seconds * 1000 < self.until

    def shifted(self, ms: int) -> tuple[int, int]:
        return self.began + ms, self.until + ms

    @property
    def back_after(self) -> float:
        """Seconds."""
        return (self.back - self.began) / 1000 if self.back is not None else 0.0


def tell_requests(report: Report, load: Load, windows: Sequence[Window]) -> tuple[int, int]:
    """How many requests failed at the first try, and how many in the end."""
    table = report.table(
        "requests",
        *(
            "event",
            "back, s",
            "requests",
            "failed at first",
            "failed",
            "slowest, s",
            "longest without any, s",
        ),
    )
    for window in windows:
        asked = [each for each in load.asked if window.has(each.ended)]
        answered = sorted(each.ended for each in asked if not each.error)
        table.add(
            window.name,
            round(window.back_after, 1),
            len(asked),
            sum(bool(each.first_error) for each in asked),
            sum(bool(each.error) for each in asked),
            round(max((each.ended - each.began for each in asked), default=0.0), 2),
            round(_longest_gap([window.began / 1000, *answered, window.until / 1000]), 2),
        )
    failed = [each for each in load.asked if each.first_error]
    _tell_errors(report, failed, windows)
    return len(failed), sum(bool(each.error) for each in failed)


def _tell_errors(report: Report, failed: list[Asked], windows: Sequence[Window]) -> None:
    if not failed:
        return
    table = report.table("errors", "event", "request", "at first", "in the end", "times")
    told = Counter(
        (next((w.name for w in windows if w.has(each.ended)), "?"), each.kind, each.first_error, each.error)
        for each in failed
    )
    for (name, kind, first, error), count in told.most_common(ERRORS_SHOWN):
        table.add(name, kind, first, error or "answered", count)


def tell_fires(
    report: Report, store: LogStore, oracle: Oracle, jobs: Sequence[Job], windows: Sequence[Window]
) -> int:
    """How many fires of spread jobs were missed. Those that are lost have no record at all."""
    table = report.table(
        "fires",
        *("event", "planned", "started", "lost", "runs cut off", "missed: spread", "each second"),
        *("latest start, s", "longest without any, s"),
    )
    spread = [job for job in jobs if job.name.startswith(SPREAD)]
    missed = 0
    for window in windows:
        verdict = judge(jobs, oracle, store, window.began, window.until)
        of_spread = judge(spread, oracle, store, window.began, window.until).rows[Status.MISSED]
        missed += of_spread
        starts = sorted(s.at for s in oracle.starts() if window.began <= s.at < window.until)
        table.add(
            window.name,
            verdict.planned,
            verdict.started,
            len(verdict.without_row),
            # What was in progress at the fault was planned before it.
            judge(jobs, oracle, store, *window.shifted(-LONGEST_RUN_MS)).rows[Status.LOST],
            of_spread,
            verdict.rows[Status.MISSED] - of_spread,
            round(verdict.latest_ms / 1000, 2),
            round(_longest_gap([window.began, *starts, window.until]) / 1000, 2),
        )
    return missed


def _longest_gap(moments: Sequence[float]) -> float:
    return max((later - earlier for earlier, later in pairwise(moments)), default=0.0)
