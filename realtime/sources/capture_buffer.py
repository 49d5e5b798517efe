"""The hand-over of captured audio from a device's thread to the event loop.

Invariant: ``write`` neither waits for the reader nor allocates: when the ring is full the oldest samples
go, are counted, and leave a gap in ``pts``.
"""

from __future__ import annotations

import threading

from ..frames import Samples
from ..ring_buffer import RingBuffer


class CaptureBuffer:
    """A ring for one writing and one reading thread that overwrites its oldest samples.

    Args:
        channels: Channels of every block.
        capacity: Samples a channel that it holds, >= 1.
    """

    def __init__(self, channels: int, capacity: int) -> None:
        self._ring = RingBuffer(channels, capacity)
        self._lock = threading.Lock()  # held for a copy of some milliseconds of audio, never for longer
        self._written = 0
        self._dropped = 0

    @property
    def dropped_samples(self) -> int:
        """Samples a channel that were overwritten before anybody read them."""
        return self._dropped

    @property
    def available(self) -> int:
        """Samples a channel that can be read."""
        return self._ring.available

    def write(self, samples: Samples) -> None:
        """Appends ``samples`` ``[C, T]``, at the cost of the oldest ones where they do not fit."""
        count = samples.shape[1]
        with self._lock:
            self._written += count
            unread = max(0, count - self._ring.capacity)
            overwritten = max(0, count - unread - self._ring.free)
            self._ring.skip(overwritten)
            self._ring.write(samples[:, unread:])
            self._dropped += overwritten + unread

    def read(self, count: int) -> tuple[Samples, int] | None:
        """Removes the oldest ``count`` samples; returns them, ``[C, count]``, and the ``pts`` of the first.

        Returns None while fewer are there.
        """
        with self._lock:
            if self._ring.available < count:
                return None
            pts = self._written - self._ring.available
            return self._ring.read(count), pts
