from pathlib import Path

import pytest

from loadtest import cron_peer
from tests.harness.oracle import Oracle


def test_cron_sees_no_job_but_ours_and_the_machine_sees_none_of_ours(tmp_path: Path) -> None:
    if reason := cron_peer.why_not():
        pytest.skip(reason)
    before = sorted(cron_peer.TABLES.iterdir())
    with cron_peer.cron_running(tmp_path, 2, 1_900_000_000_000, Oracle(tmp_path)) as pid:
        root = Path(f"/proc/{pid}/root")
        tables = root / cron_peer.TABLES.relative_to("/")
        assert [table.name for table in tables.iterdir()] == ["jobs"]
        assert tables.joinpath("jobs").read_text().count("* * * * * root") == 2
        assert not list((root / "var/spool/cron/crontabs").glob("*"))
        assert (root / "etc/crontab").read_bytes() == b""
        assert sorted(cron_peer.TABLES.iterdir()) == before
    assert not Path(f"/proc/{pid}").exists()
