"""A real Prometheus tells the loss of one etcd member from that of the majority."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.harness.etcd_members import EtcdMembers
from tests.harness.poll import wait_until
from tests.observability.faults import CRITICAL, WARNING
from tests.observability.services import Prometheus

DOWN, NO_MAJORITY = ("CronEtcdDown", WARNING), ("CronEtcdDown", CRITICAL)


@pytest.fixture
def members(tmp_path: Path) -> Iterator[EtcdMembers]:
    made = EtcdMembers(tmp_path / "etcd", 3)
    try:
        made.start()
        yield made
    finally:
        made.stop()


@pytest.fixture
def prometheus(tmp_path: Path, members: EtcdMembers) -> Iterator[Prometheus]:
    """With the role's rules, and the members as the only targets."""
    made = Prometheus(tmp_path / "prometheus", token="")
    made.watch("etcd", {f"e{number}": f"127.0.0.1:{m.port}" for number, m in enumerate(members.members)})
    try:
        made.start()
        yield made
    finally:
        made.stop()


def test_a_lost_member_is_a_warning_and_a_lost_majority_is_critical(
    members: EtcdMembers, prometheus: Prometheus
) -> None:
    def etcd_alerts() -> set[tuple[str, str]]:
        return {alert for alert in prometheus.firing() if alert[0] == "CronEtcdDown"}

    wait_until(lambda: len(prometheus.query('up{job="etcd"} == 1')) == 3, 60, "answers of all members")
    assert etcd_alerts() == set()

    survivor = members.leader()
    first, second = (member for member in members.members if member is not survivor)
    first.kill()
    wait_until(lambda: etcd_alerts() == {DOWN}, 60, "the warning alone: two of three are a majority")

    second.kill()
    wait_until(lambda: NO_MAJORITY in etcd_alerts(), 60, "the critical alert")
    wait_until(lambda: prometheus.query("etcd_server_has_leader == 0"), 60, "a survivor without a leader")
    assert len(prometheus.query('up{job="etcd"} == 1')) == 1, "the survivor itself answers"

    first.start()
    wait_until(lambda: etcd_alerts() == {DOWN}, 60, "the end of the critical alert")
    second.start()
    wait_until(lambda: not etcd_alerts(), 60, "the end of all")
