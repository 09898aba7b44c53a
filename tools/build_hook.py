"""Refuses to build a wheel without the web console in it: an installed copy has no Node to build it with."""

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class ConsoleIsBuilt(BuildHookInterface):  # type: ignore[type-arg]
    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version == "editable":
            return
        if not (Path(self.root) / "app/master/static/console/index.html").is_file():
            raise SystemExit("The web console is not built, and a wheel must hold it. Run: make wheel")
