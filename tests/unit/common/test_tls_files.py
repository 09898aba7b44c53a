"""Certificate files are looked at before gRPC gets them: it ends the process over some that do not fit."""

import shutil
import subprocess
from pathlib import Path

import pytest

from app.common.errors import EtcdUnavailable
from app.common.etcd.tls_files import Credentials, TlsFiles
from tests.harness.pki import Pki


@pytest.fixture
def files(tmp_path: Path) -> TlsFiles:
    pki = Pki(tmp_path)
    pki.authority()
    for name in ("one", "other"):
        pki.certificate(name)
    return TlsFiles(tmp_path / "ca.crt", tmp_path / "one.crt", tmp_path / "one.key")


def test_files_that_fit_are_read(files: TlsFiles) -> None:
    assert files.read() == tuple(path.read_bytes() for path in files if path)
    assert TlsFiles().read() == (None, None, None)


def test_a_certificate_whose_key_is_not_there_yet_is_not_used(files: TlsFiles, tmp_path: Path) -> None:
    with pytest.raises(EtcdUnavailable, match=r"other\.key is not the key of .*one\.crt"):
        files._replace(key=tmp_path / "other.key").read()


@pytest.mark.parametrize("which", ["ca", "cert", "key"])
@pytest.mark.parametrize("size", [0, 100])
def test_a_file_in_the_middle_of_being_written_is_not_used(files: TlsFiles, which: str, size: int) -> None:
    path = getattr(files, which)
    path.write_bytes(path.read_bytes()[:size])
    with pytest.raises(EtcdUnavailable, match=f"cannot be used: {path} holds no"):
        files.read()


def test_a_key_with_a_password_is_named(files: TlsFiles, tmp_path: Path) -> None:
    locked = tmp_path / "locked.key"
    arguments = ["-in", str(files.key), "-aes256", "-passout", "pass:x", "-out", str(locked)]
    subprocess.run(["openssl", "pkey", *arguments], check=True, capture_output=True)
    with pytest.raises(EtcdUnavailable, match=f"{locked} holds no key without a password"):
        files._replace(key=locked).read()


def test_a_key_of_an_unknown_kind_is_named(files: TlsFiles, tmp_path: Path) -> None:
    odd = tmp_path / "odd.key"
    arguments = ["-name", "secp112r1", "-genkey", "-noout", "-out", str(odd)]
    subprocess.run(["openssl", "ecparam", *arguments], check=True, capture_output=True)
    with pytest.raises(EtcdUnavailable, match=r"odd\.key holds no key"):
        files._replace(key=odd).read()


def test_a_missing_file_is_named(files: TlsFiles, tmp_path: Path) -> None:
    with pytest.raises(EtcdUnavailable, match=r"cannot read .*nowhere: No such file"):
        files._replace(ca=tmp_path / "nowhere").read()


def test_new_files_count_once_they_fit_and_until_then_the_old(
    files: TlsFiles, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    assert files.cert
    assert files.key
    credentials = Credentials(files)
    old, versions = credentials.get()
    assert (old, versions) == (files.read(), files.versions())
    for half in ("one.crt", "one.key"):
        shutil.copy(tmp_path / half.replace("one", "other"), tmp_path / half)
        if half == "one.crt":
            for _ in range(3):
                assert credentials.get() == (old, files.versions())
            assert files.versions() != versions
    new, versions = credentials.get()
    assert new.key == (tmp_path / "other.key").read_bytes()
    files.key.unlink()
    assert credentials.get()[0] == new
    told = [record.getMessage() for record in caplog.records]
    assert len(told) == 2
    assert "one.key is not the key of" in told[0]
    assert "cannot read" in told[1]
    shutil.copy(tmp_path / "other.key", files.key)
    assert credentials.get() == (new, files.versions())


def test_files_that_never_fitted_are_an_error_each_time(files: TlsFiles, tmp_path: Path) -> None:
    credentials = Credentials(files._replace(key=tmp_path / "other.key"))
    for _ in range(2):
        with pytest.raises(EtcdUnavailable, match="is not the key of"):
            credentials.get()
