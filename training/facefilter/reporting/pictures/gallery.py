"""All pictures and their files.

Invariant: after drawing, the folder holds the pictures of these results and no others of the gallery.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from matplotlib import rc_context
from matplotlib.figure import Figure

from ....genre.reporting.pictures.style import STYLE, save
from ..results import Results
from .confidence import draw_confidence
from .curves import draw_paper_curves, draw_training
from .similarities import draw_similarities
from .spectrograms import draw_spectrograms

GALLERY: Mapping[str, Callable[[Results], Figure | None]] = {
    "similarities.webp": draw_similarities,
    "spectrograms.webp": draw_spectrograms,
    "confidence.webp": draw_confidence,
    "paper_curves.webp": draw_paper_curves,
    "training.webp": draw_training,
}


def draw_pictures(results: Results, folder: Path) -> frozenset[str]:
    """Draws what ``results`` have the data for into ``folder`` and returns the names of the files."""
    return frozenset(name for name in GALLERY if draw_picture(name, results, folder))


def draw_picture(name: str, results: Results, folder: Path) -> bool:
    """Draws one picture, or removes an older one that there is no data for any more; returns whether it is there."""
    with rc_context(STYLE):
        figure = GALLERY[name](results)
        if figure is None:
            (folder / name).unlink(missing_ok=True)
            return False
        save(figure, folder / name)
        return True
