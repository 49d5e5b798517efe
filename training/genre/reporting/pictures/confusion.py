"""Confusion matrices on the fault-filtered test clips, all seeds together: rows are the truth, in per cent of it."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from ..networks import baselines, title
from ..results import SHIPPED, Results
from ..runs import Run
from .style import HEAT, INK, new_figure

COLUMNS = 2
PROTOCOL = "filtered"


def draw_shipped_confusion(results: Results) -> Figure | None:
    """Draws the matrix of the network that ships; None without filtered runs of it."""
    runs = results.of(SHIPPED, PROTOCOL)
    if not runs:
        return None
    figure = new_figure(5.8, width_in=6.0)
    axes = figure.subplots()
    _draw_matrix(axes, runs, f"{title(SHIPPED)}: {_population(runs)}", size=9.0)
    axes.set_xlabel("named")
    axes.set_ylabel("is")
    return figure


def draw_baseline_confusions(results: Results) -> Figure | None:
    """Draws the matrices of all other networks in two columns; None without filtered runs of any."""
    shown = [(name, runs) for name in baselines(results) if (runs := results.of(name, PROTOCOL))]
    if not shown:
        return None
    rows = -(-len(shown) // COLUMNS)
    figure = new_figure(4.0 * rows)
    cells = figure.subplots(rows, COLUMNS, squeeze=False).ravel()
    for axes, (name, runs) in zip(cells, shown, strict=False):
        _draw_matrix(axes, runs, f"{title(name)}: {_population(runs)}", size=7.0)
    for axes in cells[len(shown) :]:
        axes.set_visible(False)
    return figure


def row_shares(runs: tuple[Run, ...]) -> NDArray[np.float64]:
    """Returns the summed confusion ``[L, L]`` with each row as shares of its truth; a row of nothing stays zero."""
    counts = np.sum([run.confusion for run in runs], axis=0)
    shares: NDArray[np.float64] = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    return shares


def _draw_matrix(axes: Axes, runs: tuple[Run, ...], heading: str, size: float) -> None:
    shares, labels = row_shares(runs), runs[0].labels
    axes.imshow(shares, cmap=HEAT, vmin=0.0, vmax=1.0)
    for (row, column), share in np.ndenumerate(shares):
        if share >= 0.005:
            color = "white" if share > 0.5 else INK
            text = axes.text(column, row, f"{100 * share:.0f}", ha="center", va="center", fontsize=size, color=color)
            text.set_in_layout(False)  # It is inside its cell, and measuring hundreds of them takes a second.
    axes.set_xticks(range(len(labels)), labels, rotation=45, ha="right", rotation_mode="anchor", fontsize=size + 0.5)
    axes.set_yticks(range(len(labels)), labels, fontsize=size + 0.5)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    axes.set_title(heading)


def _population(runs: tuple[Run, ...]) -> str:
    """Returns such as ``290 clips, 5 seeds``."""
    return f"{runs[0].n} {runs[0].unit}s, {len(runs)} {'seed' if len(runs) == 1 else 'seeds'}"
