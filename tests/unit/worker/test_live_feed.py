from math import inf

import pytest

from app.common.logstore.base import LiveOutput
from app.worker.command import Launch
from app.worker.live_feed import CHUNK_BYTES, CHUNK_SECONDS, LiveFeed
from app.worker.running import Running


@pytest.fixture
def run():
    launch = Launch(run_id="r", job_name="j", command="x", plan_time=0, worker="w", output_limit=1_048_576)
    return Running(launch, pid=1, fd=-1, start_ms=0, start_ticks=0, now=0)


def printed(feed, run, data):
    run.output.write(data)
    feed.printed(run)


def test_an_unwatched_run_is_never_due(run):
    feed = LiveFeed()
    printed(feed, run, b"x")
    assert feed.due == inf
    assert feed.take(5) == []


def test_watching_begins_with_what_was_printed_before(run):
    feed = LiveFeed()
    run.output.write(b"before")
    feed.watch(run)
    assert feed.due == 0
    assert feed.take(5) == [LiveOutput("r", 0, b"before")]
    assert feed.due == inf


def test_the_next_chunk_waits_and_holds_all_since(run):
    feed = LiveFeed()
    feed.watch(run)
    assert feed.due == inf
    printed(feed, run, b"a")
    assert feed.take(5) == [LiveOutput("r", 0, b"a")]
    printed(feed, run, b"b")
    printed(feed, run, b"c")
    assert feed.due == 5 + CHUNK_SECONDS
    assert feed.take(5.1) == []
    assert feed.due == 5 + CHUNK_SECONDS
    assert feed.take(5 + CHUNK_SECONDS) == [LiveOutput("r", 1, b"bc")]


def test_of_very_much_output_the_newest_is_told(run):
    feed = LiveFeed()
    feed.watch(run)
    printed(feed, run, b"x" * 2_000_000 + b"end")
    (chunk,) = feed.take(1)
    assert chunk.offset + len(chunk.data) == 2_000_003
    assert len(chunk.data) <= CHUNK_BYTES
    assert chunk.data.endswith(b"xend")


def test_the_last_output_comes_at_once_when_the_run_ends(run):
    feed = LiveFeed()
    feed.watch(run)
    printed(feed, run, b"a")
    feed.take(5)
    run.output.write(b"last")
    feed.finished(run)
    assert feed.due == 0
    assert feed.take(5) == [LiveOutput("r", 1, b"last")]
    assert feed.due == inf


def test_watching_twice_repeats_nothing_and_unwatching_ends_it(run):
    feed = LiveFeed()
    feed.watch(run)
    printed(feed, run, b"a")
    feed.take(1)
    feed.watch(run)
    assert feed.take(2) == []
    feed.unwatch("r")
    printed(feed, run, b"b")
    assert feed.take(3) == []
    feed.unwatch("r")
