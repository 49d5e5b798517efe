"""Accuracy after so many seconds of audio, from random places of the test clips."""

from __future__ import annotations

from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ..after import SECONDS, artifact_after, seeds_after
from ..estimates import Estimate
from ..results import Results
from .style import ACCENT, STRONG, new_figure, quiet

BESIDE = 1.025
"""Factor on the seconds of the second line, so that error bars stand beside one another."""


def draw_accuracy_after(results: Results) -> Figure | None:
    """Draws the mean of the seeds, and the artifact itself where it was measured; None without either."""
    seeds, artifact = seeds_after(results), artifact_after(results)
    if not (seeds or artifact):
        return None
    figure = new_figure(3.2)
    axes = figure.subplots()
    _draw_line(axes, seeds, 1.0, "mean of the seeds", color=STRONG, fmt="o-")
    _draw_line(axes, artifact, BESIDE, "the artifact that ships", color=ACCENT, fmt="s--")
    axes.set_xscale("log")
    axes.set_xticks(SECONDS, [f"{seconds} s" for seconds in SECONDS])
    axes.minorticks_off()
    axes.yaxis.set_major_formatter(lambda share, _: f"{100 * share:.0f} %")
    quiet(axes, "both")
    axes.legend(loc="lower right")
    axes.set_title("Accuracy after so much audio from a random place, and its standard error")
    return figure


def _draw_line(axes: Axes, points: dict[int, Estimate], shift: float, label: str, **style: Any) -> None:
    if points:
        axes.errorbar(
            [seconds * shift for seconds in points],
            [point.mean for point in points.values()],
            yerr=[point.error for point in points.values()],
            label=label,
            markersize=6,
            linewidth=1.5,
            capsize=3,
            **style,
        )
