"""All pictures and their files.

Invariant: after drawing, the folder holds the pictures of these results and no others of the gallery.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from matplotlib import rc_context
from matplotlib.figure import Figure

from ..results import Results
from .accuracy import draw_accuracies
from .after import draw_accuracy_after
from .confusion import draw_baseline_confusions, draw_shipped_confusion
from .curves import draw_learning_curves
from .reliability import draw_reliability
from .style import STYLE, save
from .timeline import draw_timeline

GALLERY: Mapping[str, Callable[[Results], Figure | None]] = {
    "accuracy.webp": draw_accuracies,
    "confusion.webp": draw_shipped_confusion,
    "confusion_baselines.webp": draw_baseline_confusions,
    "learning_curves.webp": draw_learning_curves,
    "accuracy_after.webp": draw_accuracy_after,
    "reliability.webp": draw_reliability,
    "timeline.webp": draw_timeline,
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
