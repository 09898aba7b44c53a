"""The measurements of `loadtest/` in short: none of their checks depends on the speed of the machine."""

import pytest

from loadtest import big_output, etcd_outage, exactly_once, store_outage, worker_loss
from loadtest.report import Report


def verify(report: Report) -> None:
    assert report.right, f"{report.checks}\n{report.figures}"


def test_each_fire_runs_once_on_one_of_three_workers() -> None:
    report = exactly_once.run(seconds=15)
    verify(report)
    # 300 fires are placed by hash, each on its own: six standard deviations from 100 a worker are 49.
    assert report.targets[exactly_once.SHARE].value <= 0.5, report.figures


@pytest.mark.parametrize("restart", [False, True], ids=["left dead", "restarted"])
def test_the_runs_of_a_killed_worker_stand_as_lost_and_no_other_fire_is_touched(restart: bool) -> None:
    verify(worker_loss.run(jobs=10, restart=restart))


def test_a_store_outage_delays_no_fire_and_loses_no_row() -> None:
    verify(store_outage.run(rate=20, outage_seconds=6, around_seconds=3))


def test_an_etcd_outage_leaves_no_gap_in_the_ledger() -> None:
    verify(etcd_outage.run(rate=20, outage_seconds=3, around_seconds=5))


def test_endless_output_is_cut_and_costs_no_memory() -> None:
    verify(big_output.run(size_mb=200))
