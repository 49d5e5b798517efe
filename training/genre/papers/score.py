"""Scores of posteriors: by segment, and by clip as the mean posterior of its segments.

Invariant: a score is of the items passed in, each counted once.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .segments import Indices

Probs = NDArray[np.float32]


class Items(NamedTuple):
    """N things with a truth and a posterior.

    Attributes:
        probs: float32 ``[N, L]``.
        labels: int64 ``[N]``.
    """

    probs: Probs
    labels: Indices

    @property
    def accuracy(self) -> float:
        """The share of items whose likeliest label is right."""
        return float((self.probs.argmax(1) == self.labels).mean())

    def confusion(self) -> list[list[int]]:
        """Returns counts ``[L][L]``: rows are the truth, columns the decision."""
        num_labels = self.probs.shape[1]
        matrix = np.zeros((num_labels, num_labels), dtype=np.int64)
        np.add.at(matrix, (self.labels, self.probs.argmax(1)), 1)
        counts: list[list[int]] = matrix.tolist()
        return counts


def by_clip(items: Items, clips: Indices) -> tuple[Items, Indices]:
    """Averages the posteriors of the segments of each clip.

    Args:
        items: Segments.
        clips: The clip that each is of.

    Returns:
        The clips, and which they are, ascending.
    """
    names, first, inverse = np.unique(clips, return_index=True, return_inverse=True)
    sums = np.zeros((len(names), items.probs.shape[1]), dtype=np.float64)
    np.add.at(sums, inverse, items.probs)
    means = (sums / np.bincount(inverse)[:, None]).astype(np.float32)
    return Items(means, items.labels[first]), names
