"""Learning curves: of the separator that ships, and of the paper's four rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ....genre.reporting.pictures.style import ACCENT, MIDDLE, MUTED, STRONG, new_figure, quiet
from ..published import ROWS
from ..results import Results

PANELS = 4
COLOURS = (MUTED, MIDDLE, STRONG, ACCENT)


def draw_training(results: Results) -> Figure | None:
    """Draws the loss, and what was measured on people who are not trained on, by hours; None without a log."""
    points = [point for point in results.curve if "seconds" in point]
    if len(points) < 2:
        return None
    measured = _measured(points)[: PANELS - 1]
    figure = new_figure(2.6)
    row = figure.subplots(1, 1 + len(measured), squeeze=False)[0]
    hours = [point["seconds"] / 3600 for point in points]
    _line(row[0], hours, [point.get("loss") for point in points], "training loss")
    for axes, name in zip(row[1:], measured, strict=True):
        _line(axes, hours, [(point.get("valid") or {}).get(name) for point in points], f"valid: {name}")
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


def _measured(points: Sequence[Mapping[str, Any]]) -> list[str]:
    """Returns the names of the numbers on valid, in the order of the log."""
    names: dict[str, None] = {}
    for point in points:
        names |= {name: None for name, value in (point.get("valid") or {}).items() if isinstance(value, int | float)}
    return list(names)


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
