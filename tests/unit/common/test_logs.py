"""Log lines: one a record, whatever is in the message, with the ids that tell where it comes from."""

import json
import logging
import re
import subprocess
import sys
import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.common.logs import JsonFormatter, TextFormatter, configure, request_id

TEXT = TextFormatter("scheduler")
JSON = JsonFormatter("scheduler")
STAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


def record(message, *args, severity=logging.INFO, error=None, **extras):
    exc_info = (type(error), error, error.__traceback__) if error else None
    made = logging.LogRecord("app.worker", severity, "file.py", 1, message, args, exc_info)
    made.__dict__.update(extras)
    made.created, made.msecs = 1_900_000_000.123, 123.0
    return made


def raised(message):
    try:
        raise ValueError(message)
    except ValueError as error:
        return error


def test_a_text_line_is_a_sentence_with_an_action_and_ids():
    line = TEXT.format(record("Claimed %d fires.", 12, action="claim", fires=12, job="夜间"))
    assert line == "2030-03-17T17:46:40.123Z INFO scheduler Claimed 12 fires. action=claim fires=12 job=夜间"


def test_values_that_need_it_are_quoted():
    line = TEXT.format(record("x", a="two words", b='say "hi"', c="k=v", d="", e=None))
    assert line.endswith(r'x a="two words" b="say \"hi\"" c="k=v" d="" e=None')


def test_a_json_line_has_all_of_it_as_fields():
    entry = json.loads(
        JSON.format(record("Claimed %d fires.", 12, severity=logging.WARNING, job="夜间", fires=12))
    )
    assert entry == {
        "time": "2030-03-17T17:46:40.123Z",
        "level": "WARNING",
        "process": "scheduler",
        "logger": "app.worker",
        "message": "Claimed 12 fires.",
        "job": "夜间",
        "fires": 12,
    }


def test_the_coloured_copy_of_uvicorn_s_messages_is_left_out():
    started = record("Started [%d]", 7, color_message="Started [\x1b[36m%d\x1b[0m]", port=80)
    assert TEXT.format(started).endswith("INFO scheduler Started [7] port=80")
    assert "color_message" not in json.loads(JSON.format(started))


def test_extras_cannot_replace_the_fields_of_the_line():
    entry = json.loads(JSON.format(record("real", time="never", level="NONE", logger="other")))
    assert (entry["time"][:4], entry["level"], entry["logger"]) == ("2030", "INFO", "app.worker")


FORGED = "x\n2030-01-01T00:00:00.000Z INFO master anna signed in."
HOSTILE = [
    FORGED,
    FORGED.replace("\n", "\r"),
    FORGED.replace("\n", "\r\n"),
    FORGED.replace("\n", "\x0b"),
    FORGED.replace("\n", "\x85"),
    FORGED.replace("\n", "\u2028"),
    FORGED.replace("\n", "\u2029"),
    "\x1b[2J\x1b]0;title\x07",
    "\x9b31m",
    "\u202eover\u2066ride",
    "\0",
    "\x7f\b",
]


@pytest.mark.parametrize("formatter", [TEXT, JSON], ids=["text", "json"])
@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_forges_a_line_or_drives_a_terminal(formatter, text):
    for made in (record(text), record("%s", text), record("x", job=text), record("x", job=[text])):
        line = formatter.format(made)
        assert len(line.splitlines()) == 1
        assert line.isprintable()


@settings(deadline=None)
@given(st.text(), st.text() | st.binary() | st.none() | st.floats() | st.dictionaries(st.text(), st.text()))
def test_any_message_and_value_make_one_line(message, value):
    made = record("%s", message, value=value)
    assert len(TEXT.format(made).splitlines()) == 1
    line = JSON.format(made)
    assert len(line.splitlines()) == 1
    assert json.loads(line)["message"] == message


def test_a_traceback_spans_lines_that_cannot_be_taken_for_records():
    lines = TEXT.format(record("It failed.", error=raised(FORGED + "\x1b[2J"))).split("\n")
    assert [line for line in lines if STAMP.match(line)] == lines[:1]
    assert lines[1] == "  Traceback (most recent call last):"
    assert lines[-1] == r"  2030-01-01T00:00:00.000Z INFO master anna signed in.\x1b[2J"


def test_a_traceback_is_one_field_in_json():
    line = JSON.format(record("It failed.", error=raised(FORGED)))
    assert len(line.splitlines()) == 1
    assert json.loads(line)["exception"].endswith(f"ValueError: {FORGED}")


@pytest.fixture
def _restored_logging():
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    hooks = sys.excepthook, threading.excepthook
    yield
    sys.excepthook, threading.excepthook = hooks
    logging.captureWarnings(False)
    root.handlers[:], root.level = handlers, level


@pytest.mark.usefixtures("_restored_logging")
@pytest.mark.parametrize("as_json", [False, True])
def test_a_configured_process_writes_to_stderr_from_its_level_on(capsys, as_json):
    configure("INFO", as_json=as_json, process="executor-1")
    log = logging.getLogger("app.test")
    log.debug("hidden")
    log.info("shown", extra={"action": "test"})
    out, err = capsys.readouterr()
    assert out == ""
    assert len(err.splitlines()) == 1
    if as_json:
        assert (
            json.loads(err).items() >= {"process": "executor-1", "message": "shown", "action": "test"}.items()
        )
    else:
        assert STAMP.match(err)
        assert err.endswith("Z INFO executor-1 shown action=test\n")


@pytest.mark.usefixtures("_restored_logging")
def test_chatty_libraries_are_quiet(capsys):
    configure("DEBUG", as_json=False, process="master")
    for name in ("uvicorn.access", "pymongo.command", "httpx"):
        logging.getLogger(name).info("GET /")
    assert capsys.readouterr().err == ""


def test_lines_of_a_worker_name_it_and_those_of_a_request_its_id():
    formatter = JsonFormatter("scheduler", "w1")
    assert json.loads(formatter.format(record("x")))["worker"] == "w1"
    given = request_id.set("abc")
    try:
        assert json.loads(formatter.format(record("x")))["requestId"] == "abc"
        assert TEXT.format(record("x")).endswith("x requestId=abc")
    finally:
        request_id.reset(given)
    assert "requestId" not in json.loads(formatter.format(record("x")))


@pytest.mark.parametrize(
    ("program", "code", "messages"),
    [
        ("raise ValueError('one\\ntwo')", 1, ["The process ends by an error."]),
        (
            "import threading; t = threading.Thread(target=lambda: 1 / 0); t.start(); t.join()",
            0,
            ["A thread ends by an error."],
        ),
        ("import warnings; warnings.warn('old', UserWarning)", 0, ["UserWarning: old"]),
    ],
)
def test_what_nobody_catches_is_a_line_like_others(program, code, messages):
    start = "from app.common.logs import configure; configure('INFO', as_json=True, process='p'); "
    ended = subprocess.run([sys.executable, "-c", start + program], capture_output=True, text=True)
    assert ended.returncode == code
    entries = [json.loads(line) for line in ended.stderr.splitlines()]
    assert len(entries) == len(messages)
    assert all(wanted in entry["message"] for wanted, entry in zip(messages, entries, strict=True))
