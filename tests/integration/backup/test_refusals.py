"""What is no whole and unchanged backup is refused, in words, before anything is written."""

import gzip
import hashlib
import io
import json
import tarfile

import pytest

from app.common import keys

JOBS = [{"name": f"job-{n}", "command": "true", "cronExpr": "0 0 * * *"} for n in range(300)]


@pytest.fixture
def archive(etcd, here, tmp_path):
    client = etcd.client()
    for job in JOBS:
        client.put(keys.job(job["name"]), json.dumps(job).encode())
    here.ok("backup", "b.tar.gz")
    return tmp_path / "b.tar.gz"


def contents(archive) -> dict[str, bytes]:
    with tarfile.open(archive) as tar:
        return {member.name: tar.extractfile(member).read() for member in tar.getmembers()}


def pack(archive, files, *more: tarfile.TarInfo) -> None:
    """`more`: headers without content behind."""
    with tarfile.open(archive, "w:gz") as tar:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
        for info in more:
            tar.addfile(info)


def forge(archive, name, content) -> None:
    """With a manifest that fits."""
    files = contents(archive)
    manifest = json.loads(files["manifest.json"])
    facts = manifest["files"][name]
    facts |= {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    facts["items"] = content.count(b"\n") - 2
    pack(archive, files | {name: content, "manifest.json": json.dumps(manifest).encode()})


def refusal(there, other_etcd, archive) -> str:
    said = there.refused("restore", archive)
    assert other_etcd.client().count("/") == 0
    return said


@pytest.mark.parametrize("share", [0.01, 0.5, 0.9, 0.999])
def test_a_torn_one(archive, there, other_etcd, share):
    whole = archive.read_bytes()
    archive.write_bytes(whole[: int(len(whole) * share)])
    said = refusal(there, other_etcd, archive)
    assert "cut short or damaged" in said or "not a backup made by" in said


def test_one_with_a_flipped_bit(archive, there, other_etcd):
    whole = bytearray(archive.read_bytes())
    whole[len(whole) // 2] ^= 4
    archive.write_bytes(whole)
    said = refusal(there, other_etcd, archive)
    assert "damaged" in said or "checksum" in said


def test_an_edited_one(archive, there, other_etcd):
    files = contents(archive)
    pack(archive, files | {"jobs.json": files["jobs.json"].replace(b"true", b"evil")})
    assert "jobs.json is not as it was written" in refusal(there, other_etcd, archive)


def test_one_with_a_file_missing(archive, there, other_etcd):
    files = contents(archive)
    del files["users.json"]
    pack(archive, files)
    assert "users.json is missing" in refusal(there, other_etcd, archive)


def test_one_with_a_file_too_many(archive, there, other_etcd):
    pack(archive, contents(archive) | {"../evil": b""})
    assert "../evil does not belong into a backup" in refusal(there, other_etcd, archive)


def test_one_with_a_file_that_is_there_twice(archive, there, other_etcd):
    pack(archive, contents(archive), tarfile.TarInfo("jobs.json"))
    assert "'jobs.json' is there twice" in refusal(there, other_etcd, archive)


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.DIRTYPE, tarfile.FIFOTYPE])
def test_one_with_something_else_than_a_file(archive, there, other_etcd, kind):
    files = contents(archive)
    del files["jobs.json"]
    info = tarfile.TarInfo("jobs.json")
    info.type, info.linkname = kind, "jobs.json"
    pack(archive, files, info)
    assert "'jobs.json' is no plain file" in refusal(there, other_etcd, archive)


def header(kind: bytes, size: bytes) -> bytes:
    """Of a tar member of any size, also one that no archive has."""
    info = tarfile.TarInfo("x")
    info.type = kind
    block = bytearray(info.tobuf(tarfile.USTAR_FORMAT))
    block[124:136], block[148:156] = size, b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)


@pytest.mark.parametrize(
    ("kind", "size", "words"),
    [
        (tarfile.XHDTYPE, b"\x80" + (2**35).to_bytes(11), "a header that is too long"),
        (tarfile.GNUTYPE_LONGNAME, b"\x80" + (2**70).to_bytes(11), "a header that is too long"),
        (tarfile.REGTYPE, b"\x80" + (2**80).to_bytes(11), "damaged"),
        (tarfile.REGTYPE, b"\xff" + (2**88 - 512).to_bytes(11), "'x' is no plain file"),
    ],
    ids=["long", "longer", "longest", "negative"],
)
def test_one_with_a_size_that_cannot_be(archive, there, other_etcd, kind, size, words):
    """Such lead the reader to use all memory, or in a circle."""
    tar = gzip.decompress(archive.read_bytes())
    archive.write_bytes(
        gzip.compress(tar.rstrip(b"\0") + bytes(-len(tar.rstrip(b"\0")) % 512) + header(kind, size))
    )
    assert words in refusal(there, other_etcd, archive)


def test_one_that_names_no_jobs(archive, there, other_etcd):
    manifest = json.loads(contents(archive)["manifest.json"])
    pack(archive, {"manifest.json": json.dumps({**manifest, "files": {}}).encode()})
    assert "jobs.json is missing; the backup is not whole" in refusal(there, other_etcd, archive)


def test_a_foreign_one(tmp_path, there, other_etcd):
    for content in (b"", b"hello", gzip.compress(b"hello")):
        (tmp_path / "foreign").write_bytes(content)
        assert "not a backup made by" in refusal(there, other_etcd, tmp_path / "foreign")
    pack(tmp_path / "foreign", {"readme": b"hello"})
    assert "not a backup made by" in refusal(there, other_etcd, tmp_path / "foreign")
    assert "No such file" in refusal(there, other_etcd, tmp_path / "absent")


def test_one_of_a_newer_format(archive, there, other_etcd):
    files = contents(archive)
    manifest = json.loads(files["manifest.json"]) | {"formatVersion": 2, "version": "9.1.0"}
    pack(archive, files | {"manifest.json": json.dumps(manifest).encode()})
    assert "written by version 9.1.0 in a newer format (2)" in refusal(there, other_etcd, archive)


def test_jobs_that_are_not_valid_here_are_named_and_counted(archive, there, other_etcd):
    lines = [json.dumps(job | {"fromTheFuture": 1} if n < 30 else job).encode() for n, job in enumerate(JOBS)]
    forge(archive, "jobs.json", b"[\n" + b",\n".join(lines) + b"\n]\n")
    said = refusal(there, other_etcd, archive)
    assert "job 'job-0': fromTheFuture: Extra inputs are not permitted" in said
    assert "and 10 more" in said
    assert "30 items of the backup cannot be restored here" in said


def test_a_job_that_is_there_twice(archive, there, other_etcd):
    lines = [json.dumps(job).encode() for job in [*JOBS, JOBS[7]]]
    forge(archive, "jobs.json", b"[\n" + b",\n".join(lines) + b"\n]\n")
    assert "/cron/jobs/job-7 is there twice" in refusal(there, other_etcd, archive)


@pytest.mark.parametrize(
    "entry", [b'{"key":"/cron/drain/\\ud800","text":""}', b'{"key":"/cron/drain/w","value":"\\ud800"}']
)
def test_an_entry_that_is_no_text(archive, there, other_etcd, entry):
    forge(archive, "drains.json", b"[\n" + entry + b"\n]\n")
    assert "or its value cannot be read" in refusal(there, other_etcd, archive)


def test_an_entry_of_other_keys(archive, there, other_etcd):
    forge(archive, "drains.json", b'[\n{"key":"/cron/users/evil","text":"x"}\n]\n')
    assert "the key '/cron/users/evil' does not belong there" in refusal(there, other_etcd, archive)
