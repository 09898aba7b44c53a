import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.worker.output_buffer import OutputBuffer

MARKER = re.compile("\n… ([0-9,]+) bytes cut …\n")


def filled(limit, *chunks):
    buffer = OutputBuffer(limit)
    for chunk in chunks:
        buffer.write(chunk)
    return buffer


def test_nothing_printed_is_nothing_kept():
    assert filled(1024).text() == ("", False)


@pytest.mark.parametrize("size", [1, 511, 512, 513, 1024])
def test_what_fits_is_kept_whole(size):
    data = ("0123456789" * 103)[:size]
    assert filled(1024, data.encode()).text() == (data, False)
    assert filled(1024, *(byte.encode() for byte in data)).text() == (data, False)


def test_a_byte_too_many_cuts_the_middle_and_says_how_much():
    data = "".join(f"{n:04}" for n in range(256)) + "x"
    text, truncated = filled(1024, data.encode()).text()
    assert truncated
    assert len(text.encode()) <= 1024
    head, cut, tail = MARKER.split(text)
    assert data.startswith(head)
    assert data.endswith(tail)
    assert len(head) + int(cut) + len(tail) == 1025
    assert min(len(head), len(tail)) >= 440


def test_the_count_of_cut_bytes_is_readable():
    buffer = filled(1024, b"head")
    for _ in range(40):
        buffer.write(b"x" * 65_536)
    text, _ = buffer.text()
    assert re.search(r"\n… 2,620,\d\d\d bytes cut …\n", text)
    assert text.startswith("head")


def test_characters_are_never_cut_in_two():
    for shift in range(5):
        text, truncated = filled(1024, b"." * shift, "é世🙂".encode() * 1000).text()
        assert truncated
        assert "\\x" not in text
        assert "\ufffd" not in text
        assert len(text.encode()) > 900


def test_invalid_bytes_are_shown_as_escapes():
    assert filled(1024, b"caf\xe9 \xff\x00").text() == ("caf\\xe9 \\xff\x00", False)


def test_garbage_that_grows_beyond_the_limit_is_cut_from_both_sides():
    text, truncated = filled(1024, b"<", b"\xff" * 600, b">").text()
    assert truncated
    head, cut, tail = MARKER.split(text)
    assert head.startswith("<\\xff")
    assert tail.endswith("\\xff>")
    assert len(text.encode()) <= 1024
    assert head.count("\\") + tail.count("\\") + int(cut) == 600


@given(
    st.integers(1024, 4096),
    st.lists(st.one_of(st.binary(max_size=3000), st.text(max_size=1500).map(str.encode)), max_size=12),
)
def test_whatever_is_printed_head_tail_and_limit_hold(limit, chunks):
    data = b"".join(chunks)
    buffer = filled(limit, *chunks)
    text, truncated = buffer.text()
    assert buffer.total == len(data)
    assert len(text.encode()) <= limit
    whole = data.decode(errors="backslashreplace")
    if not truncated:
        assert text == whole
        return
    assert len(whole.encode()) > limit
    cut = MARKER.search(text)
    head, tail = text[: cut.start()], text[cut.end() :]
    assert whole.startswith(head)
    assert whole.endswith(tail)
    assert len(head.encode()) + len(tail.encode()) >= (limit - 64) // 4


@given(st.lists(st.binary(min_size=1, max_size=900), min_size=1, max_size=20), st.data())
def test_the_newest_output_behind_an_offset_is_told(chunks, data):
    buffer = filled(1024, *chunks)
    stream = b"".join(chunks)
    offset = data.draw(st.integers(0, len(stream)))
    limit = data.draw(st.integers(1, 4096))
    start, part = buffer.since(offset, limit)
    assert part == stream[start:]
    assert start >= offset
    assert len(part) <= limit
    if len(stream) <= 1024:
        assert start == max(offset, len(stream) - limit)
    else:
        assert len(part) >= min(512, limit, len(stream) - offset)


def test_memory_is_bounded_whatever_the_chunks():
    buffer = OutputBuffer(65_536)
    for size in [1, 100, 65_536, 7, 200_000] * 50:
        buffer.write(b"x" * size)
        assert len(buffer._head) + len(buffer._tail) <= 65_536 * 1.5 + 200_000
    assert len(buffer._head) + len(buffer._tail) <= 65_536 * 1.5
