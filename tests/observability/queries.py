"""The queries of the dashboards and of the alert rules, as they are asked of a real Prometheus."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
DASHBOARDS = ROOT / "ansible/roles/grafana/files/dashboards"
RULES = ROOT / "ansible/roles/prometheus/files/rules/yuanya.yml"

BUILT_IN = ("__interval", "__rate_interval", "__range")  # variables that Grafana itself fills in


@dataclass(frozen=True)
class DashboardQuery:
    dashboard: str
    panel: str
    expr: str
    legend: str

    def __str__(self) -> str:
        return f"{self.dashboard}: {self.panel}: {self.expr}"

    @property
    def variables(self) -> set[str]:
        """Those of the dashboard that it uses."""
        return set(re.findall(r"\$([a-z_]+)", self.expr)) - set(BUILT_IN)

    @property
    def labels(self) -> set[str]:
        """Those that its legend shows."""
        return set(re.findall(r"{{(\w+)}}", self.legend))

    def filled(self, values: Mapping[str, str]) -> str:
        """With each variable replaced by its value."""
        return re.sub(r"\$([a-z_]+)", lambda found: values[found[1]], self.expr)


@cache
def dashboards() -> dict[str, dict[str, Any]]:
    return {path.stem: json.loads(path.read_text()) for path in sorted(DASHBOARDS.glob("*.json"))}


def queries(name: str) -> list[DashboardQuery]:
    """All of one dashboard, in the order of its panels."""
    return [
        DashboardQuery(name, panel["title"], target["expr"], target["legendFormat"])
        for panel in dashboards()[name]["panels"]
        for target in panel.get("targets", [])
    ]


def all_queries() -> list[DashboardQuery]:
    return [query for name in dashboards() for query in queries(name)]
