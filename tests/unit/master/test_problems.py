"""What clients are told about refused values."""

import pytest
from pydantic import ValidationError

from app.common.models import Job
from app.master.problems import from_validation


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
