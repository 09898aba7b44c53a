"""Errors of the API: every one is an RFC 9457 problem in JSON that says what to do and names the field."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from app.common.errors import EtcdError, EtcdUnavailable, FieldError, StoreError
from app.common.logs import request_id
from app.common.refusals import in_words, refusals
from app.master.pages import sign_in, wants_page
from app.master.security.headers import HEADERS

log = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"
RETRY_AFTER_SECONDS = 2


class FieldProblem(BaseModel):
    """One refused value: where it stands, in JSON names, and what is wrong with it."""

    field: str = Field(examples=["limits.memoryMb"])
    message: str = Field(examples=["must be greater than or equal to 1"])


class ProblemDetails(BaseModel):
    """An error, as RFC 9457 has it. `errors` names each refused field."""

    type: str = "about:blank"
    title: str = Field(examples=["Unprocessable Content"])
    status: int = Field(examples=[422])
    detail: str = Field(examples=["cronExpr: minute 60 is out of range 0-59"])
    errors: list[FieldProblem] = Field(default_factory=list)
    request_id: str | None = Field(
        None, alias="requestId", description="Of an answer from 500 on: the master's log has it too"
    )


@dataclass(eq=False)
class Problem(Exception):
    """Raised anywhere below a route; becomes the answer."""

    status: int
    detail: str
    errors: Sequence[tuple[str, str]] = ()
    headers: Mapping[str, str] | None = None

    def __str__(self) -> str:
        return self.detail


def invalid(field: str, message: str, status: int = 422) -> Problem:
    return Problem(status, f"{field}: {message}", [(field, message)])


def no_such(what: str, name: str) -> Problem:
    return Problem(404, f"There is no {what} {name!r}.")


def unavailable(part: str, detail: str) -> Problem:
    headers = {"Retry-After": str(RETRY_AFTER_SECONDS)}
    return Problem(503, f"{part} is not available: {detail}", headers=headers)


def from_validation(errors: Sequence[Any], *, skip: int = 0) -> Problem:
    """Pydantic's errors as one problem; `skip` leaves out the first parts of each location."""
    found = refusals(errors, skip=skip)
    return Problem(422, in_words(found), found)


def response(problem: Problem) -> JSONResponse:
    body = {
        "type": "about:blank",
        "title": HTTPStatus(problem.status).phrase,
        "status": problem.status,
        "detail": problem.detail,
    }
    if problem.errors:
        body["errors"] = [{"field": field, "message": message} for field, message in problem.errors]
    if problem.status >= 500 and (request := request_id.get()):
        body["requestId"] = request
    return JSONResponse(body, problem.status, headers=problem.headers, media_type=MEDIA_TYPE)


def _of(error: Exception, method: str) -> Problem:
    """What the client is told; the log has the rest."""
    match error:
        case Problem():
            return error
        case RequestValidationError():
            return from_validation(error.errors(), skip=1)
        case FieldError():
            return invalid(error.field, error.message)
        case HTTPException():
            return Problem(error.status_code, error.detail, headers=error.headers)
        case EtcdUnavailable():
            if method in ("GET", "HEAD"):
                return unavailable("etcd", "it did not answer in time.")
            return unavailable("etcd", "it did not answer in time; a write may or may not have happened.")
        case EtcdError():
            return unavailable("etcd", str(error))
        case StoreError():
            return unavailable("The log store", "it did not answer in time.")
    return Problem(
        500, "The master could not answer because of an error of its own; its log has the details."
    )


def install(app: FastAPI) -> None:
    """Make every error of the application, whatever raised it, a problem."""

    async def handle(request: Request, error: Exception) -> Response:
        problem = _of(error, request.method)
        if problem.status == 401 and request.url.path == "/docs" and wants_page(request):
            return sign_in()
        if problem.status >= 500:
            log.warning(
                "A request failed: %s",
                error,
                extra={"action": "request-failed", "path": request.url.path, "status": problem.status},
            )
        answer = response(problem)
        if problem.status == 500:
            # Answered outside of all middleware.
            answer.headers.update(HEADERS)
        return answer

    for kind in (
        Problem,
        RequestValidationError,
        FieldError,
        HTTPException,
        EtcdError,
        StoreError,
        Exception,
    ):
        app.add_exception_handler(kind, handle)
