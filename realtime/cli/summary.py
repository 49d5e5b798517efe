"""What a whole stream comes to: events counted, labels weighed, speed measured.

Invariant: a pure function of the events added; nothing here prints or reads time.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

SYSTEM_TYPES = frozenset({"levels", "stats", "error", "summary"})
"""Events that come from the session itself and not from a plugin."""


@dataclass(slots=True)
class PluginTotals:
    """The events of one plugin.

    Attributes:
        events: How many came.
        labels: How many of them showed each label; None counts those that showed none.
        weights: Sum of each label's probability over the events in which the plugin heard its subject.
        weighed: How many events that were.
    """

    events: int = 0
    labels: Counter[str | None] = field(default_factory=Counter)
    weights: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    weighed: int = 0

    def add(self, event: Mapping[str, Any]) -> None:
        """Counts one event; ``label``, ``top`` and ``music`` are looked at where they are."""
        self.events += 1
        if "label" in event:
            self.labels[event["label"]] += 1
        if event.get("top") and event.get("music", True):
            self.weighed += 1
            for entry in event["top"]:
                self.weights[entry["label"]] += entry["p"]

    def to_json(self) -> dict[str, Any]:
        """Returns the totals; ``label`` has the greatest mean probability, and is null where nothing was heard."""
        totals: dict[str, Any] = {"events": self.events}
        if not self.labels:
            return totals
        ranked = sorted(self.weights.items(), key=lambda item: -item[1])
        shown = {label: count for label, count in self.labels.most_common() if label is not None}
        return totals | {
            "label": ranked[0][0] if ranked else None,
            "confidence": round(ranked[0][1] / self.weighed, 4) if ranked else None,
            "top": [{"label": label, "p": round(weight / self.weighed, 4)} for label, weight in ranked],
            "shown": {label: round(count / self.events, 4) for label, count in shown.items()},
        }


class StreamTotals:
    """All plugins of one stream."""

    def __init__(self, plugins: tuple[str, ...]) -> None:
        self._totals = {name: PluginTotals() for name in plugins}
        self.errors = 0

    def add(self, event: Mapping[str, Any]) -> None:
        """Counts one event of any type."""
        if event["type"] == "error":
            self.errors += 1
        elif event["type"] not in SYSTEM_TYPES:
            self._totals.setdefault(event["type"], PluginTotals()).add(event)

    def to_json(self) -> dict[str, Any]:
        """Returns each plugin's totals by its name."""
        return {name: totals.to_json() for name, totals in self._totals.items()}
