"""Reading JSON bodies: bounded, strict, and with every refusal naming the field."""

import asyncio
import json
from typing import Any, Generic, TypeVar

from fastapi import Request
from pydantic import BaseModel, ValidationError

from app.master.problems import Problem, from_validation, invalid

MAX_BODY = 1024 * 1024  # bytes
MAX_DRAINED = 16 * MAX_BODY  # read, beyond the limit thrown away, so that the client gets to see the 413
MAX_DEPTH = 32  # of objects and lists
READ_SECONDS = 30

M = TypeVar("M", bound=BaseModel)


class JsonBody(Generic[M]):
    """A FastAPI dependency: the request's body, of at most `limit` bytes, as a `model`. `optional`: no body
    at all means an empty object.
    """

    def __init__(self, model: type[M], *, optional: bool = False, limit: int = MAX_BODY) -> None:
        self.model = model
        self.optional = optional
        self.limit = limit

    async def __call__(self, request: Request) -> M:
        body = await read_body(request, self.limit)
        if not body and self.optional:
            body = b"{}"
        return validated(self.model, strict_json(body))


async def merge_patch(request: Request) -> dict[str, Any]:
    """A FastAPI dependency: the body as an RFC 7396 merge patch of an object."""
    patch = strict_json(await read_body(request))
    if not isinstance(patch, dict):
        raise Problem(422, "A merge patch must be a JSON object.")
    return patch


async def read_body(request: Request, limit: int = MAX_BODY) -> bytes:
    chunks: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(READ_SECONDS):
            async for chunk in request.stream():
                size += len(chunk)
                if size > MAX_DRAINED:
                    break
                if size <= limit:
                    chunks.append(chunk)
    except TimeoutError:
        raise Problem(408, f"The body did not arrive within {READ_SECONDS} s.") from None
    if size > limit:
        raise Problem(413, f"The body has more than {limit} bytes.")
    return b"".join(chunks)


def strict_json(body: bytes) -> Any:
    """The value in `body`. Refuses what parsers disagree about: duplicate keys, NaN, lone surrogates, NUL."""
    try:
        text = body.decode()
    except UnicodeDecodeError as error:
        raise Problem(400, f"The body is not UTF-8 (byte {error.start}).") from None
    try:
        value = json.loads(text, object_pairs_hook=_unique, parse_constant=_no_constant)
        _check(value, "", MAX_DEPTH)
    except RecursionError:
        raise Problem(400, "The body is nested too deeply.") from None
    except ValueError as error:
        raise Problem(400, f"The body is not valid JSON: {error}") from None
    return value


def validated(model: type[M], value: Any) -> M:
    """`value` as a `model`, by the rules for JSON. Raises a problem that names each refused field."""
    try:
        return model.model_validate_json(json.dumps(value, ensure_ascii=False), by_alias=True, by_name=False)
    except ValidationError as error:
        raise from_validation(error.errors(include_url=False, include_context=False)) from None


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise invalid(key, "is given twice", 400)
        found[key] = value
    return found


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not a JSON number")


def _check(value: Any, path: str, depth: int) -> None:
    if isinstance(value, list | dict) and depth == 0:
        raise invalid(path, f"is nested deeper than {MAX_DEPTH} levels", 400)
    if isinstance(value, str):
        _check_text(value, path)
    elif isinstance(value, float) and value in (float("inf"), float("-inf")):
        raise invalid(path, "is too large for a number", 422)
    elif isinstance(value, list):
        for place, item in enumerate(value):
            _check(item, f"{path}.{place}" if path else str(place), depth - 1)
    elif isinstance(value, dict):
        for key, item in value.items():
            _check_text(key, path)
            _check(item, f"{path}.{key}" if path else key, depth - 1)


def _check_text(value: str, path: str) -> None:
    if "\x00" in value:
        raise invalid(path, "must not contain a NUL character")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise invalid(path, "holds half of a surrogate pair, which is no character") from None
