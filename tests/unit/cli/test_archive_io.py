"""The file of a backup appears whole, or not at all."""

import os

import pytest

from app.cli.archive_io import output
from app.cli.config import ClientError


def test_one_that_breaks_off_leaves_what_was_there(tmp_path):
    file = tmp_path / "b.tar.gz"
    file.write_bytes(b"before")

    def break_off() -> None:
        with output(file) as target:
            target.write(b"half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        break_off()
    assert [(each, each.read_bytes()) for each in tmp_path.iterdir()] == [(file, b"before")]


def test_two_at_once_do_not_meet(tmp_path):
    """Not even with the same process number, as those of two containers."""
    file = tmp_path / "b.tar.gz"
    with output(file) as first, output(file) as second:
        first.write(b"first")
        second.write(b"second")
    assert [(each, each.read_bytes()) for each in tmp_path.iterdir()] == [(file, b"first")]
    assert file.stat().st_mode & 0o777 == 0o600


def test_a_directory_that_is_missing_is_told(tmp_path):
    with pytest.raises(ClientError, match="No such file or directory"), output(tmp_path / "no" / "b"):
        pass


def test_what_is_no_plain_file_is_left_in_its_place(tmp_path):
    """As root, `yuanya backup /dev/null` would take it away from every program of the host."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(ClientError, match="is no plain file; - writes"), output(pipe):
        pass
    assert pipe.is_fifo()
