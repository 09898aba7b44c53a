"""One logging configuration, applied in every process. A line is a sentence plus an action and ids:
`runId` and `job` where it is about a run, `requestId` where it comes of a request.

Control characters, line separators and changes of direction are escaped, so that nothing a user or a command
said can forge a line or drive a terminal. Only a traceback spans lines (in text mode), indented.
"""

import contextvars
import json
import logging
import logging.config
import os
import re
import sys
import threading
import time
from types import TracebackType
from typing import Any

log = logging.getLogger(__name__)

_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")
_STANDARD = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName"}
_NOT_SHOWN = _STANDARD | {"color_message"}  # uvicorn's: the message again, with escape codes


request_id: contextvars.ContextVar[str] = contextvars.ContextVar("request_id", default="")
"""Of the request that is being answered."""


def configure(level: str, *, as_json: bool, process: str, worker: str = "") -> None:
    """Log to stderr, also what ends a thread or the process. `process` names the part of the system: master,
    scheduler, executor-1, ...; `worker` is the id of the worker that it belongs to, in JSON lines only.
    """
    # What gRPC writes by itself is no line of ours, and floods the log while TLS fails. Read at its import.
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")
    formatter = "json" if as_json else "text"
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "formatters": {
                "text": {"()": TextFormatter, "process": process},
                "json": {"()": JsonFormatter, "process": process, "worker": worker},
            },
            "handlers": {
                "stderr": {"class": "logging.StreamHandler", "stream": sys.stderr, "formatter": formatter}
            },
            "root": {"level": level, "handlers": ["stderr"]},
            "loggers": {
                "uvicorn.access": {"level": "WARNING"},
                "pymongo": {"level": "WARNING"},
                "httpx": {"level": "WARNING"},
            },
        }
    )
    logging.captureWarnings(True)
    sys.excepthook = _log_uncaught
    threading.excepthook = _log_uncaught_in_thread


def _log_uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, trace)
        return
    log.critical("The process ends by an error.", exc_info=(kind, error, trace), extra={"action": "crash"})


def _log_uncaught_in_thread(failed: threading.ExceptHookArgs) -> None:
    if failed.exc_value is not None and not isinstance(failed.exc_value, SystemExit):
        trace = (failed.exc_type, failed.exc_value, failed.exc_traceback)
        log.critical("A thread ends by an error.", exc_info=trace, extra={"action": "crash"})


def _extras(record: logging.LogRecord) -> dict[str, Any]:
    extras = {k: v for k, v in record.__dict__.items() if k not in _NOT_SHOWN and not k.startswith("_")}
    request = request_id.get()
    return extras | {"requestId": request} if request else extras


class TextFormatter(logging.Formatter):
    """`2030-01-31T08:00:00.123Z INFO scheduler Claimed 12 fires. action=claim fires=12`"""

    default_time_format = "%Y-%m-%dT%H:%M:%S"
    default_msec_format = "%s.%03dZ"

    def __init__(self, process: str) -> None:
        super().__init__()
        self.process = process
        self.converter = time.gmtime

    def format(self, record: logging.LogRecord) -> str:
        extras = "".join(f" {k}={_quoted(v)}" for k, v in _extras(record).items())
        lines = [f"{self.formatTime(record)} {record.levelname} {self.process} {record.getMessage()}{extras}"]
        if record.exc_info:
            lines += [f"  {line}" for line in self.formatException(record.exc_info).split("\n")]
        return "\n".join(_CONTROL.sub(lambda found: repr(found[0])[1:-1], line) for line in lines)


class JsonFormatter(TextFormatter):
    """One JSON object a line: time, level, process, worker, logger, message, and the extras."""

    def __init__(self, process: str, worker: str = "") -> None:
        super().__init__(process)
        self._of_all = {"worker": worker} if worker else {}

    def format(self, record: logging.LogRecord) -> str:
        entry = (
            self._of_all
            | _extras(record)
            | {
                "time": self.formatTime(record),
                "level": record.levelname,
                "process": self.process,
                "logger": record.name,
                "message": record.getMessage(),
            }
        )
        if record.exc_info:
            entry["exception"] = self.formatException(record.exc_info)
        text = json.dumps(entry, ensure_ascii=False, default=str)
        return _CONTROL.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def _quoted(value: Any) -> str:
    text = str(value)
    return json.dumps(text, ensure_ascii=False) if not text or re.search(r'[\s"=]', text) else text
