"""Audio from a file, at the reader's pace or in real time.

Invariant: no sample is lost and none is added: frame after frame, ``pts`` is the index in the decoded file.
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import numpy as np

from ..clock import Clock, MonotonicClock
from ..errors import BadAudioFile
from ..frames import AudioFrame, Samples
from .audio_file import open_audio_file

BLOCK_S = 1.0
"""Seconds decoded by one visit to a worker thread."""

MAX_ABS_SAMPLE = 1e9
"""Float files may hold anything; beyond this a frame's energy no longer fits float32."""


class FileSource:
    """A sound file, or the sound of a video, as a stream of frames.

    Decoding happens on a worker thread, a second of audio at a time. Samples of a float file that are NaN,
    infinite or beyond 1e9 are replaced by silence, so the stream keeps its length, and are counted.

    Args:
        path: Any file that libsndfile or FFmpeg reads.
        frame_ms: Length of a frame in ms, 1 to 1000; the last frame may be shorter.
        realtime: Whether to pace the frames as a live source would; otherwise the reader sets the pace.
        clock: Tells the time when pacing.
        sleep: Waits when pacing; must agree with ``clock``.

    Attributes:
        num_samples: Samples a channel by the file's header; None where it states none.
        silenced_samples: Samples, over all channels, replaced by silence so far.

    Raises:
        BadAudioFile: Missing, empty, or without sound that can be decoded. Iteration raises it too, after
            all that could be decoded, where the file is damaged or cut short.
        BadFormat: A sample rate outside 8-192 kHz or more than 8 channels.
    """

    live = False
    dropped_samples = 0

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        frame_ms: float = 20.0,
        realtime: bool = False,
        clock: Clock | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        if not 1 <= frame_ms <= 1000:
            raise ValueError(f"expected frames of 1 to 1000 ms, got {frame_ms}")
        self.path = Path(path)
        self._realtime = realtime
        self._clock = clock or MonotonicClock()
        self._sleep = sleep
        self._lock = threading.Lock()  # a thread may still be decoding when the source is closed
        self._closed = False
        self._decoder = open_audio_file(self.path)
        self.sample_rate = self._decoder.sample_rate
        self.channels = self._decoder.channels
        self.num_samples = self._decoder.num_samples
        self.silenced_samples = 0
        self._frame_samples = max(1, round(self.sample_rate * frame_ms / 1000))
        self._block_samples = self._frame_samples * max(1, round(BLOCK_S * 1000 / frame_ms))

    @property
    def duration_s(self) -> float | None:
        """Seconds by the file's header; None where it states none."""
        return None if self.num_samples is None else self.num_samples / self.sample_rate

    async def __aiter__(self) -> AsyncIterator[AudioFrame]:
        """Yields the file, once."""
        start_s: float | None = None
        pts = 0
        async for samples in self._frames():
            if self._realtime:
                # A frame of a live source exists only after it has been recorded.
                now_s = self._clock.now_s()
                start_s = now_s if start_s is None else start_s
                await self._sleep(max(0.0, start_s + (pts + samples.shape[1]) / self.sample_rate - now_s))
            yield AudioFrame(samples, self.sample_rate, pts)
            pts += samples.shape[1]

    async def _frames(self) -> AsyncIterator[Samples]:
        """Cuts decoded blocks, whose size is the decoder's choice, into frames of one size."""
        rest = np.zeros((self.channels, 0), np.float32)
        fault: BadAudioFile | None = None
        while True:
            try:
                block = await asyncio.to_thread(self._read_block)
            except BadAudioFile as error:
                fault = error
                break
            if block.shape[1] == 0:
                break
            block = np.concatenate((rest, block), axis=1) if rest.shape[1] else block
            whole = block.shape[1] - block.shape[1] % self._frame_samples
            for start in range(0, whole, self._frame_samples):
                yield block[:, start : start + self._frame_samples]
            rest = block[:, whole:]
        if rest.shape[1]:
            yield rest
        if fault is not None:
            raise fault

    def _read_block(self) -> Samples:
        with self._lock:
            if self._closed:
                return np.zeros((self.channels, 0), np.float32)
            block = self._decoder.read(self._block_samples)
        bad = ~(np.abs(block) <= MAX_ABS_SAMPLE)  # this way round NaN is bad too
        if bad.any():
            self.silenced_samples += int(np.count_nonzero(bad))
            block[bad] = 0.0
        return block

    async def aclose(self) -> None:
        await asyncio.to_thread(self._close)

    def _close(self) -> None:
        with self._lock:
            self._closed = True
            self._decoder.close()
