from prometheus_client import CollectorRegistry, Histogram
from prometheus_client.exposition import generate_latest

from app.common.metrics.worker import BatchHistogram

BUCKETS = (0.1, 0.5, 2)


def shown(registry):
    lines = generate_latest(registry).decode().splitlines()
    return [line for line in lines if not line.startswith(("#", "seconds_created"))]


def test_many_observations_at_once_are_the_same_as_one_by_one():
    one_by_one, at_once = CollectorRegistry(), CollectorRegistry()
    single = Histogram("seconds", "Help.", buckets=BUCKETS, registry=one_by_one)
    batch = BatchHistogram("seconds", "Help.", buckets=BUCKETS, registry=at_once)
    for amounts in ([], [0.25], [0, 0.1, 0.1, 0.5, 1, 2, 64]):
        for amount in amounts:
            single.observe(amount)
        batch.observe_all(amounts)
        assert shown(at_once) == shown(one_by_one)
    assert 'seconds_bucket{le="+Inf"} 8.0' in shown(at_once)
