"""The panels of dashboards, as Grafana's JSON."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]

DATASOURCE: Json = {"type": "prometheus", "uid": "${datasource}"}

GOOD, WARN, BAD, PLAIN = "green", "orange", "red", "blue"
STATUS_COLORS = {
    "succeeded": "green",
    "failed": "red",
    "timeout": "orange",
    "killed": "purple",
    "skipped": "blue",
    "missed": "dark-red",
    "lost": "dark-orange",
}


@dataclass(frozen=True)
class Query:
    """`legend` may name labels: `{{instance}}`."""

    expr: str
    legend: str = ""


def quantile(
    share: float, metric: str, by: str = "", where: str = "", window: str = "$__rate_interval"
) -> str:
    """The expression for a quantile of a histogram."""
    labels = f"{by}, le" if by else "le"
    return f"histogram_quantile({share}, sum by ({labels}) (rate({metric}_bucket{where}[{window}])))"


@dataclass(frozen=True)
class Panel:
    """`body`: the panel without id and place."""

    body: Json
    width: int
    height: int


def steps(*colors: tuple[float | None, str]) -> Json:
    """Thresholds: each colour from its value on; None is the lowest."""
    return {"mode": "absolute", "steps": [{"color": color, "value": value} for value, color in colors]}


ALWAYS = steps((None, PLAIN))
NONE_ALLOWED = steps((None, GOOD), (1, BAD))
FEW_ALLOWED = steps((None, GOOD), (1, WARN))


def stat(
    title: str,
    description: str,
    expr: str,
    *,
    unit: str = "short",
    thresholds: Json = ALWAYS,
    no_value: str = "–",
    words: dict[str, tuple[str, str]] | None = None,
    legend: str = "",
    width: int = 3,
) -> Panel:
    """One figure. `words`: a value shown as a word and a colour. A `legend` is shown instead of the value."""
    options = {value: {"text": text, "color": color} for value, (text, color) in (words or {}).items()}
    return _panel(
        "stat",
        title,
        description,
        [Query(expr, legend)],
        {
            "unit": unit,
            "thresholds": thresholds,
            "noValue": no_value,
            "mappings": [{"type": "value", "options": options}] if options else [],
        },
        {
            "colorMode": "background",
            "graphMode": "none",
            "justifyMode": "center",
            "orientation": "auto",
            "textMode": "name" if legend else "auto",
            "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
        },
        instant=True,
        width=width,
        height=4,
    )


def lines(
    title: str,
    description: str,
    *queries: Query,
    unit: str = "short",
    thresholds: Json | None = None,
    width: int = 8,
) -> Panel:
    """Lines over time; `thresholds` are drawn as dashed lines."""
    custom: Json = {
        "drawStyle": "line",
        "lineWidth": 1,
        "fillOpacity": 8,
        "showPoints": "never",
        "spanNulls": False,
    }
    defaults: Json = {"unit": unit, "min": 0, "custom": custom}
    if thresholds:
        defaults["thresholds"] = thresholds
        custom["thresholdsStyle"] = {"mode": "dashed"}
    return _panel("timeseries", title, description, queries, defaults, _TIME_OPTIONS, width=width, height=8)


def bars(
    title: str, description: str, *queries: Query, unit: str = "short", color: str = "", width: int = 8
) -> Panel:
    """Counts by time, stacked; a minute at least a bar. Series named as a status have its colour."""
    defaults: Json = {
        "unit": unit,
        "min": 0,
        "decimals": 0,
        "custom": {
            "drawStyle": "bars",
            "lineWidth": 0,
            "fillOpacity": 90,
            "stacking": {"mode": "normal", "group": "A"},
        },
    }
    if color:
        defaults["color"] = {"mode": "fixed", "fixedColor": color}
    panel = _panel("timeseries", title, description, queries, defaults, _TIME_OPTIONS, width=width, height=8)
    panel.body["interval"] = "1m"
    if not color:
        panel.body["fieldConfig"]["overrides"] = [
            {
                "matcher": {"id": "byName", "options": status},
                "properties": [{"id": "color", "value": {"mode": "fixed", "fixedColor": status_color}}],
            }
            for status, status_color in STATUS_COLORS.items()
        ]
    return panel


def heatmap(title: str, description: str, query: Query, *, unit: str, width: int = 8) -> Panel:
    """Buckets of a histogram over time."""
    panel = _panel(
        "heatmap",
        title,
        description,
        [query],
        {},
        {
            "calculate": False,
            "cellGap": 1,
            "color": {"mode": "scheme", "scheme": "Oranges", "steps": 64, "exponent": 0.5},
            "yAxis": {"unit": unit, "axisPlacement": "left"},
            "tooltip": {"mode": "single", "yHistogram": False},
            "legend": {"show": True},
        },
        width=width,
        height=8,
    )
    panel.body["interval"] = "1m"
    panel.body["targets"][0]["format"] = "heatmap"
    return panel


def table(
    title: str,
    description: str,
    *queries: Query,
    shown: Sequence[str],
    hidden: Iterable[str] = (),
    unit: str = "short",
    width: int = 24,
    height: int = 7,
) -> Panel:
    """One row a set of labels, one column a query (named by its legend), after the labels `shown`."""
    panel = _panel(
        "table",
        title,
        description,
        queries,
        {"unit": unit, "custom": {"align": "auto", "filterable": True}},
        {"showHeader": True, "cellHeight": "sm", "sortBy": []},
        instant=True,
        width=width,
        height=height,
    )
    for target in panel.body["targets"]:
        target["format"] = "table"
    values = {
        f"Value #{t['refId']}" if len(queries) > 1 else "Value": t["legendFormat"]
        for t in panel.body["targets"]
    }
    panel.body["transformations"] = [
        {"id": "merge", "options": {}},
        {
            "id": "organize",
            "options": {
                "excludeByName": dict.fromkeys(("Time", *hidden), True),
                "indexByName": {name: place for place, name in enumerate((*shown, *values))},
                "renameByName": values,
            },
        },
    ]
    return panel


_TIME_OPTIONS: Json = {
    "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True},
    "tooltip": {"mode": "multi", "sort": "desc"},
}


def _panel(
    kind: str,
    title: str,
    description: str,
    queries: Iterable[Query],
    defaults: Json,
    options: Json,
    *,
    width: int,
    height: int,
    instant: bool = False,
) -> Panel:
    targets = [
        {
            "refId": chr(ord("A") + place),
            "datasource": DATASOURCE,
            "expr": query.expr,
            "legendFormat": query.legend or "__auto",
            "instant": instant,
            "range": not instant,
        }
        for place, query in enumerate(queries)
    ]
    body: Json = {
        "type": kind,
        "title": title,
        "description": description,
        "datasource": DATASOURCE,
        "targets": targets,
        "fieldConfig": {"defaults": defaults, "overrides": []},
        "options": options,
    }
    return Panel(body, width, height)
