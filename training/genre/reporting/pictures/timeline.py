"""An hour of one stream: the posterior as a strip, what played as boxes, what was named as a line."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from ..results import Results
from .style import ACCENT, HEAT, INK, new_figure


def draw_timeline(results: Results) -> Figure | None:
    """Draws the timeline of the long stream; None when there is none."""
    timeline = results.trials.get("long_stream", {}).get("timeline")
    if not timeline:
        return None
    figure = new_figure(3.4)
    axes = figure.subplots()
    minutes = np.asarray(timeline["time_s"], dtype=float) / 60.0
    probs = np.asarray(timeline["probs"], dtype=float).T
    image = axes.imshow(
        probs,
        aspect="auto",
        cmap=HEAT,
        vmin=0.0,
        vmax=1.0,
        interpolation="nearest",
        extent=(minutes[0], minutes[-1], len(probs) - 0.5, -0.5),
    )
    axes.set_yticks(range(len(probs)), timeline["labels"])
    _draw_truth(axes, minutes, timeline["truth"])
    _draw_named(axes, minutes, timeline["label"])
    axes.set_xlabel("minutes")
    axes.tick_params(axis="y", length=0)
    figure.colorbar(image, ax=axes, label="posterior", fraction=0.025, pad=0.01)
    figure.legend(loc="outside lower center", ncols=2)
    axes.set_title("One stream, never reset from outside")
    return figure


def spells(labels: Sequence[int]) -> Iterator[tuple[int, int, int]]:
    """Yields ``(first, end, label)`` for each stretch of one label; -1 is none."""
    first = 0
    for i in range(1, len(labels) + 1):
        if i == len(labels) or labels[i] != labels[first]:
            if labels[first] >= 0:
                yield first, i, labels[first]
            first = i


def _draw_truth(axes: Axes, minutes: NDArray[np.float64], truth: Sequence[int]) -> None:
    for number, (first, end, label) in enumerate(spells(truth)):
        width = minutes[min(end, len(minutes) - 1)] - minutes[first]
        box = Rectangle((minutes[first], label - 0.5), width, 1.0, fill=False, edgecolor=INK, linewidth=1.0)
        box.set_label("what plays" if number == 0 else "_")
        axes.add_patch(box)


def _draw_named(axes: Axes, minutes: NDArray[np.float64], named: Sequence[int]) -> None:
    for number, (first, end, label) in enumerate(spells(named)):
        span = [minutes[first], minutes[min(end, len(minutes) - 1)]]
        axes.plot(span, [label, label], color=ACCENT, linewidth=2.0, label="what is named" if number == 0 else "_")
