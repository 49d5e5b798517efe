"""What a stream was taken for, in two words: the label shown last, and the one most probable over all.

Invariant: events of the service and events worked out here come to the same two words by the same rule.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple


class Outcome(NamedTuple):
    """The end of a stream.

    Attributes:
        last: Label of the last event; None where none was shown.
        top: Highest mean probability over the events in which music was heard, as the summary of ``tectum process``
            has it; None where no music was.
        events: How many there were.
    """

    last: str | None
    top: str | None
    events: int


def outcome_of(events: Iterable[Mapping[str, Any]]) -> Outcome:
    """Reads the ``genre`` events among ``events``."""
    last: str | None = None
    weights: dict[str, float] = defaultdict(float)
    count = 0
    for event in events:
        if event["type"] != "genre":
            continue
        count += 1
        last = event["label"]
        for entry in event["top"] if event["music"] else ():
            weights[entry["label"]] += entry["p"]
    return Outcome(last, max(weights, key=lambda label: weights[label]) if weights else None, count)
