"""Certificate files are looked at before gRPC gets them: it ends the process over some that do not fit."""

from pathlib import Path

import pytest

from app.common.errors import EtcdError, EtcdUnavailable
from app.common.etcd.handshake import TlsFiles
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


def test_a_certificate_whose_key_is_not_there_yet_is_not_used(files: TlsFiles, tmp_path: Path) -> None:
    with pytest.raises(EtcdUnavailable, match=r"other\.key is not the key of .*one\.crt"):
        files._replace(key=tmp_path / "other.key").read()


@pytest.mark.parametrize("which", ["ca", "cert", "key"])
@pytest.mark.parametrize("size", [0, 100])
def test_a_file_in_the_middle_of_being_written_is_not_used(files: TlsFiles, which: str, size: int) -> None:
    path = getattr(files, which)
    path.write_bytes(path.read_bytes()[:size])
    with pytest.raises(EtcdUnavailable, match="cannot be used"):
        files.read()


def test_a_missing_file_is_named(files: TlsFiles, tmp_path: Path) -> None:
    with pytest.raises(EtcdError, match="nowhere"):
        files._replace(ca=tmp_path / "nowhere").read()
