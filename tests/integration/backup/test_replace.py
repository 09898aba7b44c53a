"""Into a cluster that is not empty: refused without --replace, shown by --dry-run, repeated after a break."""

import json
import subprocess
import time

import pytest

from app.common import keys
from app.common.etcd import KeyValue
from app.common.etcd.rights import MASTER, WORKER
from app.common.models import Job
from app.master.backup import restore as restoring
from app.master.backup.archive import Archive, ListFile, Manifest, write
from app.master.backup.content import INVALID_JOBS, SECTIONS, Part, line_of
from app.master.backup.survey import Change
from app.master.services.accounts.records import UserRecord
from tests.harness.embedded import YUANYA, clean_environment
from tests.harness.secure_etcd import SecureEtcd
from tests.integration.backup.conftest import Commands


def put_job(client, name, **fields) -> None:
    job = Job.model_validate({"name": name, "command": "true", "cronExpr": "0 0 * * *", **fields})
    client.put(keys.job(name), job.to_json())


def put_user(client, name, role) -> None:
    record = UserRecord(id="1", stamp="s", role=role, password_hash=f"hash of {role}", created_at=1)
    client.put(keys.user(name), record.to_json())


@pytest.fixture
def client(etcd):
    return etcd.client()


def test_a_dry_run_says_in_words_what_would_change_and_changes_nothing(client, here, there, other_etcd):
    put_job(client, "a", command="new")
    put_job(client, "b")
    put_user(client, "root", "admin")
    here.ok("backup", "b.tar.gz")
    other = other_etcd.client()
    put_job(other, "a", command="old")
    put_job(other, "c")
    put_user(other, "root", "viewer")
    revision = other.page("/").revision
    said = there.ok("restore", "b.tar.gz", "--dry-run", "--replace")
    assert other.page("/").revision == revision
    for line in (
        "changed   /cron/jobs/a",
        "command: old -> new",
        "created   /cron/jobs/b",
        "role: viewer -> admin",
        "password: (as it is) -> (of the backup)",
        "kept      /cron/jobs/c",
        "Dry run, nothing was written: 1 created, 2 changed, 0 unchanged, 1 others there.",
    ):
        assert line in said, said
    assert "hash of" not in said


def test_what_is_there_is_overwritten_only_with_replace(client, here):
    put_job(client, "a", command="of the backup")
    here.ok("backup", "b.tar.gz")
    put_job(client, "a", command="of today", cronExpr="1 1 * * *")
    put_job(client, "b")
    said = here.refused("restore", "b.tar.gz")
    assert "1 differ from the backup: /cron/jobs/a" in said
    assert "1 are not in the backup: /cron/jobs/b" in said
    assert json.loads(client.get(keys.job("a")).value)["command"] == "of today"
    assert "0 created, 1 changed, 0 unchanged" in here.ok("restore", "b.tar.gz", "--replace", "--yes")
    assert json.loads(client.get(keys.job("a")).value)["command"] == "of the backup"
    assert client.get(keys.job("b"))


def test_overwriting_asks_first(client, here):
    put_job(client, "a", command="of the backup")
    here.ok("backup", "b.tar.gz")
    put_job(client, "a", command="of today")
    assert here("restore", "b.tar.gz", "--replace", input=b"n\n").returncode == 1
    assert json.loads(client.get(keys.job("a")).value)["command"] == "of today"


def test_a_cursor_never_moves_back(client, here):
    """A fire that was claimed is not claimed again, whatever this host's clock says."""
    put_job(client, "a")
    here.ok("backup", "b.tar.gz")
    put_job(client, "a", cronExpr="1 1 * * *")
    later = keys.cursor(4_000_000_000_000)
    client.put(keys.fired("a"), later)
    here.ok("restore", "b.tar.gz", "--replace", "--yes")
    assert client.get(keys.fired("a")).value == later
    (entry,) = [json.loads(kv.value) for kv in client.scan(keys.AUDIT).items]
    assert (entry["action"], entry["actor"]) == ("job.update", "restore")
    assert entry["detail"]["claimedUntil"] == entry["detail"]["countsFrom"] == 4_000_000_000_000


def test_a_job_that_was_invalid_and_is_valid_here_counts_from_now(client, here, tmp_path):
    """As of an older version, which did not know its schedule. By the old cursor years would be missed."""
    put_job(client, "a")
    client.put(keys.fired("a"), keys.cursor(1_000))
    files = {section.file: ListFile() for section in SECTIONS}
    later = client.get(keys.job("a")).value.replace(b"0 0 * * *", b"0 1 * * *")
    entry = KeyValue(keys.job("a"), later, 1, 1)
    files[INVALID_JOBS.file].add(line_of(INVALID_JOBS, entry, "cronExpr: unknown"))
    facts = {name: file.finish() for name, file in files.items()}
    manifest = Manifest(version="0", taken_at="2030-01-01", revision=1, timezone="UTC", files=facts)
    with (tmp_path / "b.tar.gz").open("wb") as out:
        write(out, manifest, files, 0)
    for file in files.values():
        file.close()
    began = int(time.time() * 1000)
    here.ok("restore", "b.tar.gz", "--replace", "--yes")
    assert client.get(keys.job("a")).value == later
    assert int(client.get(keys.fired("a")).value) > began - 86_400_000
    assert "1 unchanged" in here.ok("restore", "b.tar.gz")


def test_drained_workers_are_so_before_there_are_jobs(client, here, there, other_etcd):
    put_job(client, "a")
    client.put(keys.drain("w"), b"root")
    here.ok("backup", "b.tar.gz")
    there.ok("restore", "b.tar.gz")
    other = other_etcd.client()
    assert other.get(keys.drain("w")).mod_revision < other.get(keys.job("a")).mod_revision


def test_only_a_part_of_it(client, here, there, other_etcd):
    put_job(client, "a")
    put_user(client, "root", "admin")
    here.ok("backup", "b.tar.gz")
    there.ok("restore", "b.tar.gz", "--only", "jobs")
    other = other_etcd.client()
    assert (other.count(keys.JOBS), other.count(keys.USERS)) == (1, 0)
    there.ok("restore", "b.tar.gz", "--only", "accounts")
    assert other.count(keys.USERS) == 1
    assert there("restore", "b.tar.gz", "--only", "runs").returncode == 2


def test_the_last_admin_cannot_be_lost(client, here):
    put_user(client, "root", "viewer")
    here.ok("backup", "b.tar.gz")
    put_user(client, "root", "admin")
    assert "no enabled admin would be left" in here.refused("restore", "b.tar.gz", "--replace", "--yes")


def test_the_rights_of_a_master_are_enough(client, here, tmp_path):
    put_job(client, "a")
    put_user(client, "root", "admin")
    client.put(keys.drain("w"), b"root")
    here.ok("backup", "b.tar.gz")
    secure = SecureEtcd(tmp_path / "secure")
    secure.start()
    try:
        as_master = Commands(secure, tmp_path, **secure.settings(MASTER))
        assert "3 created" in as_master.ok("restore", "b.tar.gz")
        assert "1 jobs, 0 invalid jobs, 1 users, 0 tokens, 1 drains" in as_master.ok("backup", "c.tar.gz")
        as_worker = Commands(secure, tmp_path, **secure.settings(WORKER))
        assert "permission denied" in as_worker.refused("backup", "d.tar.gz")
    finally:
        secure.stop()


def test_through_pipes(client, here, there, other_etcd):
    put_job(client, "a")
    done = here("backup", "-")
    assert done.returncode == 0, done.stderr
    assert "1 created" in there.ok("restore", "-", input=done.stdout)
    assert other_etcd.client().get(keys.job("a")) is not None
    put_job(other_etcd.client(), "a", command="another")
    assert "add --yes to overwrite" in there.refused("restore", "-", "--replace", input=done.stdout)


def test_a_file_that_cannot_be_written_leaves_the_old_one(client, here, tmp_path):
    assert "No such file or directory" in here.refused("backup", tmp_path / "nowhere" / "b.tar.gz")
    (tmp_path / "b.tar.gz").write_bytes(b"old")
    client_gone = {"YUANYA_ETCD_ENDPOINTS": '["http://127.0.0.1:9"]', "YUANYA_ETCD_TIMEOUT_SECONDS": "1"}
    done = subprocess.run(
        [*YUANYA, "backup", "b.tar.gz"],
        env=clean_environment() | client_gone,
        cwd=tmp_path,
        capture_output=True,
        timeout=60,
    )
    assert done.returncode == 1
    assert (tmp_path / "b.tar.gz").read_bytes() == b"old"
    assert [path.name for path in tmp_path.glob("*.tar.gz*")] == ["b.tar.gz"]


def test_one_that_breaks_off_is_repeated(client, here, there, other_etcd, tmp_path):
    """etcd stops in the middle; the second time does the rest, and no key is written twice."""
    for n in range(400):
        put_job(client, f"job-{n}")
    here.ok("backup", "b.tar.gz")
    with (tmp_path / "b.tar.gz").open("rb") as file, Archive(file) as archive:
        whole = restoring.Restore(other_etcd.client(timeout=1), archive, lambda: 1_000, "UTC", replace=False)
        seen = []

        def progress(count: int) -> None:
            seen.append(count)
            if sum(seen) >= 160 and other_etcd.process:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            whole.run(list(Part), progress)
    written = other_etcd.client().count(keys.JOBS)
    assert 0 < written < 400
    said = there.ok("restore", "b.tar.gz")
    assert f"{400 - written} created, 0 changed, {written} unchanged" in said
    assert all(kv.create_revision == kv.mod_revision for kv in other_etcd.client().scan(keys.JOBS).items)


def test_an_outage_of_etcd_is_waited_for(client, here, other_etcd, tmp_path):
    for n in range(400):
        put_job(client, f"job-{n}")
    here.ok("backup", "b.tar.gz")
    with (tmp_path / "b.tar.gz").open("rb") as file, Archive(file) as archive:
        slow = other_etcd.client(timeout=1)
        restore = restoring.Restore(slow, archive, lambda: 1_000, "UTC", replace=False)
        killed = []

        def progress(count: int) -> None:
            if not killed:
                killed.append(True)
                other_etcd.kill()
                other_etcd.start()

        done = restore.run(list(Part), progress)
    assert done.total() == 400
    assert done[Change.CHANGED] == 0
    assert other_etcd.client().count(keys.JOBS) == other_etcd.client().count(keys.AUDIT) == 400
