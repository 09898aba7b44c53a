"""One of each part of a whole fleet is killed under load: nothing acknowledged, and no planned fire, is lost.

How many requests fail, and how long anything takes, depends on the machine and is not judged here.
"""

from loadtest import failover
from loadtest.failover_local import local_fleet
from loadtest.report import Report


def test_one_of_each_part_is_killed_under_load() -> None:
    report = Report("failover")
    with local_fleet() as fleet:
        failover.measure(fleet, fleet.short, report, rate=15, clients=2, calm_seconds=1)
    assert report.right, f"{report.checks}\n{report.figures}\n{report.series}"
    assert len(report.series["fires"].rows) == len(report.series["requests"].rows) == 5
