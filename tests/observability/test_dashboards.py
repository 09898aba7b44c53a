"""The files of the dashboards: made from tools/dashboards, and what Grafana expects of them."""

from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

from tests.observability.queries import DASHBOARDS, dashboards, queries
from tools.dashboards.__main__ import write

FILES = sorted(DASHBOARDS.glob("*.json"))


def panels(name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = dashboards()[name]["panels"]
    return found


def test_the_files_are_those_that_the_tool_makes(tmp_path: Path) -> None:
    """Otherwise: python -m tools.dashboards."""
    write(tmp_path)
    assert [path.name for path in sorted(tmp_path.iterdir())] == [path.name for path in FILES]
    for path in FILES:
        assert path.read_text() == (tmp_path / path.name).read_text(), path.name


def test_each_dashboard_has_an_id_and_a_title_of_its_own() -> None:
    found = dashboards().values()
    for field in ("uid", "title"):
        assert len({each[field] for each in found}) == len(FILES) == 4
    assert all(each["schemaVersion"] >= 36 for each in found)


@pytest.mark.parametrize("name", [path.stem for path in FILES])
class TestPanels:
    def test_each_has_an_id_of_its_own_and_a_description(self, name: str) -> None:
        found = panels(name)
        assert len({panel["id"] for panel in found}) == len(found)
        assert all(panel["title"] for panel in found)
        assert all(panel["description"] for panel in found if panel["type"] != "row")

    def test_none_lies_on_another_or_beyond_the_page(self, name: str) -> None:
        places = [panel["gridPos"] for panel in panels(name)]
        assert all(place["x"] + place["w"] <= 24 for place in places)
        for one, other in combinations(places, 2):
            assert (
                one["x"] + one["w"] <= other["x"]
                or other["x"] + other["w"] <= one["x"]
                or one["y"] + one["h"] <= other["y"]
                or other["y"] + other["h"] <= one["y"]
            ), (one, other)

    def test_headlines_come_first(self, name: str) -> None:
        kinds = [panel["type"] for panel in panels(name)]
        assert kinds[0] == "stat"
        assert kinds.index("timeseries") > max(
            place for place, kind in enumerate(kinds[:8]) if kind == "stat"
        )

    def test_each_asks_the_data_source_that_the_reader_chose(self, name: str) -> None:
        variables = {variable["name"] for variable in dashboards()[name]["templating"]["list"]}
        assert "datasource" in variables
        for panel in panels(name):
            for target in panel.get("targets", []):
                assert target["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
                assert target["refId"]
        used = {variable for query in queries(name) for variable in query.variables}
        assert used <= variables, "a query uses a variable that the dashboard does not have"
