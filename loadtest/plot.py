"""Curves as SVG files, where a curve says more than a table."""

from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class Plot:
    """`curves`: points (x, y) by the name of their curve. `limit`: a target, drawn as a line."""

    name: str
    title: str
    x: str
    y: str
    curves: dict[str, list[tuple[float, float]]] = field(default_factory=dict)
    limit: float | None = None
    log_x: bool = False
    log_y: bool = False

    def save(self, directory: Path) -> Path:
        # Imported here: it takes half a second, and most commands draw nothing.
        from matplotlib import rcParams
        from matplotlib.figure import Figure

        rcParams["svg.hashsalt"] = self.name  # the same figures make the same file
        figure = Figure(figsize=(7, 4), layout="constrained")
        axes = figure.add_subplot()
        for name, points in self.curves.items():
            xs, ys = zip(*sorted(points), strict=True)
            axes.plot(xs, ys, marker="o", label=name)
        if self.limit is not None:
            axes.axhline(self.limit, linestyle="--", color="grey", label="target")
        axes.set(title=self.title, xlabel=self.x, ylabel=self.y)
        if self.log_x:
            axes.set_xscale("log")
        if self.log_y:
            axes.set_yscale("log")
        else:
            axes.set_ylim(bottom=0)
        axes.grid(alpha=0.3)
        axes.legend()
        path = directory / f"{self.name}.svg"
        figure.savefig(path, metadata={"Date": None})
        return path
