"""The HTTP API of a master, as the commands use it. Every refusal becomes a ClientError in words."""

import json
from collections.abc import Iterator
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

import httpx

from app.cli.config import ClientError, Login
from app.cli.patience import AWAY, Heard, patiently
from app.cli.terminal import plain

TIMEOUT = httpx.Timeout(30, connect=5)
PAGE = 200
SILENCE_SECONDS = 60  # of an event stream, which the server keeps alive more often than that


class ApiError(ClientError):
    """The server refused. The message has one `field: message` a line where it named fields."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class Unreachable(ClientError):
    """No answer from the server."""


class Api:
    """Safe to share between threads."""

    def __init__(self, login: Login) -> None:
        self.url = login.url
        headers = {"User-Agent": "yuanya"}
        if login.token:
            headers["Authorization"] = f"Bearer {login.token}"
        self._http = httpx.Client(base_url=f"{login.url}/api/v1", headers=headers, timeout=TIMEOUT)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()

    def request(
        self,
        method: str,
        path: str,
        *,
        params: dict[str, Any] | None = None,
        body: Any = None,
        headers: dict[str, str] | None = None,
    ) -> httpx.Response:
        """`path` is quoted already, see `at`. None values of `params` are left out. `patiently` says what is
        repeated."""
        given = {name: value for name, value in (params or {}).items() if value is not None}

        def send() -> httpx.Response:
            return self._http.request(method, path, params=given, json=body, headers=headers)

        try:
            heard = patiently(method, send)
        except httpx.HTTPError as error:
            raise self._unreachable(error) from error
        if method == "DELETE" and heard.doubtful and heard.answer.status_code == 404:
            return heard.answer  # gone, by the first attempt or without it
        _check(heard)
        return heard.answer

    def get(self, path: str, **params: Any) -> Any:
        return _json(self.request("GET", path, params=params))

    def send(self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None) -> Any:
        response = self.request(method, path, body=body, headers=headers)
        return _json(response) if response.content else None

    def pages(self, path: str, limit: int | None = None, **params: Any) -> Iterator[dict[str, Any]]:
        """The items of a list, page by page, at most `limit` of them."""
        left = limit
        cursor = None
        while left is None or left > 0:
            size = PAGE if left is None else min(PAGE, left)
            page = self.get(path, limit=size, cursor=cursor, **params)
            yield from page["items"][:left]
            left = None if left is None else left - len(page["items"])
            cursor = page.get("next")
            if not cursor:
                return

    def events(self, path: str) -> Iterator[tuple[str, dict[str, Any]]]:
        """(event name, data) of a stream of server-sent events, until the server ends it. Unreachable also
        means one that is away for a moment."""
        timeout = httpx.Timeout(5, read=SILENCE_SECONDS)
        try:
            with self._http.stream("GET", path, timeout=timeout) as response:
                if not response.is_success:
                    response.read()
                    _check_stream(response)
                yield from _events(response.iter_lines())
        except httpx.HTTPError as error:
            raise self._unreachable(error) from error

    def _unreachable(self, error: httpx.HTTPError) -> Unreachable:
        return Unreachable(
            f"No answer from {self.url} ({plain(error) or type(error).__name__}). Is the master running?"
        )


def at(*parts: str) -> str:
    """A path of names: `at("jobs", "a b", "run")` is `/jobs/a%20b/run`."""
    return "/" + "/".join(quote(part, safe="") for part in parts)


def _events(lines: Iterator[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    name, data = "message", ""
    for line in lines:
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if field == "event":
            name = value
        elif field == "data":
            data += value
        elif not line and data:
            yield name, json.loads(data)
            name, data = "message", ""


def _json(response: httpx.Response) -> Any:
    try:
        return response.json()
    except ValueError as error:
        raise ApiError(response.status_code, f"{response.url} did not answer as a master does") from error


def _check_stream(response: httpx.Response) -> None:
    try:
        _check(Heard(response))
    except ApiError as error:
        if error.status in AWAY:
            raise Unreachable(str(error)) from error
        raise


def _check(heard: Heard) -> None:
    response = heard.answer
    if response.is_success:
        return
    try:
        problem = response.json()
        lines = [f"{plain(e['field'])}: {plain(e['message'])}" for e in problem.get("errors") or ()]
        message = "\n".join(lines) or plain(problem.get("detail") or problem["title"])
    except (ValueError, LookupError, TypeError, AttributeError):
        message = f"{response.url} answered {response.status_code} {response.reason_phrase}"
    if response.status_code == 401:
        message = message.rstrip(".") + ". Run `yuanya login`"
    if response.status_code == 412 and heard.doubtful:
        message += (
            ". Or it was this command: it asked twice, as the first answer was lost. Look, and run it again"
        )
    raise ApiError(response.status_code, message)
