"""Requests of several clients through the load balancers, all safe to repeat, and what became of each.

The clients behave as the command line does (`app.cli.patience`): what one try has failed is told apart from
what failed in the end.

Each client edits a job of its own, so it knows what the system must say: a read after an acknowledged write
has that value, and so has the end. Writes carry If-Match, as those of a careful client do: where it is in
doubt whether a write happened, the next one is refused (412) and the client reads before it goes on.
"""

import ssl
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx

from app.cli.client import TIMEOUT
from app.cli.patience import patiently

STOP_SECONDS = 90.0  # until the last request has ended: twice its deadline, and pauses
PAUSE_SECONDS = 0.04  # of each client, between two requests


@dataclass(frozen=True, slots=True)
class Asked:
    """One request. Times are epoch seconds; the errors are empty where it succeeded."""

    kind: str
    began: float
    ended: float
    first_error: str  # of the first try
    error: str  # in the end


@dataclass
class Editor:
    """What a client knows of the job that only it changes. Values are numbers in the job's description."""

    name: str
    revision: str = ""  # ETag
    acknowledged: int = 0
    sent: int = 0
    wrong: list[str] = field(default_factory=list)

    def saw(self, value: int, revision: str) -> None:
        """The job as it was read when no write of this client was on its way."""
        if not self.acknowledged <= value <= self.sent:
            self.wrong.append(f"{self.name} is {value}, acknowledged {self.acknowledged}, sent {self.sent}")
        self.acknowledged, self.revision = value, revision


class Load:
    """`clients` threads that ask one request after the other until `stop`."""

    def __init__(self, connect: Callable[[], httpx.Client], clients: int) -> None:
        """`connect` gives signed-in clients of the load balancer."""
        self._connect = connect
        self.editors = [Editor(f"edited-{number}") for number in range(clients)]
        self.asked: list[Asked] = []  # appends are atomic
        self.in_doubt = 0  # writes that were found done, or not, by reading
        self._stopping = threading.Event()
        self._threads = [
            threading.Thread(target=self._ask, args=(editor,), name=editor.name, daemon=True)
            for editor in self.editors
        ]

    def start(self) -> None:
        with self._connect() as client:
            for editor in self.editors:
                client.put(f"/jobs/{editor.name}", json=_job(editor.name, 0)).raise_for_status()
        for thread in self._threads:
            thread.start()

    def was_answered(self, since: int) -> bool:
        """Whether a request that began later than `since` (epoch ms) got what it asked for."""
        return any(not each.error for each in self.asked if each.began * 1000 >= since)

    def stop(self) -> None:
        """Returns when no request is on its way any more; what was acknowledged must then be there."""
        self._stopping.set()
        for thread in self._threads:
            if thread.ident is not None:
                thread.join(STOP_SECONDS)
        with self._connect() as client:
            for editor in self.editors:
                answer = client.get(f"/jobs/{editor.name}").raise_for_status()
                editor.saw(_value(answer.json()), answer.headers["ETag"])

    @property
    def wrong(self) -> list[str]:
        """Acknowledged writes that were lost, and reads that did not have them."""
        return [each for editor in self.editors for each in editor.wrong]

    def _ask(self, editor: Editor) -> None:
        with self._connect() as client:
            while not self._stopping.is_set():
                for step in (self._read, self._list, self._runs, self._edit, self._read):
                    step(client, editor)
                    self._stopping.wait(PAUSE_SECONDS)

    def _read(self, client: httpx.Client, editor: Editor) -> None:
        answer = self._send(client, "GET job", "GET", f"/jobs/{editor.name}")
        if answer is not None:
            editor.saw(_value(answer.json()), answer.headers["ETag"])

    def _list(self, client: httpx.Client, editor: Editor) -> None:
        answer = self._send(client, "GET jobs", "GET", f"/jobs?q={editor.name}&limit=20")
        if answer is not None:
            found = [_value(job) for job in answer.json()["items"] if job["name"] == editor.name]
            if not found or not editor.acknowledged <= found[0] <= editor.sent:
                editor.wrong.append(f"the list has {editor.name} as {found}, not {editor.acknowledged}")

    def _runs(self, client: httpx.Client, editor: Editor) -> None:
        self._send(client, "GET runs", "GET", "/runs?limit=20")

    def _edit(self, client: httpx.Client, editor: Editor) -> None:
        editor.sent += 1
        answer = self._send(
            client,
            "PUT job",
            "PUT",
            f"/jobs/{editor.name}",
            json=_job(editor.name, editor.sent),
            headers={"If-Match": editor.revision},
        )
        if answer is None:
            return
        if answer.status_code == 412:
            self.in_doubt += 1
            self._read(client, editor)
        else:
            editor.acknowledged, editor.revision = editor.sent, answer.headers["ETag"]

    def _send(
        self, client: httpx.Client, kind: str, method: str, path: str, **options: Any
    ) -> httpx.Response | None:
        """The answer, None if there was none."""
        errors: list[str] = []

        def send() -> httpx.Response:
            try:
                answer = client.request(method, path, **options)
            except httpx.HTTPError as error:
                errors.append(f"{type(error).__name__}: {error}")
                raise
            fine = answer.is_success or answer.status_code == 412
            errors.append("" if fine else f"{answer.status_code}: {_detail(answer)}")
            return answer

        began = time.time()
        try:
            answer = patiently(method, send).answer
        except httpx.HTTPError:
            answer = None
        self.asked.append(Asked(kind, began, time.time(), errors[0], errors[-1]))
        return None if errors[-1] else answer


def _detail(answer: httpx.Response) -> str:
    try:
        return str(answer.json()["detail"])
    except (ValueError, KeyError, TypeError):
        return "not of a master"


def _job(name: str, value: int) -> dict[str, Any]:
    """Never fires."""
    return {
        "name": name,
        "command": ":",
        "cronExpr": "0 0 29 2 *",
        "enabled": False,
        "description": str(value),
    }


def _value(job: dict[str, Any]) -> int:
    return int(job["description"])


def signed_in(url: str, trust: ssl.SSLContext, password: str) -> Callable[[], httpx.Client]:
    """What makes clients of `url` that share one session of `admin`."""
    with httpx.Client(base_url=f"{url}/api/v1", verify=trust, timeout=TIMEOUT) as first:
        answer = first.post("/session", json={"username": "admin", "password": password}).raise_for_status()
        token, cookies = answer.json()["csrfToken"], dict(first.cookies)

    def connect() -> httpx.Client:
        return httpx.Client(
            base_url=f"{url}/api/v1",
            verify=trust,
            timeout=TIMEOUT,
            cookies=cookies,
            headers={"X-CSRF-Token": token},
        )

    return connect
