"""The truth about what ran: jobs write it into files of their own. The system's own word is never asked.

The ledger check is written apart from the one of the product: it expands every row into fires and counts.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from tempfile import TemporaryDirectory

from app.common.logstore import LogStore
from app.common.models import Job, Status


@dataclass(frozen=True, slots=True)
class Start:
    """One start of a command, as the command itself wrote it. Times are epoch ms."""

    job: str
    run_id: str
    plan: int
    at: int


class Oracle:
    """Hands out shell commands that record their own start, and reads the records."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self._file = directory / "starts"

    def command(self, then: str = ":") -> str:
        """A command that records its start and goes on with `then`."""
        return recorded(str(self._file), then)

    def replace(self, files: Iterable[Path]) -> None:
        """Take what these files have for what was recorded; those that are not there have nothing."""
        with self._file.open("wb") as out:
            for file in files:
                if file.exists():
                    out.write(file.read_bytes())

    def starts(self) -> list[Start]:
        if not self._file.exists():
            return []
        return [_parse(line) for line in self._file.read_text().splitlines()]

    def split(self, directory: Path) -> None:
        """Write the records of each minute of plan times into `directory`; holds one line at a time."""
        if not self._file.exists():
            return
        with self._file.open() as lines:
            for minute, part in groupby(lines, lambda line: line.split(" ")[2][: len("2030-03-17T17:46")]):
                with Oracle(directory / minute)._file.open("a") as out:
                    out.writelines(part)


def recorded(file: str, then: str) -> str:
    """A command that records its start in `file`. One short write: appends do not mix."""
    note = 'echo "$CRON_JOB $CRON_RUN_ID $CRON_PLAN_TIME $EPOCHREALTIME"'
    return f"{note} >> '{file}'; {then}"


def _parse(line: str) -> Start:
    job, run_id, plan, at = line.split(" ")
    planned = int(datetime.fromisoformat(plan).timestamp() * 1000)
    return Start(job, run_id, planned, int(float(at) * 1000))


@dataclass
class Verdict:
    """What the files and the rows say about the fires of a window. Times are epoch ms."""

    planned: int = 0
    started: int = 0  # distinct fires by the files
    doubled: list[tuple[str, int]] = field(default_factory=list)  # by the files
    rows: Counter[Status] = field(default_factory=Counter)  # fires by the status of their row
    without_row: list[tuple[str, int]] = field(default_factory=list)
    with_two_rows: list[tuple[str, int]] = field(default_factory=list)
    ran_without_start: list[tuple[str, int]] = field(default_factory=list)
    started_without_run_row: list[tuple[str, int]] = field(default_factory=list)
    early: list[Start] = field(default_factory=list)
    latest_ms: int = 0

    @property
    def clean(self) -> bool:
        """At most one start and exactly one row a fire, and both agree."""
        return not (
            self.doubled
            or self.without_row
            or self.with_two_rows
            or self.ran_without_start
            or self.started_without_run_row
            or self.early
        )

    def add(self, other: "Verdict") -> None:
        """Take in the verdict on other fires."""
        for name in (
            "doubled",
            "without_row",
            "with_two_rows",
            "ran_without_start",
            "started_without_run_row",
        ):
            getattr(self, name).extend(getattr(other, name))
        self.early.extend(other.early)
        self.rows.update(other.rows)
        self.planned += other.planned
        self.started += other.started
        self.latest_ms = max(self.latest_ms, other.latest_ms)

    def __str__(self) -> str:
        rows = ", ".join(f"{status.value} {count}" for status, count in sorted(self.rows.items()))
        return (
            f"planned {self.planned}, started {self.started}, doubled {len(self.doubled)}; rows: {rows}; "
            f"without row {len(self.without_row)}, with two rows {len(self.with_two_rows)}, "
            f"ran without start {len(self.ran_without_start)}, "
            f"started without row {len(self.started_without_run_row)}, early {len(self.early)}, "
            f"latest start {self.latest_ms} ms after its plan"
        )


def judge(jobs: Iterable[Job], oracle: Oracle, store: LogStore, since: int, until: int) -> Verdict:
    """Compare schedule, files and rows for the fires with since < plan <= until (manual runs left out)."""
    verdict = Verdict()
    wanted = {job.name: job.schedule("UTC") for job in jobs}
    starts = Counter((s.job, s.plan) for s in oracle.starts() if s.job in wanted and since < s.plan <= until)
    for start in oracle.starts():
        if since < start.plan <= until:
            verdict.latest_ms = max(verdict.latest_ms, start.at - start.plan)
            if start.at < start.plan:
                verdict.early.append(start)
    verdict.started = len(starts)
    verdict.doubled = [fire for fire, count in starts.items() if count > 1]
    rows: dict[tuple[str, int], list[Status]] = {}
    for row in store.ledger_rows(None, since + 1, until + 1):
        if row.job_name not in wanted:
            continue
        last = row.last_plan_time or row.plan_time
        fires = wanted[row.job_name].between(row.plan_time - 1, last, 10_000_000)
        assert len(fires) == row.count, f"{row} counts {row.count} fires, the schedule has {len(fires)}"
        for plan in fires:
            rows.setdefault((row.job_name, plan), []).append(row.status)
    for name, schedule in wanted.items():
        for plan in schedule.between(since, until, 10_000_000):
            fire = (name, plan)
            found = rows.get(fire, [])
            verdict.planned += 1
            if not found:
                verdict.without_row.append(fire)
                continue
            if len(found) > 1:
                verdict.with_two_rows.append(fire)
            verdict.rows[found[0]] += 1
            ended = found[0] in (Status.SUCCEEDED, Status.FAILED, Status.TIMEOUT)
            if ended and not starts.get(fire):
                verdict.ran_without_start.append(fire)
            if found[0] in (Status.SKIPPED, Status.MISSED) and starts.get(fire):
                verdict.started_without_run_row.append(fire)
    return verdict


def judge_by_minute(jobs: Iterable[Job], oracle: Oracle, store: LogStore, since: int, until: int) -> Verdict:
    """As `judge`, for windows with millions of fires: it holds those of one minute at a time."""
    verdict, wanted = Verdict(), list(jobs)
    with TemporaryDirectory(prefix="yuanya-oracle-") as name:
        oracle.split(Path(name))
        for minute in range(since // 60_000 * 60_000, until + 1, 60_000):
            text = datetime.fromtimestamp(minute / 1000, UTC).strftime("%Y-%m-%dT%H:%M")
            first, last = max(since, minute - 1), min(until, minute + 59_999)
            verdict.add(judge(wanted, Oracle(Path(name) / text), store, first, last))
    return verdict
