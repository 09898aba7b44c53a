"""What may be read as a secret, and what is refused without showing any of it."""

import os

import pytest

from app.common.secret_files import MAX_BYTES, SecretFileError, read


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "secrets"
    folder.mkdir(mode=0o750)
    return folder


def put(folder, content=b"hunter2", name="s", mode=0o640):
    (folder / name).write_bytes(content)
    (folder / name).chmod(mode)


@pytest.mark.parametrize(
    ("content", "secret"),
    [
        (b"hunter2", b"hunter2"),
        (b"hunter2\n", b"hunter2"),
        (b"hunter2\r\n\n", b"hunter2"),
        (b" two\nlines ", b" two\nlines "),
        (b"\xff", b"\xff"),
        (b"x" * MAX_BYTES, b"x" * MAX_BYTES),
    ],
)
def test_the_content_counts_without_the_line_ends_behind_it(folder, content, secret):
    put(folder, content)
    assert read(folder, "s") == secret


def refusal(folder, name="s"):
    with pytest.raises(SecretFileError) as caught:
        read(folder, name)
    assert "hunter2" not in str(caught.value)
    assert str(folder) in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("content", [b"", b"\n", b"\r\n\n"])
def test_an_empty_file_is_no_secret(folder, content):
    put(folder, content)
    assert "is empty" in refusal(folder)


def test_a_nul_is_refused_since_no_environment_can_hold_it(folder):
    put(folder, b"hunter2\0hunter2")
    assert "NUL" in refusal(folder)


def test_more_than_the_bound_is_refused(folder):
    put(folder, b"x" * (MAX_BYTES + 1))
    assert f"more than {MAX_BYTES} bytes" in refusal(folder)


def test_no_file_and_no_directory_are_told(folder):
    assert "No such file" in refusal(folder)
    with pytest.raises(SecretFileError, match="No such file"):
        read(folder / "none", "s")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_of_somebody_else_is_told(folder):
    put(folder, mode=0)
    assert "Permission denied" in refusal(folder)


@pytest.mark.parametrize("mode", [0o644, 0o642, 0o641, 0o666])
def test_what_every_user_of_the_host_may_reach_is_refused(folder, mode):
    put(folder, mode=mode)
    folder.chmod(0o755)
    assert "open to every user of this host" in refusal(folder)
    folder.chmod(0o750)
    assert read(folder, "s") == b"hunter2"


def test_a_closed_file_in_an_open_directory_is_read(folder):
    put(folder, mode=0o600)
    folder.chmod(0o755)
    assert read(folder, "s") == b"hunter2"


def test_a_link_inside_the_directory_is_followed_as_in_mounted_volumes(folder):
    (folder / "..2030").mkdir(mode=0o700)
    put(folder / "..2030")
    (folder / "..data").symlink_to("..2030")
    (folder / "s").symlink_to("..data/s")
    assert read(folder, "s") == b"hunter2"


def test_a_link_out_of_the_directory_is_refused(folder, tmp_path):
    put(tmp_path, name="outside")
    (folder / "s").symlink_to("../outside")
    (folder / "loop").symlink_to("loop")
    assert "outside of it" in refusal(folder)
    refusal(folder, "loop")


@pytest.mark.parametrize("name", ["../outside", "/etc/hostname"])
def test_a_path_out_of_the_directory_is_refused(folder, tmp_path, name):
    put(tmp_path, name="outside")
    assert "outside of it" in refusal(folder, name)


@pytest.mark.timeout(20)
def test_a_pipe_or_a_directory_is_refused_without_waiting(folder):
    os.mkfifo(folder / "s", 0o600)
    (folder / "d").mkdir()
    assert "not a plain file" in refusal(folder)
    assert "not a plain file" in refusal(folder, "d")
