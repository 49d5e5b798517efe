"""What the label shown on a stream is worth: how soon it is right after a change, and how still it holds.

Labels are int64 ``[F]``, a frame each, -1 where none is shown. A frame's label is known when the frame ends.

Invariant: pure functions of labels; nothing here knows a network.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

Labels = NDArray[np.int64]

SETTLED_S = 5.0
"""After this long nothing has changed any more: from here on a change of label is a flicker."""


def time_to_right(shown: Labels, truth: int, hop_s: float) -> float:
    """Returns the seconds from the first frame's start until ``truth`` is shown, ``inf`` where it never is.

    Right at once, since the label before was the same one, takes one frame.

    Args:
        shown: Labels from the change on, to the end of what is right.
        truth: The right label.
        hop_s: Seconds a frame.
    """
    right = np.flatnonzero(shown == truth)
    return float(right[0] + 1) * hop_s if len(right) else math.inf


def changes(shown: Labels) -> int:
    """Returns how often the label becomes another one, or none, or some after none."""
    return int(np.count_nonzero(np.diff(shown)))


def changes_a_minute(pieces: Iterable[Labels], hop_s: float, settled_s: float = SETTLED_S) -> float:
    """Returns the label changes a minute of ``pieces``, in each of which one programme plays.

    The first ``settled_s`` of a piece, and the changes in them, are left out: there the label should change.
    """
    first = round(settled_s / hop_s)
    rest = [piece[first:] for piece in pieces]
    minutes = sum(max(len(piece) - 1, 0) for piece in rest) * hop_s / 60.0
    return sum(changes(piece) for piece in rest) / minutes if minutes else 0.0


def share_right(shown: Labels, truth: Labels) -> float:
    """Returns the share of time in which the right label is shown; none is not right."""
    return float((shown == truth).mean())
