"""The one place that reads time.

Invariant: nothing in the signal path depends on the clock; it only measures latency and deadlines.
"""

from __future__ import annotations

import time
from typing import Protocol


class Clock(Protocol):
    """A source of monotonic time."""

    def now_s(self) -> float:
        """Returns seconds since an arbitrary origin; never decreases."""
        ...


class MonotonicClock:
    """The machine's monotonic clock."""

    def now_s(self) -> float:
        return time.monotonic()


class ManualClock:
    """A clock that moves only when told to, for tests."""

    def __init__(self, start_s: float = 0.0) -> None:
        self._now_s = start_s

    def now_s(self) -> float:
        return self._now_s

    def advance(self, seconds: float) -> None:
        """Moves time forward by ``seconds`` (>= 0)."""
        if seconds < 0:
            raise ValueError(f"expected a duration >= 0 s, got {seconds}")
        self._now_s += seconds
