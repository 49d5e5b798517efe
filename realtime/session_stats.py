"""What a session counts."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field

from .plugin import Event


@dataclass(slots=True)
class SessionStats:
    """Counters since the session began, and the latency of the last 512 chunks.

    Attributes:
        received_frames: Audio frames taken.
        received_samples: Samples a channel in them.
        dropped_samples: Samples a channel lost before they got here (gaps in ``pts``).
        dropped_hops: Chunks that no plugin stepped because it could not keep up.
        dropped_events: Events and audio frames that the reader did not take in time.
        deadline_misses: Chunks whose result came too late.
    """

    received_frames: int = 0
    received_samples: int = 0
    dropped_samples: int = 0
    dropped_hops: int = 0
    dropped_events: int = 0
    deadline_misses: int = 0
    _latencies_s: deque[float] = field(default_factory=lambda: deque(maxlen=512))

    def note_latency(self, seconds: float) -> None:
        """Notes the time from the arrival of a chunk's last sample to its result."""
        self._latencies_s.append(seconds)

    def to_event(self) -> Event:
        """Returns the fields of a ``stats`` event; latencies are null before the first result."""
        return {
            "received_frames": self.received_frames,
            "received_samples": self.received_samples,
            "dropped_samples": self.dropped_samples,
            "dropped_hops": self.dropped_hops,
            "dropped_events": self.dropped_events,
            "deadline_misses": self.deadline_misses,
            "latency_ms": {
                "p50": quantile_ms(self._latencies_s, 0.5),
                "p99": quantile_ms(self._latencies_s, 0.99),
            },
        }


def quantile_ms(seconds: Iterable[float], q: float) -> float | None:
    """Returns the ``q``-quantile (0..1, nearest rank) in milliseconds, or None of nothing."""
    ordered = sorted(seconds)
    return round(1000 * ordered[min(len(ordered) - 1, int(q * len(ordered)))], 2) if ordered else None
