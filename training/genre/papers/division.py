"""A corpus as one run sees it: cut, dealt into parts, and how posteriors over the test part are scored.

Invariant: ``segments`` is scored by segment, as the papers do, the other protocols by clip and by segment.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from .score import Items, Probs, by_clip
from .segments import Indices, Segments
from .splits import Parts


class Division(NamedTuple):
    """What to train on and to be scored on.

    Attributes:
        segments: All of the corpus.
        parts: Which are for what.
        label_names: The L labels.
        unit: ``clip`` or ``segment``: what is scored.
    """

    segments: Segments
    parts: Parts
    label_names: tuple[str, ...]
    unit: str

    def items(self, probs: Probs, part: Indices) -> tuple[Items, Indices]:
        """Returns the units of ``part`` with their posteriors, and the clip that each is of.

        Args:
            probs: Of each segment of ``part``, ``[len(part), L]``.
            part: One of ``parts``.
        """
        items, clips = Items(probs, self.segments.labels[part]), self.segments.clips[part]
        return by_clip(items, clips) if self.unit == "clip" else (items, clips)

    def score(self, probs: Probs) -> dict[str, Any]:
        """Returns ``unit``, ``n``, ``accuracy``, ``confusion [L][L]`` and ``by_segment`` for the test part.

        Args:
            probs: Of each test segment, ``[len(parts.test), L]``.
        """
        units, segments = self._test_items(probs)
        return {
            "unit": self.unit,
            **_figures(units),
            "confusion": units.confusion(),
            "by_segment": _figures(segments),
        }

    def score_branches(self, probs: Probs, branch_of: Indices) -> dict[str, Any]:
        """Returns ``unit``, ``n``, ``accuracy`` and ``by_segment`` of a node of a tree for its own genres.

        Args:
            probs: Of each test segment, ``[len(parts.test), branches]``.
            branch_of: The branch of each of the L labels; -1 for the genres of other nodes.
        """
        units, segments = (_own(items, branch_of) for items in self._test_items(probs))
        return {"unit": self.unit, **_figures(units), "by_segment": _figures(segments)}

    def _test_items(self, probs: Probs) -> tuple[Items, Items]:
        """Returns the test part by ``unit``, and by segment."""
        units, _ = self.items(probs, self.parts.test)
        return units, Items(probs, self.segments.labels[self.parts.test])


def _own(items: Items, branch_of: Indices) -> Items:
    """Returns the items that the node decides on, labelled by branch."""
    branches = branch_of[items.labels]
    return Items(items.probs[branches >= 0], branches[branches >= 0])


def _figures(items: Items) -> dict[str, Any]:
    return {"n": len(items.labels), "accuracy": items.accuracy}
