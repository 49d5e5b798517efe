"""How all pictures look, and how they are written: light, quiet, as wide as a README shows them.

Invariant: the same figure gives the same bytes.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from matplotlib.axes import Axes
from matplotlib.figure import Figure

WIDTH_IN = 9.0
PIXELS_AN_INCH = 140

INK = "#24292f"
MUTED = "#6e7781"
FAINT = "#d8dee4"
STRONG = "#0a5ca8"
MIDDLE = "#5ba3cf"
ACCENT = "#d1571b"
HEAT = "Blues"

STYLE: dict[Any, Any] = {
    "font.family": "DejaVu Sans",
    "font.size": 9.0,
    "text.color": INK,
    "axes.edgecolor": MUTED,
    "axes.labelcolor": INK,
    "axes.linewidth": 0.7,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 9.5,
    "axes.titlelocation": "left",
    "axes.axisbelow": True,
    "grid.color": FAINT,
    "grid.linewidth": 0.7,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "legend.frameon": False,
}
"""What must be in force while a figure is drawn and saved; matplotlib reads some of it late."""


def new_figure(height_in: float, width_in: float = WIDTH_IN) -> Figure:
    """Returns an empty figure, of the common width unless another is given."""
    return Figure(figsize=(width_in, height_in), layout="constrained")


def quiet(axes: Axes, axis: Literal["x", "y", "both"]) -> None:
    """Draws faint lines across ``axis`` (``x``, ``y`` or ``both``) and takes its ticks away."""
    axes.grid(axis=axis)
    axes.tick_params(axis=axis, length=0)


def save(figure: Figure, path: Path) -> None:
    """Writes ``figure`` as lossless WebP, small because it is flat colours and text."""
    figure.savefig(path, format="webp", dpi=PIXELS_AN_INCH, facecolor="white", pil_kwargs={"lossless": True})
