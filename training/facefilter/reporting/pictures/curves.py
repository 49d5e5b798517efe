"""Learning curves: of the separator that ships, and of the paper's four rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ....genre.reporting.pictures.style import ACCENT, MIDDLE, MUTED, STRONG, new_figure, quiet
from ..published import ROWS
from ..results import Results

COLUMNS = 3
COLOURS = (MUTED, MIDDLE, STRONG, ACCENT)


def draw_training(results: Results) -> Figure | None:
    """Draws a panel for each loss, in training and on people who are not trained on, by hours; None without a log."""
    points = [point for point in results.curve if "seconds" in point]
    names = _measures(points)
    if len(points) < 2 or not names:
        return None
    columns = min(COLUMNS, len(names))
    figure = new_figure(2.3 * -(-len(names) // columns) + 0.3)
    panels = figure.subplots(-(-len(names) // columns), columns, squeeze=False).ravel()
    hours = [point["seconds"] / 3600 for point in points]
    for axes in panels[len(names) :]:
        axes.set_visible(False)
    for axes, name in zip(panels, names, strict=False):
        _line(axes, hours, [point.get(name) for point in points], name, "training", MUTED)
        _line(axes, hours, [(point.get("valid") or {}).get(name) for point in points], name, "held-out people")
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=2)
    return figure


def draw_paper_curves(results: Results) -> Figure | None:
    """Draws training loss and loss on held-out people of every row that has a curve; None without any."""
    curves = {name: results.papers[name]["curve"] for name in ROWS if results.papers.get(name, {}).get("curve")}
    if not curves:
        return None
    figure = new_figure(2.8)
    row = figure.subplots(1, 2)
    for (name, points), colour in zip(curves.items(), COLOURS, strict=False):
        minutes = [point["seconds"] / 60 for point in points]
        for axes, measure, title in zip(row, ("loss", "held_out"), ("training loss", "held-out people"), strict=True):
            _line(axes, minutes, [point.get(measure) for point in points], title, ROWS[name], colour, "minutes")
    figure.legend(*row[0].get_legend_handles_labels(), loc="outside lower center", ncols=4)
    return figure


def _measures(points: Sequence[Mapping[str, Any]]) -> list[str]:
    """Returns the names of the losses, in the order of the log."""
    names: dict[str, None] = {}
    for point in points:
        names |= {name: None for name, value in point.items() if isinstance(value, int | float)}
    return [name for name in names if name not in ("step", "seconds")]


def _line(
    axes: Axes,
    x: Sequence[float],
    y: Sequence[float | None],
    title: str,
    label: str = "",
    colour: str = STRONG,
    unit: str = "hours",
) -> None:
    known = [(time, value) for time, value in zip(x, y, strict=True) if value is not None]
    if known:
        axes.plot(*zip(*known, strict=True), color=colour, linewidth=1.2, label=label)
    axes.set(title=title, xlabel=unit)
    quiet(axes, "y")
