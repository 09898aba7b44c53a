"""What clients are told about refused values."""

import asyncio

import httpx
import pytest
from fastapi import FastAPI
from pydantic import ValidationError

from app.common.errors import EtcdUnavailable
from app.common.models import Job
from app.master.problems import from_validation, install


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"cronExpr": 5}, [("cronExpr", "input should be a valid string")]),
        ({"limits": {"memoryMb": 0}}, [("limits.memoryMb", "input should be greater than or equal to 1")]),
        ({"colour": 1}, [("colour", "unknown field")]),
        (
            {"startsAt": "2030-01-02T00:00:00Z", "endsAt": "2030-01-01T00:00:00Z"},
            [("endsAt", "must be later than startsAt")],
        ),
    ],
)
def test_fields_have_their_json_names(fields, expected):
    with pytest.raises(ValidationError) as refused:
        Job.model_validate({"name": "n", "command": "c", "cronExpr": "@daily", **fields})
    problem = from_validation(refused.value.errors())
    assert list(problem.errors) == expected
    assert problem.detail == "; ".join(f"{field}: {message}" for field, message in expected)


@pytest.mark.parametrize(("method", "in_doubt"), [("GET", False), ("POST", True)])
def test_only_of_a_write_it_is_said_that_it_may_have_happened(method, in_doubt):
    app = FastAPI()
    install(app)

    @app.api_route("/", methods=[method])
    def away() -> None:
        raise EtcdUnavailable("down")

    async def ask() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://master") as client:
            return await client.request(method, "/")

    answer = asyncio.run(ask())
    assert answer.status_code == 503
    assert ("may or may not have happened" in answer.text) == in_doubt
