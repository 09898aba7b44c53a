"""Output as text, from chunks of bytes."""

import itertools
import json

from hypothesis import given
from hypothesis import strategies as st

from app.common.models import Run, Status
from app.master.services.run_stream import _Output

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)


def text(events: list) -> str:
    return "".join(json.loads(event.data)["text"] for event in events if event)


@given(TEXT, st.lists(st.integers(0, 240), max_size=6), st.integers(0, 6))
def test_any_split_gives_the_text_and_the_row_gives_what_was_not_seen_live(whole, cuts, live):
    data = whole.encode()
    edges = sorted({0, len(data), *(cut for cut in cuts if cut < len(data))})
    chunks = list(itertools.pairwise(edges))[:live]
    output = _Output()
    events = [output.take(start, data[start:end]) for start, end in chunks]
    run = Run(
        id="r", job_name="j", plan_time=0, status=Status.SUCCEEDED, output=whole, output_bytes=len(data)
    )
    assert text([*events, output.rest(run)]) == whole


def test_a_gap_is_seen_by_its_offset_and_does_not_spoil_what_follows():
    output = _Output()
    first = output.take(0, "a\u4f60".encode()[:2])
    second = output.take(100, b"later")
    assert text([first, second]) == "alater"
    assert json.loads(second.data)["offset"] == 100


def test_a_row_that_was_cut_adds_nothing_to_what_was_seen():
    output = _Output()
    output.take(0, b"x" * 10)
    run = Run(
        id="r",
        job_name="j",
        plan_time=0,
        status=Status.SUCCEEDED,
        output="x...x",
        output_bytes=99,
        truncated=True,
    )
    assert output.rest(run) is None
