"""Benchmarks in short: they run, their results are right, their figures are there. No time is judged."""

from pathlib import Path

from loadtest import api, throughput, workers
from loadtest.report import Report


def verify(report: Report, directory: Path, *series: str) -> None:
    """`series`: tables that must have rows."""
    assert report.right, f"{report.checks}\n{report.figures}"
    assert report.figures
    assert report.targets
    for name in series:
        assert report.series[name].rows
    report.save(directory / "report.json")
    files = {"report.json", "report.txt", *(f"{plot.name}.svg" for plot in report.plots)}
    assert {path.name for path in directory.iterdir()} == files


def test_throughput(tmp_path: Path) -> None:
    report = throughput.run(seconds=3, rate=30, bare_seconds=0.5)
    verify(report, tmp_path, *report.series)


def test_workers(tmp_path: Path) -> None:
    report = workers.run(rate=20, seconds=2, alone=1, most=2)
    verify(report, tmp_path, "for claims, a fire", "etcd, a fire", "the rest")
    claims = {row[0]: row[1] for row in report.series["for claims, a fire"].rows}
    assert claims.keys() == {1, 2}
    assert min(claims.values()) >= 1, "a fire without a claim: the workers' metrics are not what they were"


def test_api(tmp_path: Path) -> None:
    verify(api.run(jobs=500, seconds=3), tmp_path)
