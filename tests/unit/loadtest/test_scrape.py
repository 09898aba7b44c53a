"""Counters of several endpoints, added up, and what came in between two moments."""

from collections.abc import Iterator

import pytest
from prometheus_client import CollectorRegistry, Counter, start_http_server

from loadtest.scrape import scrape
from tests.harness.poll import free_port


class Endpoint:
    def __init__(self) -> None:
        registry = CollectorRegistry()
        self.claims = Counter("claims", "Claims.", ["outcome"], registry=registry)
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        self.server, self.thread = start_http_server(port, "127.0.0.1", registry)

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


@pytest.fixture
def endpoints() -> Iterator[tuple[Endpoint, Endpoint]]:
    both = Endpoint(), Endpoint()
    yield both
    for each in both:
        each.close()


def test_endpoints_are_added_up_by_label(endpoints: tuple[Endpoint, Endpoint]) -> None:
    one, two = endpoints
    one.claims.labels("run").inc(3)
    two.claims.labels("run").inc(4)
    two.claims.labels("taken").inc()
    found = scrape(one.url, two.url)
    assert found.total("claims_total") == 8
    assert found.total("claims_total", outcome="run") == 7
    assert found.by("claims_total", "outcome") == {"run": 7, "taken": 1}
    assert found.total("unknown_total") == 0


def test_the_difference_is_what_was_counted_in_between(endpoints: tuple[Endpoint, Endpoint]) -> None:
    one, _ = endpoints
    one.claims.labels("run").inc(3)
    before = scrape(one.url)
    one.claims.labels("run").inc()
    one.claims.labels("gap").inc(2)
    between = scrape(one.url) - before
    assert between.by("claims_total", "outcome") == {"gap": 2, "run": 1}
