"""Keeps live clients from running ahead of the clock.

Invariant: what a live client sent is at most ``max_ahead_s`` of audio more than the time that has passed.
"""

from __future__ import annotations

MAX_AHEAD_S = 5.0
"""Enough for any network hiccup that arrives at once; small enough that a flood costs little."""


class LivePacer:
    """A leaky bucket of audio time.

    Args:
        now_s: Clock time at which the stream begins.
        max_ahead_s: Audio that may come early.
    """

    def __init__(self, now_s: float, max_ahead_s: float = MAX_AHEAD_S) -> None:
        self._ahead_s = 0.0
        self._seen_s = now_s
        self._max_ahead_s = max_ahead_s

    def admits(self, duration_s: float, now_s: float) -> bool:
        """Returns whether a frame of ``duration_s`` may pass now, and counts it if so."""
        self._ahead_s = max(0.0, self._ahead_s - (now_s - self._seen_s))
        self._seen_s = now_s
        if self._ahead_s + duration_s > self._max_ahead_s:
            return False
        self._ahead_s += duration_s
        return True
