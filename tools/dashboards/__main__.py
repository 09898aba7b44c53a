"""Write the dashboards: `python -m tools.dashboards [DIRECTORY]`."""

import json
import sys
from pathlib import Path

from tools.dashboards.fleet import fleet
from tools.dashboards.job import job
from tools.dashboards.stores import stores
from tools.dashboards.worker import worker

DASHBOARDS = {"fleet": fleet, "job": job, "worker": worker, "stores": stores}
PLACE = Path(__file__).parents[2] / "ansible/roles/grafana/files/dashboards"


def write(directory: Path) -> None:
    """One file a dashboard."""
    directory.mkdir(parents=True, exist_ok=True)
    for name, made in DASHBOARDS.items():
        text = json.dumps(made(), indent=2, ensure_ascii=False)
        (directory / f"{name}.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    write(Path(sys.argv[1]) if len(sys.argv) > 1 else PLACE)
