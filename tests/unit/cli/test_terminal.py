"""What a command printed cannot do anything to the terminal but show text and colours."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.cli.main import fail
from app.cli.terminal import Sanitiser, plain
from app.common.errors import CronError

TRICKY = [
    "\x1b",
    "[",
    "]",
    "31m",
    "2J",
    "0;t",
    "\x07",
    "\\",
    "\r",
    "\n",
    "\x9b",
    "\x9d",
    "\x9c",
    "P",
    "a",
    " ",
    "é",
]


def clean(*pieces: str) -> str:
    sanitiser = Sanitiser()
    return "".join([*(sanitiser.feed(piece) for piece in pieces), sanitiser.finish()])


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain text\twith tab\nand more\n", "plain text\twith tab\nand more\n"),
        ("汉字 naïve 🎉", "汉字 naïve 🎉"),
        ("\x1b[1;31mred\x1b[0m", "\x1b[1;31mred\x1b[0m\x1b[0m"),
        ("a\x1b]0;title\x07b", "ab"),
        ("a\x1b]52;c;ZXZpbA==\x1b\\b", "ab"),
        ("a\x1bPq#0\x1b\\b", "ab"),
        ("a\x1b[2J\x1b[1;1Hb", "ab"),
        ("a\x1b[?1049hb\x1bcd", "abd"),
        ("a\x9b2Jb\x9d0;t\x9cc", "abc"),
        ("10%\r20%\r\ndone", "10%\n20%\ndone"),
        ("a\x07\x08\x00\x7fb", "ab"),
        ("abc\u202edef\u2066", "abcdef"),
        ("cut\x1b", "cut"),
        ("a\r\r\x1b", "a\n"),
        ("cut\x1b]0;never ends", "cut]0;never ends"[:3] + "]0;never ends"),
    ],
)
def test_what_is_shown(text, shown):
    assert clean(text) == shown


def test_returns_cut_apart_are_one_line_break():
    assert clean("\r\r", "\x1b") == clean("\r\r\x1b") == "\n"


@given(st.lists(st.sampled_from(TRICKY), max_size=30), st.data())
def test_pieces_make_no_difference(parts, data):
    text = "".join(parts)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=5)))
    pieces = [text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    assert clean(*pieces) == clean(text)


@given(st.text(st.sampled_from("".join(TRICKY) + "0123456789;mHJK?"), max_size=200))
def test_nothing_but_colours_comes_through(text):
    shown = clean(text)
    for part in shown.split("\x1b")[1:]:
        assert part[0] == "["
        assert part[1:].lstrip("0123456789;:")[0] == "m"
    assert not set(shown) & {chr(c) for c in (*range(0x1B), *range(0x7F, 0xA0)) if chr(c) not in "\n\t"}


@pytest.mark.parametrize("unit", ["\x1b]", "\x1b[", "\r", "\x1b[1", "\x9d", "\x1b ", "\x1b]" + "x" * 50])
def test_long_nonsense_takes_linear_time(unit):
    started = time.monotonic()
    clean(unit * 100_000)
    assert time.monotonic() - started < 5


def test_a_sequence_without_an_end_holds_back_little():
    sanitiser = Sanitiser()
    shown = sum(len(sanitiser.feed("\x1b]" + "x" * 100 if i == 0 else "x" * 100)) for i in range(100))
    assert shown > 5_000


def test_plain_is_one_line_without_colour():
    assert plain("a\x1b[31mb\x1b[0m\n\x1b]0;t\x07c\x07") == "a b c"
    assert plain(None) == "None"


def test_what_an_error_says_cannot_drive_the_terminal(capsys):
    """Its words may be of a file or a server."""
    with pytest.raises(SystemExit):
        fail(CronError("bad: \x1b]0;title\x07name\nsecond"), 1)
    assert capsys.readouterr().err == "bad: name\nsecond\n"
