"""Strict JSON and merge patches."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.master.bodies import MAX_DEPTH, strict_json
from app.master.problems import Problem
from app.master.services.jobs import merge

values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")), inner, max_size=3
        )
    ),
    max_leaves=20,
)


@given(values)
def test_what_json_can_say_is_read(value):
    assert strict_json(json.dumps(value).encode()) == value
    assert strict_json(json.dumps(value, ensure_ascii=False).encode()) == value


def test_nesting_has_a_limit_and_may_reach_it():
    assert strict_json(b"[" * MAX_DEPTH + b"1" + b"]" * MAX_DEPTH)


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        (b'{"a":{"b":1,"b":2}}', 400, "b"),
        (b'{"a":["x","\\u0000"]}', 422, "a.1"),
        (b'{"\\u0000":1}', 422, ""),
        (b'{"a":"\\ud800"}', 422, "a"),
        (b'{"a":-1e999}', 422, "a"),
        (b'{"a":Infinity}', 400, None),
        (b'{"a":1} x', 400, None),
        (b'\xef\xbb\xbf{"a":1}', 400, None),
        (b"[" * 100_000, 400, None),
        (b"[" * (MAX_DEPTH + 1) + b"]" * (MAX_DEPTH + 1), 400, None),
        (b"\xc0\x80", 400, None),
    ],
)
def test_what_parsers_disagree_about_is_refused(body, status, field):
    with pytest.raises(Problem) as refused:
        strict_json(body)
    assert refused.value.status == status
    if field is not None:
        assert refused.value.errors[0][0] == field


# The test cases of RFC 7396, appendix A.
@pytest.mark.parametrize(
    ("target", "patch", "result"),
    [
        ('{"a":"b"}', '{"a":"c"}', '{"a":"c"}'),
        ('{"a":"b"}', '{"b":"c"}', '{"a":"b","b":"c"}'),
        ('{"a":"b"}', '{"a":null}', "{}"),
        ('{"a":"b","b":"c"}', '{"a":null}', '{"b":"c"}'),
        ('{"a":["b"]}', '{"a":"c"}', '{"a":"c"}'),
        ('{"a":"c"}', '{"a":["b"]}', '{"a":["b"]}'),
        ('{"a":{"b":"c"}}', '{"a":{"b":"d","c":null}}', '{"a":{"b":"d"}}'),
        ('{"a":[{"b":"c"}]}', '{"a":[1]}', '{"a":[1]}'),
        ('["a","b"]', '["c","d"]', '["c","d"]'),
        ('{"a":"b"}', '["c"]', '["c"]'),
        ('{"a":"foo"}', "null", "null"),
        ('{"a":"foo"}', '"bar"', '"bar"'),
        ('{"e":null}', '{"a":1}', '{"e":null,"a":1}'),
        ("[1,2]", '{"a":"b","c":null}', '{"a":"b"}'),
        ("{}", '{"a":{"bb":{"ccc":null}}}', '{"a":{"bb":{}}}'),
    ],
)
def test_merging_is_as_the_rfc_says(target, patch, result):
    assert merge(json.loads(target), json.loads(patch)) == json.loads(result)
