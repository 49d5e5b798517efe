"""A FIFO of samples in memory that is allocated once.

Invariant: what is read is exactly what was written, in order; a write or read is at most two copies.
"""

from __future__ import annotations

import numpy as np

from .frames import Samples


class RingBuffer:
    """Float32 FIFO of fixed capacity. Neither grows nor drops: its user decides what overflow means.

    Safe for one writer and one reader on different threads only under the caller's lock.

    Args:
        channels: Channels of every block, >= 1.
        capacity: Samples a channel it can hold, >= 1.
    """

    def __init__(self, channels: int, capacity: int) -> None:
        if channels < 1 or capacity < 1:
            raise ValueError(f"expected channels and capacity >= 1, got {channels} and {capacity}")
        self._data = np.zeros((channels, capacity), dtype=np.float32)
        self._read_at = 0
        self._available = 0

    @property
    def channels(self) -> int:
        """Number of channels."""
        return self._data.shape[0]

    @property
    def capacity(self) -> int:
        """Samples a channel that fit."""
        return self._data.shape[1]

    @property
    def available(self) -> int:
        """Samples a channel that can be read."""
        return self._available

    @property
    def free(self) -> int:
        """Samples a channel that can be written."""
        return self.capacity - self._available

    def write(self, samples: Samples) -> None:
        """Appends ``samples`` ``[C, T]``; ``T`` may be 0.

        Raises:
            ValueError: On another number of channels.
            BufferError: When ``T`` exceeds ``free``; nothing is written then.
        """
        if samples.ndim != 2 or samples.shape[0] != self.channels:
            raise ValueError(f"expected samples [{self.channels}, T], got shape {list(samples.shape)}")
        count = samples.shape[1]
        if count > self.free:
            raise BufferError(f"expected at most {self.free} samples, got {count}")
        start = (self._read_at + self._available) % self.capacity
        head = min(count, self.capacity - start)
        self._data[:, start : start + head] = samples[:, :head]
        self._data[:, : count - head] = samples[:, head:]
        self._available += count

    def read(self, count: int) -> Samples:
        """Removes and returns the oldest ``count`` samples, a copy ``[C, count]``.

        Raises:
            BufferError: When ``count`` exceeds ``available``; nothing is removed then.
        """
        samples = self.peek(count)
        self.skip(count)
        return samples

    def peek(self, count: int) -> Samples:
        """Returns a copy ``[C, count]`` of the oldest samples and leaves them; raises as ``read`` does."""
        self._check_available(count)
        samples = np.empty((self.channels, count), dtype=np.float32)
        head = min(count, self.capacity - self._read_at)
        samples[:, :head] = self._data[:, self._read_at : self._read_at + head]
        samples[:, head:] = self._data[:, : count - head]
        return samples

    def skip(self, count: int) -> None:
        """Removes the oldest ``count`` samples; raises as ``read`` does."""
        self._check_available(count)
        self._read_at = (self._read_at + count) % self.capacity
        self._available -= count

    def clear(self) -> None:
        """Removes everything."""
        self._read_at = 0
        self._available = 0

    def _check_available(self, count: int) -> None:
        if count < 0:
            raise ValueError(f"expected a count >= 0, got {count}")
        if count > self._available:
            raise BufferError(f"expected a count of at most {self._available}, got {count}")
