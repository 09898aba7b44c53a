import os
from collections.abc import Callable
from pathlib import Path

import pytest

from app.common.file_version import version


def replace(file: Path) -> None:
    """By one of the same size and the same time of its last change."""
    other, before = file.with_name("other"), file.stat()
    other.write_text("OTHER")
    os.utime(other, ns=(before.st_atime_ns, before.st_mtime_ns))
    other.rename(file)


@pytest.mark.parametrize(
    "change",
    [
        lambda file: file.write_text("other text"),
        lambda file: file.chmod(0o640),
        lambda file: file.unlink(),
        replace,
    ],
    ids=["written", "given other rights", "removed", "replaced"],
)
def test_a_file_has_another_version_once_it_was(change: Callable[[Path], None], tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("first")
    os.utime(file)
    first = version(file)
    assert version(file) == first is not None
    change(file)
    assert version(file) != first


def test_a_file_that_is_not_there_has_none(tmp_path: Path) -> None:
    assert version(tmp_path / "none") is None
