"""How alike embeddings are: of the same person, of others of the same sex, of the other sex."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ....genre.reporting.pictures.style import ACCENT, MIDDLE, STRONG, new_figure, quiet
from ..results import Results

TITLES = {"face_voice": "face and voice (facevoice)", "voice_voice": "voice and voice (speechocean762, two sentences)"}
KINDS = {
    "same_person": ("same person", STRONG),
    "same_sex": ("another of the same sex", MIDDLE),
    "other_sex": ("of the other sex", ACCENT),
}


def draw_similarities(results: Results) -> Figure | None:
    """Draws a panel for faces against voices, and one for voices against voices; None without the trial."""
    histograms = results.trials.get("matching", {}).get("histograms")
    if not histograms:
        return None
    figure = new_figure(2.9)
    row = figure.subplots(1, len(histograms), squeeze=False)[0]
    for axes, (name, histogram) in zip(row, histograms.items(), strict=True):
        _draw_panel(axes, TITLES[name], histogram)
    row[0].set_ylabel("share of pairs")
    figure.legend(*row[0].get_legend_handles_labels(), loc="outside lower center", ncols=3)
    return figure


def _draw_panel(axes: Axes, title: str, histogram: Mapping[str, Any]) -> None:
    edges = np.array(histogram["edges"])
    for kind, (text, colour) in KINDS.items():
        counts = np.array(histogram["counts"][kind], dtype=np.float64)
        axes.stairs(counts / max(counts.sum(), 1.0), edges, color=colour, label=text, fill=True, alpha=0.18)
        axes.stairs(counts / max(counts.sum(), 1.0), edges, color=colour, linewidth=1.3)
    axes.set(title=title, xlabel="cosine similarity", xlim=_range(histogram))
    axes.yaxis.set_major_formatter(lambda share, _: f"{100 * share:.0f} %")
    quiet(axes, "y")


def _range(histogram: Mapping[str, Any]) -> tuple[float, float]:
    """Returns where there is anything."""
    used = np.flatnonzero(np.sum(list(histogram["counts"].values()), axis=0))
    edges = histogram["edges"]
    return (edges[used[0]], edges[used[-1] + 1]) if len(used) else (-1.0, 1.0)
