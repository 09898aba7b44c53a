"""The crontabs of this machine: every line is read, and fires when an independent cron says it should."""

import getpass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from cronsim import CronSim

from app.common.jobfiles import Options, Source, jobs_of_crontabs
from app.common.jobfiles.crontab import parse

FIRES = 1_000
MACROS = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}


def real_crontabs() -> list[Path]:
    return [
        path for path in (Path("/etc/crontab"), *sorted(Path("/etc/cron.d").glob("[a-z]*"))) if path.is_file()
    ]


@pytest.mark.parametrize("path", real_crontabs(), ids=str)
@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin"])
def test_the_next_thousand_fires_of_each_line(path, zone):
    text = path.read_text(errors="surrogateescape")
    crontab = parse(text, system=True)
    result = jobs_of_crontabs([Source(str(path), text, True)], Options(timezone=zone))
    found = [found for _, found in result.found]
    assert len(found) == len(crontab.entries)
    start = datetime.now(UTC).astimezone(ZoneInfo(zone))
    for each in found:
        expression = each.job.cron_expr
        theirs = list(islice(CronSim(MACROS.get(expression, expression), start), FIRES))
        schedule = each.job.schedule("UTC")
        assert list(islice(fires(schedule, start), FIRES)) == [t for t in theirs if t.year < 2100], expression


def fires(schedule, start):
    after = int(start.timestamp() * 1000)
    while (after := schedule.next(after)) is not None:
        yield datetime.fromtimestamp(after / 1000, start.tzinfo)


def test_the_whole_machine_is_imported(up):
    paths = real_crontabs()
    if not paths:
        pytest.skip("this machine has no crontabs")
    lines = sum(len(parse(p.read_text(errors="surrogateescape"), system=True).entries) for p in paths)
    said = up.ok("import-crontab", *paths, "--prefix", "real-", "--group", "real", "--apply")
    assert f"{lines} created." in said
    assert f"{lines} unchanged." in up.ok(
        "import-crontab", *paths, "--prefix", "real-", "--group", "real", "--apply"
    )
    assert getpass.getuser() != "root" or "imported paused" not in said
