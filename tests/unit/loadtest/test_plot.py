"""Plots are SVG files that say what they show."""

from pathlib import Path

import pytest

from loadtest.plot import Plot


def test_a_plot_names_its_axes_its_curves_and_its_target(tmp_path: Path) -> None:
    plot = Plot("claims", "Claims a fire", "workers", "count", {"claims": [(1, 1), (10, 2)]}, limit=3)
    path = plot.save(tmp_path)
    assert path == tmp_path / "claims.svg"
    text = path.read_text()
    for shown in ("Claims a fire", "workers", "count", "claims", "target"):
        assert f"<!-- {shown} -->" in text


@pytest.mark.parametrize("logarithmic", [False, True])
def test_the_same_figures_make_the_same_file(tmp_path: Path, logarithmic: bool) -> None:
    plot = Plot("x", "t", "x", "y", {"a": [(10, 3), (1, 2)]}, log_x=logarithmic, log_y=logarithmic)
    first = plot.save(tmp_path).read_bytes()
    assert plot.save(tmp_path).read_bytes() == first
