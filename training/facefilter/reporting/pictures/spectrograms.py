"""Target, mixture and output of a mixture of every pair of sexes, as in the FaceFilter paper's Figure 2."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ....genre.reporting.pictures.style import new_figure
from ...trials.examples import RANGE_DB, unpacked
from ..results import Results

PANELS = ("target", "mixture", "output")


def draw_spectrograms(results: Results) -> Figure | None:
    """Draws a row of three for each pair of sexes; None without the trial."""
    trial = results.trials.get("examples")
    if not trial or not trial["pairs"]:
        return None
    pairs = trial["pairs"]
    figure = new_figure(1.55 * len(pairs) + 0.3)
    grid = figure.subplots(len(pairs), len(PANELS), squeeze=False, sharex=True, sharey=True)
    for row, (pair, shown) in zip(grid, pairs.items(), strict=True):
        for axes, name in zip(row, PANELS, strict=True):
            _draw(axes, shown["panels"][name], trial)
        row[0].set_ylabel(f"{pair}, kHz")
        row[-1].set_title(f"output, {shown['si_sdri']:+.1f} dB")
    for axes, name in zip(grid[0][:2], PANELS, strict=False):
        axes.set_title(name)
    for axes in grid[-1]:
        axes.set_xlabel("s")
    return figure


def _draw(axes: Axes, panel: Mapping[str, Any], trial: Mapping[str, Any]) -> None:
    top = panel["top_db"]
    axes.imshow(
        unpacked(dict(panel)),
        origin="lower",
        aspect="auto",
        extent=(0.0, trial["seconds"], 0.0, trial["top_hz"] / 1000),
        cmap="magma",
        vmin=top - RANGE_DB,
        vmax=top,
        interpolation="nearest",
    )
    axes.tick_params(length=2)
