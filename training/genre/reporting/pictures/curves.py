"""Learning curves on the fault-filtered split: training loss and accuracy on valid, a thin line a seed."""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ..networks import ordered, title
from ..results import Results
from ..runs import Run
from .style import MUTED, STRONG, new_figure, quiet

COLUMNS = 4
PROTOCOL = "filtered"


def draw_learning_curves(results: Results) -> Figure | None:
    """Draws a pair of panels for each network that has a curve; None when none has."""
    shown = [(name, runs) for name in ordered(results) if (runs := _with_curve(results.of(name, PROTOCOL)))]
    if not shown:
        return None
    columns, blocks = min(COLUMNS, len(shown)), -(-len(shown) // COLUMNS)
    figure = new_figure(3.2 * blocks)
    panels = figure.subplots(2 * blocks, columns, squeeze=False)
    for axes in panels.ravel():
        axes.set_visible(False)
    highest = 1.05 * max(loss for _, runs in shown for run in runs for loss in run.curve.loss)
    for i, (name, runs) in enumerate(shown):
        top, column = 2 * (i // columns), i % columns
        _draw_accuracy(panels[top, column], runs, title(name), first=column == 0)
        _draw_loss(panels[top + 1, column], runs, highest, first=column == 0)
    return figure


def _with_curve(runs: tuple[Run, ...]) -> tuple[Run, ...]:
    return tuple(run for run in runs if run.curve.epoch)


def _draw_accuracy(axes: Axes, runs: tuple[Run, ...], heading: str, first: bool) -> None:
    for run in runs:
        points = [
            (epoch, share)
            for epoch, share in zip(run.curve.epoch, run.curve.valid_accuracy, strict=True)
            if share is not None
        ]
        if points:
            axes.plot(*zip(*points, strict=True), color=STRONG, linewidth=1.1, alpha=0.7)
    _frame(axes, first)
    axes.set_ylim(0.0, 1.0)
    axes.yaxis.set_major_formatter(lambda share, _: f"{100 * share:.0f} %")
    axes.tick_params(labelbottom=False)
    axes.set_title(heading)
    if first:
        axes.set_ylabel("valid accuracy")


def _draw_loss(axes: Axes, runs: tuple[Run, ...], highest: float, first: bool) -> None:
    for run in runs:
        axes.plot(run.curve.epoch, run.curve.loss, color=MUTED, linewidth=1.1, alpha=0.8)
    _frame(axes, first)
    axes.set_ylim(0.0, highest)  # One scale for all: only the first of a row has figures on it.
    axes.set_xlabel("epoch")
    if first:
        axes.set_ylabel("training loss")


def _frame(axes: Axes, first: bool) -> None:
    axes.set_visible(True)
    quiet(axes, "y")
    axes.tick_params(labelsize=8, labelleft=first)
    axes.locator_params(axis="x", nbins=4, integer=True)
