"""What the two papers report of their own networks on GTZAN.

Paper 000: "Research on music genre classification algorithm based on deep learning" (Zhang). Paper 004: "Music
Information Retrieval and Classification using Deep Learning".

Invariant: a figure is as printed, and names its place.
"""

from __future__ import annotations

from typing import NamedTuple

from .markdown import ABSENT


class Published(NamedTuple):
    """A network as printed.

    Attributes:
        source: Paper and place.
        low: Accuracy, share of 1; None where the paper gives none.
        high: The same, or the other end where the paper gives a range.
    """

    source: str
    low: float | None = None
    high: float | None = None

    def __str__(self) -> str:
        """Returns per cent, such as ``74.4`` or ``50 to 60``; a dash without a figure."""
        if self.low is None or self.high is None:
            return ABSENT
        if self.low == self.high:
            return f"{100 * self.low:.1f}"
        return f"{100 * self.low:.0f} to {100 * self.high:.0f}"


PUBLISHED = {
    "lstm": Published("000, figure 7 and section IV", 0.5, 0.6),
    "hierarchy": Published("000, figures 9 and 12", 0.5, 0.5),
    "crnn": Published("000, figure 8"),
    "mlp": Published("004, table 2", 0.6024, 0.6024),
    "lstm64": Published("004, table 2 (its text: around 64)", 0.6795, 0.6795),
    "cnn": Published("004, tables 1 and 2", 0.7443, 0.7443),
}

NODES = {
    "LSTM1": 0.800,
    "LSTM2a": 0.816,
    "LSTM2b": 0.816,
    "LSTM3a": 0.746,
    "LSTM3b": 0.880,
    "LSTM3c": 0.780,
    "LSTM3d": 0.840,
}
"""Paper 000, figure 12: accuracy of each LSTM of the hierarchy on its own classes."""
