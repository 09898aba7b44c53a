"""A report says what was measured, whether it is right, and whether it is fast enough."""

import json
from pathlib import Path

import pytest

from loadtest.plot import Plot
from loadtest.report import Report


@pytest.fixture
def report() -> Report:
    made = Report("a title")
    made.figures["runs/s"] = 1234.5
    table = made.table("steps", "load", "runs/s")
    table.add("half", 600)
    table.add("all", 1200)
    return made


def test_a_wrong_result_is_neither_right_nor_passed(report: Report) -> None:
    report.check("one row a fire", True)
    assert report.right
    assert report.passed
    report.check("no fire twice", False)
    assert not report.right
    assert not report.passed


def test_a_missed_target_leaves_the_result_right(report: Report) -> None:
    report.at_least("ratio", 0.69, 0.7)
    assert report.right
    assert not report.passed


@pytest.mark.parametrize(("value", "holds"), [(0.6, False), (0.7, True), (0.8, True)])
def test_a_lower_bound_holds_from_the_bound_upwards(report: Report, value: float, holds: bool) -> None:
    report.at_least("ratio", value, 0.7)
    assert report.passed is holds


@pytest.mark.parametrize(("value", "holds"), [(2, True), (3, True), (3.1, False)])
def test_an_upper_bound_holds_up_to_the_bound(report: Report, value: float, holds: bool) -> None:
    report.at_most("claims", value, 3)
    assert report.passed is holds


def test_it_is_written_as_json_as_text_and_as_plots(report: Report, tmp_path: Path) -> None:
    report.check("one row a fire", True)
    report.at_most("claims", 4, 3)
    report.plots.append(Plot("rates", "Rates", "load", "runs/s", {"whole path": [(1, 600), (2, 1200)]}))
    report.save(tmp_path / "new" / "steps.json")

    written = json.loads((tmp_path / "new" / "steps.json").read_text())
    assert written["figures"] == {"runs/s": 1234.5}
    assert written["series"]["steps"] == {
        "columns": ["load", "runs/s"],
        "rows": [["half", 600], ["all", 1200]],
    }
    assert written["curves"] == {"rates": {"whole path": [[1, 600], [2, 1200]]}}
    assert written["checks"] == {"one row a fire": True}
    assert written["targets"]["claims"] == {"value": 4, "bound": 3, "at_least": False, "holds": False}
    assert written["machine"]
    assert written["versions"]["python"]

    text = (tmp_path / "new" / "steps.txt").read_text()
    for shown in ("a title", "1,234", "half", "MISSED", "4 (at most 3)", "holds"):
        assert shown in text
    assert "\x1b" not in text
    assert (tmp_path / "new" / "rates.svg").exists()


def test_a_row_must_have_a_figure_for_each_column(report: Report) -> None:
    with pytest.raises(AssertionError):
        report.series["steps"].add("half")
