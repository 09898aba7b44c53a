"""Rows on disk while the log store is away."""

import dataclasses
import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from prometheus_client import REGISTRY

from app.common.models import Run, Status, Trigger
from app.worker import spool as spools
from app.worker.spool import Spool, SpoolFull

BOUND = 64 * 1024 * 1024


def row(number, output="", **fields):
    return Run(
        **(
            {
                "id": f"r{number:06d}",
                "job_name": "j",
                "plan_time": number,
                "status": Status.SUCCEEDED,
                "output": output,
            }
            | fields
        )
    )


def rows(count, size=0, start=0):
    return [row(i, "x" * size) for i in range(start, start + count)]


@pytest.fixture
def spool(tmp_path):
    spool = Spool(tmp_path / "spool", BOUND)
    yield spool
    spool.close()


def reopened(spool, bound=BOUND):
    """As after a crash: nothing was closed."""
    return Spool(spool._directory, bound)


def replay(spool, limit=100):
    found = []
    while spool:
        found += spool.read(limit)
        spool.consumed()
    return found


def damaged():
    return REGISTRY.get_sample_value("cron_dropped_records_total", {"where": "spool damaged"}) or 0


def files(spool):
    return sorted(spool._directory.glob("*"))


TEXT = st.text(st.characters() | st.sampled_from("\x00\n\r\u2028\ud800\udfff😀'\"\\é"), max_size=50)
ROWS = st.lists(
    st.builds(
        Run,
        id=TEXT,
        job_name=TEXT,
        plan_time=st.integers(0, 2**53),
        status=st.sampled_from(Status),
        trigger=st.sampled_from(Trigger),
        attempt=st.integers(1, 9),
        command=TEXT,
        reason=TEXT,
        err=TEXT,
        output=TEXT,
        schedule_time=st.none() | st.integers(0, 2**53),
        start_time=st.none() | st.integers(0, 2**53),
        end_time=st.none() | st.integers(0, 2**53),
        exit_code=st.none() | st.integers(0, 255),
        signal=st.none() | st.integers(0, 64),
        worker=TEXT,
        pid=st.none() | st.integers(0, 2**22),
        by=TEXT,
        output_bytes=st.integers(0, 2**40),
        truncated=st.booleans(),
        cpu_seconds=st.none() | st.floats(0, 1e9),
        max_rss_kb=st.none() | st.integers(0, 2**40),
        fence=st.integers(0, 2**63),
        job_revision=st.integers(0, 2**63),
        count=st.integers(1, 10**9),
        last_plan_time=st.none() | st.integers(0, 2**53),
        expire_at=st.none() | st.integers(0, 2**53),
    ),
    max_size=5,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=40)
@given(ROWS)
def test_every_field_comes_back_as_it_was(spool, batch):
    assert {f.name for f in dataclasses.fields(Run)} == set(Run.__slots__)
    spool.append(batch)
    found = replay(spool)
    assert found == batch
    assert [type(run.status) for run in found] == [Status] * len(batch)
    assert [type(run.trigger) for run in found] == [Trigger] * len(batch)
    assert (bool(spool), spool.bytes, files(spool)) == (False, 0, [])


def test_an_empty_spool_has_nothing_to_replay(spool):
    assert not spool
    assert spool.read(10) == []
    spool.consumed()
    assert not reopened(spool)


def test_rows_come_back_in_order_through_several_segments(spool, monkeypatch):
    monkeypatch.setattr(spools, "SEGMENT_BYTES", 10_000)
    for start in range(0, 500, 10):
        spool.append(rows(10, 200, start))
    assert len(files(spool)) > 5
    assert replay(spool, 7) == rows(500, 200)
    assert (files(spool), spool.bytes) == ([], 0)


def test_what_is_appended_during_a_replay_comes_after_it(spool):
    spool.append(rows(10))
    assert spool.read(4) == rows(4)
    spool.append(rows(5, start=10))
    assert spool.read(4) == rows(4)  # not consumed: it comes again
    spool.consumed()
    assert spool.read(100) == rows(11, start=4)
    spool.consumed()
    spool.append(rows(1, start=99))
    assert spool.read(100) == rows(1, start=99)


def test_after_a_crash_in_the_middle_of_a_replay_no_row_is_lost(spool, monkeypatch):
    monkeypatch.setattr(spools, "SEGMENT_BYTES", 5_000)
    for start in range(0, 100, 10):
        spool.append(rows(10, 100, start))
    before = len(files(spool))
    for _ in range(5):
        spool.read(10)
        spool.consumed()
    assert len(files(spool)) < before  # what was stored is deleted as it goes
    again = reopened(spool)
    found = replay(again)
    assert found == sorted(found, key=lambda r: r.id)
    assert {r.id for r in found} >= {r.id for r in rows(50, start=50)}
    assert len(found) == len({r.id for r in found})


def test_a_new_life_writes_behind_what_it_found(spool):
    spool.append(rows(3))
    again = reopened(spool)
    assert again.bytes == spool.bytes > 0
    again.append(rows(3, start=3))
    assert replay(again) == rows(6)


def test_a_torn_tail_costs_only_what_nobody_relied_on(spool):
    before = damaged()
    spool.append(rows(5))
    (path,) = files(spool)
    whole = path.read_bytes()
    for cut in range(1, len(whole.split(b"\n\n")[-2]) + 2):
        path.write_bytes(whole[:-cut])
        again = reopened(spool)
        assert replay(again) == rows(5 if cut <= 2 else 4)
        path.write_bytes(whole)
    assert damaged() == before


def test_a_flipped_byte_costs_its_own_line_and_is_counted_once(spool):
    spool.append(rows(3, 20))
    (path,) = files(spool)
    whole = path.read_bytes()
    for place in range(len(whole)):
        bit = (0x01, 0x20, 0x80)[place % 3] if whole[place] != 10 else 0x01
        before = damaged()
        path.write_bytes(whole[:place] + bytes([whole[place] ^ bit]) + whole[place + 1 :])
        again = reopened(spool)
        assert again.read(100) == again.read(100)  # as when the store is away once more
        found = replay(again)
        path.write_bytes(whole)
        assert len(found) >= 2, place
        assert all(r in rows(3, 20) for r in found)
        assert len(found) == 3 or 1 <= damaged() - before <= 2


@pytest.mark.parametrize("rest", [b"\0" * 4096, b"\xff" * 100, b"{}", b"0 {}\n", b'00000000 {"id":1}\n\n\n'])
def test_whatever_else_stands_in_a_segment_does_not_stop_the_replay(spool, rest):
    spool.append(rows(3))
    (path,) = files(spool)
    path.write_bytes(path.read_bytes() + rest)
    later = path.with_name(f"{7:012d}.spool")
    later.write_bytes(rest + path.read_bytes())
    found = replay(reopened(spool))
    assert found[:3] == rows(3)
    assert len(found) >= 5


def test_a_line_of_a_newer_program_with_an_unknown_field_is_counted(spool):
    before = damaged()
    spool.append(rows(1))
    (path,) = files(spool)
    body = json.dumps(
        {"id": "x", "job_name": "j", "plan_time": 1, "status": "succeeded", "newField": 1}
    ).encode()
    path.write_bytes(b"%08x %s\n" % (spools.crc32(body), body) + path.read_bytes())
    assert replay(reopened(spool)) == rows(1)
    assert damaged() - before == 1


def test_other_files_in_the_directory_are_left_alone(spool):
    spool.append(rows(2))
    for name in ("notes.txt", "old.spool", "000000000000 (copy).spool"):
        (spool._directory / name).write_text("mine")
    assert replay(reopened(spool)) == rows(2)
    assert len(files(spool)) == 3


def test_the_bound_is_kept_and_nothing_of_a_refused_batch_stays(tmp_path):
    spool = Spool(tmp_path / "small", 10_000)
    spool.append(rows(10, 500))
    size = spool.bytes
    with pytest.raises(SpoolFull, match="bound"):
        spool.append(rows(10, 500, 10))
    assert spool.bytes == size == sum(f.stat().st_size for f in files(spool))
    spool.append(rows(1, 500, 10))  # a smaller one still fits
    assert replay(spool) == rows(11, 500)
    spool.append(rows(10, 500))  # and there is room again
    spool.close()


def test_the_bound_counts_what_an_earlier_life_left(tmp_path):
    Spool(tmp_path / "small", 10_000).append(rows(10, 500))
    again = Spool(tmp_path / "small", 10_000)
    with pytest.raises(SpoolFull):
        again.append(rows(10, 500))


def test_only_the_user_can_read_it(spool):
    spool.append(rows(1))
    (path,) = files(spool)
    assert path.stat().st_mode & 0o777 == 0o600
    assert spool._directory.stat().st_mode & 0o777 == 0o700


def test_descriptors_do_not_pile_up(spool, monkeypatch):
    monkeypatch.setattr(spools, "SEGMENT_BYTES", 1_000)
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(50):
        spool.append(rows(10, 100))
    replay(spool)
    assert len(list(Path("/proc/self/fd").iterdir())) <= before + 1


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 1 MB."""
    if os.geteuid() != 0 or not shutil.which("mount"):
        pytest.skip("mounting a small tmpfs needs root")
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", disk], capture_output=True)
    if mounted.returncode:
        pytest.skip(f"mounting a small tmpfs is not allowed here: {mounted.stderr.decode().strip()}")
    yield disk
    subprocess.run(["umount", "-l", disk], check=True)


def test_a_full_disk_refuses_a_batch_and_keeps_the_rest_readable(small_disk: Path):
    spool = Spool(small_disk / "spool", BOUND)
    spool.append(rows(100, 1_000))
    kept = 100
    while kept < 1_000:
        try:
            spool.append(rows(100, 1_000, kept))
        except SpoolFull:
            break
        kept += 100
    assert 500 < kept < 1_000
    assert spool.bytes == sum(f.stat().st_size for f in files(spool))
    assert replay(reopened(spool)) == rows(kept, 1_000)
    spool.close()


def test_a_disk_that_was_full_from_the_start_leaves_nothing_broken(small_disk: Path):
    spool = Spool(small_disk / "spool", BOUND)
    fill = small_disk / "fill"
    try:
        fill.write_bytes(b"x" * 2_000_000)
    except OSError:
        assert fill.stat().st_size > 500_000
    for _ in range(3):
        with pytest.raises(SpoolFull):
            spool.append(rows(1, 10_000))
    assert spool.bytes == 0
    assert replay(spool) == []
    fill.unlink()
    spool.append(rows(5))
    assert replay(spool) == rows(5)
    spool.close()


def test_a_disk_with_room_again_takes_rows_behind_those_it_has(small_disk: Path):
    spool = Spool(small_disk / "spool", BOUND)
    fill = small_disk / "fill"
    spool.append(rows(3, 10_000))
    try:
        fill.write_bytes(b"x" * 2_000_000)
    except OSError:
        assert fill.exists()
    with pytest.raises(SpoolFull):
        spool.append(rows(10, 100_000))
    fill.unlink()
    spool.append(rows(3, 10_000, 3))
    assert replay(spool) == rows(6, 10_000)
    spool.close()


def test_a_directory_that_cannot_be_written_is_a_full_spool(spool, monkeypatch):
    spool._directory.rmdir()
    with pytest.raises(SpoolFull, match="No such file"):
        spool.append(rows(1))
    assert not spool
