"""An HTTP load generator that is much cheaper than the server: h2load, of nghttp2, speaking HTTP/1.1."""

import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from tests.harness.services import needs

SECONDS = 60  # for all requests of one call; a server that hangs must not hang the measurement


class Answer(NamedTuple):
    """`status` -1: none came. `ms`: from sending the request to the last byte of the answer."""

    status: int
    ms: float


def get(
    url: str, paths: Sequence[str], headers: Mapping[str, str], *, connections: int, requests: int
) -> list[Answer]:
    """Ask for `paths` in turns, `requests` in all, on connections that each wait for one answer before they
    ask again. Returns every answer.
    """
    with tempfile.TemporaryDirectory(prefix="yuanya-h2load-") as name:
        log = Path(name) / "log"
        uris = Path(name) / "uris"
        uris.write_text("".join(f"{url}{path}\n" for path in paths))
        command = [
            needs("h2load"),
            "--h1",
            f"--clients={connections}",
            f"--requests={requests}",
            f"--input-file={uris}",
            f"--log-file={log}",
            *(f"--header={name}: {value}" for name, value in headers.items()),
        ]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, timeout=SECONDS)
        lines = [line.split("\t") for line in log.read_text().splitlines()]
    return [Answer(int(status), int(micros) / 1000) for _, status, micros, *_ in lines]
