"""Shows the output of a run while it is printed."""

import sys
import time
from collections.abc import Iterator
from typing import Any

from app.cli.client import Api, Unreachable, at
from app.cli.output import cell, err, local_time
from app.cli.terminal import Sanitiser

RETRIES = 8  # connections in a row that bring nothing; with the back-off about a minute
MAX_BACKOFF = 15.0  # seconds


def follow(api: Api, run_id: str) -> dict[str, Any]:
    """Print the run's output as it comes; returns the ended run. Goes on where it was when a master goes."""
    ended: dict[str, Any] = {}
    with Printer() as printer:
        for text in stream(api, run_id, ended):
            printer.print(text)
    return ended


def stream(api: Api, run_id: str, ended: dict[str, Any]) -> Iterator[str]:
    """Pieces of the output, in order, each once; fills `ended` with the run at its end."""
    seen, failures = 0, 0
    while True:
        try:
            for name, data in api.events(at("runs", run_id, "stream")):
                failures = 0
                if name == "output":
                    # A new connection tells it all from its start again.
                    piece = data["text"].encode()[max(0, seen - data["offset"]) :]
                    if data["offset"] > seen:
                        yield f"\n[{data['offset'] - seen} bytes are not kept]\n"
                    seen = max(seen, data["offset"] + len(data["text"].encode()))
                    yield piece.decode(errors="replace")
                elif name == "end":
                    ended.update(data)
                    return
        except Unreachable:
            failures += 1
            if failures > RETRIES:
                raise
            time.sleep(min(MAX_BACKOFF, 0.25 * 2**failures))
        else:
            failures += 1
            if failures > RETRIES:
                raise Unreachable(f"The server ended the stream of {run_id} again and again")
            time.sleep(0.25 * failures)


class Printer:
    """Writes output of a command to stdout: raw into a pipe, made harmless for a terminal."""

    def __init__(self) -> None:
        self._sanitiser = Sanitiser() if sys.stdout.isatty() else None

    def __enter__(self) -> "Printer":
        return self

    def __exit__(self, *_: object) -> None:
        if self._sanitiser:
            self._write(self._sanitiser.finish())

    def print(self, text: str) -> None:
        self._write(self._sanitiser.feed(text) if self._sanitiser else text)

    @staticmethod
    def _write(text: str) -> None:
        sys.stdout.write(text)
        sys.stdout.flush()


def print_outcome(run: dict[str, Any]) -> None:
    """One line on stderr: how the run ended."""
    err.print(cell(run["status"]), cell(_details(run)), soft_wrap=True)


def _details(run: dict[str, Any]) -> str:
    parts = []
    if run.get("exitCode"):
        parts.append(f"exit code {run['exitCode']}")
    if run.get("signal"):
        parts.append(f"signal {run['signal']}")
    parts.extend(run[name] for name in ("reason", "err") if run.get(name) and run[name] not in parts)
    if run.get("worker"):
        parts.append(f"on {run['worker']}")
    if run.get("endTime"):
        parts.append(f"at {local_time(run['endTime'])}")
    return ", ".join(parts)
