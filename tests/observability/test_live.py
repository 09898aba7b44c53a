"""A real Prometheus looks at a real run: each query of the dashboards has data, each alert has its fault."""

from collections.abc import Iterator
from contextlib import ExitStack, suppress
from math import isnan

import pytest

from tests.harness.poll import wait_until
from tests.observability.faults import STEPS, Fault
from tests.observability.live import FILLED_IN, Fleet
from tests.observability.queries import RULES, DashboardQuery, all_queries

EMPTY_WITHOUT_FAULT = {
    "fleet: Alerts": "any",
    "fleet: Jobs that fail": "six jobs fail",
    "fleet: Deaths of processes": "executors are killed while they run something",
    "stores: Requests to etcd that failed": "etcd hangs",
    "stores: Requests to the log store that failed": "the log store is killed while jobs print much",
}
"""Panels that are rightly empty while nothing is wrong, and the fault that fills them."""


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    made = Fleet(tmp_path_factory.mktemp("fleet"))
    try:
        made.start()
        yield made
    finally:
        made.close()


def has_data(fleet: Fleet, query: DashboardQuery) -> bool:
    """And its series have the labels that the legend shows."""
    samples = fleet.prometheus.query(query.filled(FILLED_IN))
    return any(not isnan(float(sample["value"][1])) for sample in samples) and all(
        query.labels <= sample["metric"].keys() for sample in samples
    )


def test_every_query_of_the_dashboards_has_data(fleet: Fleet) -> None:
    wanted = [q for q in all_queries() if f"{q.dashboard}: {q.panel}" not in EMPTY_WITHOUT_FAULT]
    missing = wanted

    def all_there() -> bool:
        nonlocal missing
        missing = [query for query in missing if not has_data(fleet, query)]
        return not missing

    try:
        wait_until(all_there, what="data for every query")
    except AssertionError:
        pytest.fail("no data for:\n" + "\n".join(map(str, missing)))


@pytest.mark.parametrize("step", STEPS, ids=lambda step: "; ".join(fault.name for fault in step))
def test_alerts_fire_under_their_fault(fleet: Fleet, step: list[Fault]) -> None:
    wanted = {alert for fault in step for alert in fault.fires}
    seen: set[tuple[str, str]] = set()

    def all_fired() -> bool:
        seen.update(fleet.prometheus.firing())
        return wanted <= seen

    wait_until(lambda: not wanted & fleet.prometheus.firing(), what="the end of earlier alerts")
    with ExitStack() as faults:
        for fault in step:
            faults.enter_context(fault.make(fleet))
        with suppress(AssertionError):
            wait_until(all_fired, 90, "the alerts")
    assert wanted <= seen, f"not fired: {sorted(wanted - seen)}; fired: {sorted(seen)}"


def test_every_rule_was_evaluated_without_an_error(fleet: Fleet) -> None:
    rules = fleet.prometheus.rules()
    assert len(rules) == RULES.read_text().count("- alert:") + RULES.read_text().count("- record:")
    assert {rule["name"]: rule["lastError"] for rule in rules if rule["health"] != "ok"} == {}


def test_every_alert_has_its_fault() -> None:
    made = {alert for step in STEPS for fault in step for alert, _ in fault.fires}
    assert made == {line.split()[-1] for line in RULES.read_text().splitlines() if "- alert:" in line}


def test_queries_that_were_empty_have_had_data(fleet: Fleet) -> None:
    panels = {f"{query.dashboard}: {query.panel}": query for query in all_queries()}
    for panel in EMPTY_WITHOUT_FAULT:
        assert fleet.prometheus.was_there(panels[panel].filled(FILLED_IN)), panel
