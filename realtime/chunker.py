"""Cuts a stream of samples into the overlapping chunks that a plugin asked for.

Invariant: the chunks are the same for every way of splitting the input into pushes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .frames import Samples


@dataclass(frozen=True, slots=True, eq=False)
class Chunk:
    """A window on the stream.

    Attributes:
        samples: float32 ``[C, N]``, its own memory; zeros after the first ``num_valid`` samples.
        start: Index in the stream of the first sample.
        num_valid: Samples that came from the stream; less than ``N`` only in the last chunk.
    """

    samples: Samples
    start: int
    num_valid: int


class Chunker:
    """Turns pushes of any length into chunks of ``chunk_samples`` that start every ``hop_samples``.

    Args:
        channels: Channels of every push, >= 1.
        chunk_samples: Samples a channel of a chunk, ``N``.
        hop_samples: Distance between the starts of two chunks, 1 to ``chunk_samples``.
    """

    def __init__(self, channels: int, chunk_samples: int, hop_samples: int) -> None:
        if channels < 1:
            raise ValueError(f"expected at least one channel, got {channels}")
        if not 1 <= hop_samples <= chunk_samples:
            raise ValueError(f"expected 1 <= hop <= chunk, got hop {hop_samples} and chunk {chunk_samples}")
        self.chunk_samples = chunk_samples
        self.hop_samples = hop_samples
        # A line of memory with the waiting samples in [begin, end). They move to its front when its back is
        # reached, at most once in chunk_samples samples, so a push costs a little over one copy.
        self._line = np.empty((channels, 2 * chunk_samples), dtype=np.float32)
        self._begin = 0
        self._end = 0
        self._start = 0
        self._covered = 0

    @property
    def available(self) -> int:
        """Samples a channel that wait, from the start of the next chunk on."""
        return self._end - self._begin

    @property
    def ready(self) -> bool:
        """Whether ``pop`` has a chunk."""
        return self.available >= self.chunk_samples

    def push(self, samples: Samples) -> None:
        """Appends ``samples`` ``[C, T]``; they are copied. ``T`` may be 0.

        Raises:
            ValueError: On another number of channels.
        """
        if samples.ndim != 2 or samples.shape[0] != self._line.shape[0]:
            raise ValueError(f"expected samples [{self._line.shape[0]}, T], got shape {list(samples.shape)}")
        count = samples.shape[1]
        if self._end + count > self._line.shape[1]:
            self._make_room(count)
        self._line[:, self._end : self._end + count] = samples
        self._end += count

    def pop(self) -> Chunk | None:
        """Returns the next chunk, or None until enough has been pushed."""
        return self._take(self.chunk_samples) if self.ready else None

    def flush(self) -> list[Chunk]:
        """Ends the stream: returns the chunks that are left and starts over, as new.

        The last one is padded with zeros. There is none for samples that an earlier chunk has held.
        """
        chunks = []
        while self.ready:
            chunks.append(self._take(self.chunk_samples))
        if self._start + self.available > self._covered:
            chunks.append(self._take(self.available))
        self.reset()
        return chunks

    def reset(self) -> None:
        """Forgets the stream; the next sample pushed has index 0."""
        self._begin = self._end = self._start = self._covered = 0

    def _take(self, num_valid: int) -> Chunk:
        samples = np.zeros((self._line.shape[0], self.chunk_samples), dtype=np.float32)
        samples[:, :num_valid] = self._line[:, self._begin : self._begin + num_valid]
        chunk = Chunk(samples, self._start, num_valid)
        self._covered = self._start + num_valid
        self._begin = min(self._begin + self.hop_samples, self._end)
        self._start += self.hop_samples
        return chunk

    def _make_room(self, count: int) -> None:
        waiting = self._line[:, self._begin : self._end]
        needed = self.available + count
        if needed > self._line.shape[1]:
            line = np.empty((self._line.shape[0], 2 * needed), dtype=np.float32)
        else:
            line = self._line
            # The two ranges may overlap, which numpy's assignment handles.
        line[:, : self.available] = waiting
        self._begin, self._end, self._line = 0, self.available, line
