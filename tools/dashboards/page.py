"""A dashboard of panels, as Grafana's JSON (schema of Grafana 10 and later)."""

from collections.abc import Sequence

from tools.dashboards.panels import DATASOURCE, Json, Panel

SCHEMA_VERSION = 39
COLUMNS = 24


def dashboard(
    uid: str,
    title: str,
    description: str,
    rows: Sequence[tuple[str, Sequence[Panel]]],
    *,
    variable: tuple[str, str, str] | None = None,
) -> Json:
    """`variable`: name, label, and the query for its values. Rows without a title have no heading."""
    placed: list[Json] = []
    top = 0
    for heading, panels in rows:
        if heading:
            placed.append(
                {
                    "id": len(placed) + 1,
                    "type": "row",
                    "title": heading,
                    "collapsed": False,
                    "gridPos": {"h": 1, "w": COLUMNS, "x": 0, "y": top},
                    "panels": [],
                }
            )
            top += 1
        left = line = 0
        for panel in panels:
            if left + panel.width > COLUMNS:
                top, left, line = top + line, 0, 0
            place = {"h": panel.height, "w": panel.width, "x": left, "y": top}
            placed.append({"id": len(placed) + 1, **panel.body, "gridPos": place})
            left, line = left + panel.width, max(line, panel.height)
        top += line
    return {
        "uid": uid,
        "title": title,
        "description": description,
        "tags": ["yuanya"],
        "schemaVersion": SCHEMA_VERSION,
        "version": 1,
        "editable": True,
        "graphTooltip": 1,
        "refresh": "30s",
        "time": {"from": "now-12h", "to": "now"},
        "timezone": "browser",
        "templating": {"list": _variables(variable)},
        "links": [
            {
                "type": "dashboards",
                "title": "Yuanya",
                "tags": ["yuanya"],
                "asDropdown": False,
                "includeVars": False,
                "keepTime": True,
            }
        ],
        "annotations": {"list": []},
        "panels": placed,
    }


def _variables(variable: tuple[str, str, str] | None) -> list[Json]:
    found: list[Json] = [
        {"name": "datasource", "label": "Data source", "type": "datasource", "query": "prometheus", "hide": 0}
    ]
    if variable:
        name, label, query = variable
        found.append(
            {
                "name": name,
                "label": label,
                "type": "query",
                "datasource": DATASOURCE,
                "definition": query,
                "query": {"query": query, "refId": name},
                "refresh": 2,
                "sort": 1,
                "multi": False,
                "includeAll": False,
            }
        )
    return found
