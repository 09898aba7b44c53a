"""Searching joined texts finds what searching each finds."""

from hypothesis import given
from hypothesis import strategies as st

from app.master.services.search import SearchText

TEXT = st.text(alphabet="ab\u4f60", max_size=6)


@given(st.lists(TEXT, max_size=60), st.text(alphabet="ab\u4f60", min_size=1, max_size=3))
def test_it_finds_what_searching_each_text_finds(texts, part):
    assert SearchText(texts).places_of(part) == [n for n, text in enumerate(texts) if part in text]


@given(st.integers(0, 99), st.integers(1, 3))
def test_rare_parts_are_found_once_each_text(place, times):
    texts = ["nothing"] * 100
    texts[place] = "here " * times
    assert SearchText(texts).places_of("here") == [place]
    assert SearchText(texts).places_of("gnothing") == []
