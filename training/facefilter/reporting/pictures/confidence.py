"""What goes with confidence: accuracy and SI-SDRi, with their errors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ....genre.reporting.pictures.style import ACCENT, MUTED, STRONG, new_figure, quiet
from ..results import Results

SHOWN = {"face": ("face", STRONG), "both": ("face and voice sample", ACCENT)}

Bins = Sequence[Mapping[str, Any]]


def draw_confidence(results: Results) -> Figure | None:
    """Draws accuracy, gain and attenuation against confidence; None without the trial."""
    conditions = results.trials.get("calibration", {}).get("conditions", {})
    shown = {name: conditions[name]["bins"] for name in SHOWN if name in conditions}
    if not shown:
        return None
    figure = new_figure(3.0)
    accuracy, gain, quieter = figure.subplots(1, 3)
    accuracy.plot([0, 1], [0, 1], color=MUTED, linewidth=0.8, linestyle="--")
    for name, bins in shown.items():
        _draw(accuracy, name, bins, "accuracy", "share")
        _draw(gain, name, bins, "si_sdri", "mean")
        _draw(quieter, name, bins, "quieter_db", "mean")
    accuracy.yaxis.set_major_formatter(lambda share, _: f"{100 * share:.0f} %")
    accuracy.set_title("accuracy")
    gain.set_title("SI-SDRi, dB")
    quieter.set_title("quieter than the mixture, dB")
    for axes in (accuracy, gain, quieter):
        axes.set_xlabel("confidence")
        quiet(axes, "y")
    figure.legend(*gain.get_legend_handles_labels(), loc="outside lower center", ncols=2)
    return figure


def _draw(axes: Axes, name: str, bins: Bins, measure: str, kind: str) -> None:
    text, colour = SHOWN[name]
    known = [entry for entry in bins if entry[measure][kind] is not None]
    axes.errorbar(
        [entry["confidence"] for entry in known],
        [entry[measure][kind] for entry in known],
        [entry[measure]["se"] or 0.0 for entry in known],
        color=colour,
        label=text,
        linewidth=1.2,
        marker="o",
        markersize=3.5,
    )
