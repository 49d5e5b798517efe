"""Reliability diagrams: how often a confidence of so much is right; the area of a dot is how many clips have it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ..results import SHIPPED, Results
from .style import ACCENT, MUTED, STRONG, WIDTH_IN, new_figure, quiet

Bins = Sequence[Mapping[str, float]]

AREA = 900.0
"""Points squared of a dot that stands for all clips."""

STYLES: dict[str, dict[str, Any]] = {
    "as shipped": {"color": STRONG, "facecolor": STRONG, "alpha": 0.85},
    "before temperature": {"color": ACCENT, "facecolor": "none", "linewidth": 1.3},
}


def draw_reliability(results: Results) -> Figure | None:
    """Draws a panel for all seeds together, and one each for the artifact after 10 and 30 s; None without any."""
    panels = {**_seeds(results), **_artifact(results)}
    if not panels:
        return None
    figure = new_figure(3.5, width_in=WIDTH_IN / 3 * len(panels))
    row = figure.subplots(1, len(panels), squeeze=False)[0]
    for axes, (heading, by_state) in zip(row, panels.items(), strict=True):
        _draw_panel(axes, heading, by_state)
    row[0].set_ylabel("accuracy")
    handles, labels = row[-1].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=3)
    return figure


def _seeds(results: Results) -> dict[str, dict[str, Bins]]:
    bins = [entry for run in results.of(SHIPPED, "filtered") for entry in run.extra("reliability") or ()]
    return {"all seeds": {"as shipped": bins}} if bins else {}


def _artifact(results: Results) -> dict[str, dict[str, Bins]]:
    after = results.trials.get("calibration", {}).get("after_s", {})
    states = {"as shipped": "calibrated", "before temperature": "uncalibrated"}
    return {
        f"the artifact after {seconds} s": {
            text: entry[state]["reliability"] for text, state in states.items() if state in entry
        }
        for seconds, entry in after.items()
    }


def _draw_panel(axes: Axes, heading: str, by_state: Mapping[str, Bins]) -> None:
    axes.plot([0, 1], [0, 1], color=MUTED, linewidth=0.8, linestyle="--")
    for state, bins in by_state.items():
        total = sum(entry["n"] for entry in bins)
        axes.scatter(
            [entry["confidence"] for entry in bins],
            [entry["accuracy"] for entry in bins],
            s=[AREA * entry["n"] / total for entry in bins],
            label=state,
            clip_on=False,
            **STYLES[state],
        )
    axes.set(xlim=(0, 1), ylim=(0, 1.02), aspect="equal", xlabel="confidence", title=heading)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_ticks([0.25, 0.5, 0.75, 1.0])
        axis.set_major_formatter(lambda share, _: f"{100 * share:.0f} %")
    quiet(axes, "both")
