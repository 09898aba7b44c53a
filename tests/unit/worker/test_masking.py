"""No value in the output, whatever pieces it comes in, and nothing else changed."""

import base64
import json
import subprocess
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.worker.masking import MASK, Mask

LETTERS = st.sampled_from([b"a", b"b", b"c", b"ab", b"ba", b"\n", b"\xff"])
TEXTS = st.lists(LETTERS, max_size=12).map(b"".join)


def masked(values, *pieces):
    mask = Mask(values)
    return b"".join([*map(mask.hide, pieces), mask.rest()])


def test_a_value_is_replaced_wherever_it_stands():
    assert masked([b"hunter2"], b"hunter2, hunter2hunter2 hunter") == b"***, ****** hunter"


def test_a_value_that_comes_byte_by_byte_is_replaced():
    assert masked([b"hunter2"], *(bytes([byte]) for byte in b"<hunthunter2>")) == b"<hunt***>"


def test_what_cannot_begin_a_value_is_shown_at_once_and_the_rest_at_the_end():
    mask = Mask([b"hunter2"])
    assert mask.hide(b"password: hun") == b"password: "
    assert mask.hide(b"t!\n") == b"hunt!\n"
    assert mask.hide(b"hunter") == b""
    assert mask.rest() == b"hunter"
    assert mask.rest() == b""


def test_of_values_that_begin_alike_the_longest_is_replaced():
    assert masked([b"abcd", b"abcdefgh"], b"abcdef", b"gh abcde") == b"*** ***e"


def test_short_values_are_left_alone():
    assert masked([b"abc", b""], b"abcabc") == b"abcabc"


@pytest.mark.parametrize(
    "secret", [b"p&s/w rd", b"correct horse+battery", "geheim-äöü".encode(), b"\xff\xfe\xfd\xfc"]
)
def test_url_encoded_values_are_replaced(secret):
    for encoded in (quote(secret, safe=""), quote(secret), quote_plus(secret)):
        assert masked([secret], f"https://u:{encoded}@host".encode()) == b"https://u:***@host"


@pytest.mark.parametrize("secret", ['p"ss\\word', "geheim-äöü", "two\nlines\t"])
@pytest.mark.parametrize("ascii_only", [True, False])
def test_values_inside_of_json_are_replaced(secret, ascii_only):
    shown = masked([secret.encode()], json.dumps({"PASSWORD": secret}, ensure_ascii=ascii_only).encode())
    assert shown == b'{"PASSWORD": "***"}'


@pytest.mark.parametrize("before", [b"", b"u", b"us", b"user:"])
@pytest.mark.parametrize("after", [b"", b"!", b"!!", b" and more"])
@pytest.mark.parametrize("encode", [base64.b64encode, base64.urlsafe_b64encode])
def test_values_inside_of_base64_are_replaced(before, after, encode):
    secret = b"hunter2~\xff?hunter2"
    shown = masked([secret], encode(before + secret + after))
    kept = shown.replace(MASK, b"")
    assert kept != shown
    assert len(kept) <= len(encode(before + after)) + 4  # with what a neighbour shares a character with


def test_each_line_of_a_key_is_replaced():
    lines = [b"-----BEGIN KEY-----", b"MIIEvQIBADANBgkqhkiG9w0BAQEF", b"-----END KEY-----"]
    key = b"\n".join(lines)
    assert masked([key], key) == MASK
    assert masked([key], b" ".join(lines)) == b"*** *** ***"
    assert masked([key], b"\r\n".join(lines)) == b"***\r\n***\r\n***"


@given(st.lists(st.binary(min_size=1, max_size=9), max_size=4), st.lists(st.binary(max_size=40), max_size=8))
def test_without_a_value_in_it_the_output_is_as_it_was(values, pieces):
    output = b"".join(pieces)
    if b"*" not in output and b"*" not in masked(values, output):
        assert masked(values, *pieces) == output


@given(st.lists(TEXTS, min_size=1, max_size=4), st.lists(TEXTS, max_size=10))
def test_no_value_is_in_the_result_and_the_pieces_do_not_matter(values, pieces):
    output = b"".join(pieces)
    shown = masked(values, *pieces)
    assert shown == masked(values, output) == masked(values, *(output[i : i + 1] for i in range(len(output))))
    assert not any(value in shown for value in values if len(value) >= 4)


@given(st.binary(min_size=4, max_size=30).filter(lambda value: b"*" not in value), st.data())
def test_a_value_in_the_midst_of_anything_is_hidden_in_every_form(value, data):
    around = st.binary(max_size=12).filter(lambda text: b"*" not in text)
    form = data.draw(st.sampled_from([value, base64.b64encode(value), quote(value, safe="").encode()]))
    output = data.draw(around) + form + data.draw(around)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(output)), max_size=4)))
    pieces = [output[a:b] for a, b in zip([0, *cuts], [*cuts, len(output)], strict=True)]
    shown = masked([value], *pieces)
    assert value not in shown
    assert form not in shown


def test_what_is_held_back_is_shorter_than_the_value():
    mask = Mask([b"a" * 999 + b"b"])
    shown = 0
    for sent in range(100, 5_001, 100):
        shown += len(mask.hide(b"a" * 100))
        assert sent - shown < 1_000


def covered(values, output):
    """By values, or long lines of them: for each byte whether it is to be hidden."""
    hidden = [False] * len(output)
    for value in values:
        lines = [line for line in value.splitlines() if len(line) >= 8]
        for form in [value, *lines] if len(value) >= 4 else []:
            for at in range(len(output) - len(form) + 1):
                if output.startswith(form, at):
                    hidden[at : at + len(form)] = [True] * len(form)
    return hidden


@given(st.lists(TEXTS, min_size=1, max_size=4), st.lists(TEXTS, max_size=10))
def test_what_belongs_to_no_value_is_shown_and_nothing_else(values, pieces):
    output = b"".join(pieces) + b"!"  # no value can go on behind it
    hidden = covered(values, output)
    kept = bytes(byte for byte, hide in zip(output, hidden, strict=True) if not hide)
    assert masked(values, *pieces, b"!").replace(MASK, b"") == kept


def test_values_that_overlap_leave_no_part_of_each_other():
    assert masked([b"abcd", b"bcdefghijkl"], b"<abcdefghijkl>") == b"<***>"
    assert masked([b"abcd", b"bcdefghijkl"], b"<ab", b"cd", b"efgh", b"ijkl>") == b"<***>"
    assert masked([b"token-1234", b"1234"], b"1234 token-1234 1234") == b"*** *** ***"


@pytest.mark.parametrize("pieces", [[b"key: hunter2hun"], [b"key: hun", b"ter2", b"hun"]])
def test_the_beginning_of_a_value_at_the_end_is_hidden_unless_it_is_short(pieces):
    """The command was killed while it printed."""
    assert masked([b"hunter2hunter2"], *pieces) == b"key: ***"
    assert masked([b"hunter2hunter2"], b"key: hunter2") == b"key: hunter2"


def test_a_beginning_that_overlaps_a_value_at_the_end_is_hidden_with_it():
    assert masked([b"abcd", b"cdefghijklmnop"], b"<abc", b"defghijk") == b"<***"


@pytest.mark.parametrize("secret", ["it's a secret", "'quoted'", "a'b'c'd'e", "plain-secret", "with $dollar"])
def test_the_trace_of_a_shell_shows_no_value(secret):
    """`bash -x`, which many scripts begin with."""
    traced = subprocess.run(
        ["bash", "-xc", 'true "$SECRET"'], env={"SECRET": secret}, capture_output=True, check=True
    ).stderr
    assert masked([secret.encode()], traced) in (b"+ true '***'\n", b"+ true ***\n")
