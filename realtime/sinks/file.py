"""Audio into a file, which appears whole or not at all.

Invariant: the name asked for never holds half a recording: audio goes into a hidden file beside it, which
takes the name when it is complete.
"""

from __future__ import annotations

import asyncio
import os
import uuid
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import soundfile

from ..errors import BadFormat, BadFrame, BadInput, TectumError
from ..frames import AudioFrame, Samples, check_format

FORMATS = {
    ".wav": ("WAV", "PCM_16"),
    ".flac": ("FLAC", "PCM_24"),
    ".ogg": ("OGG", "VORBIS"),
}
"""libsndfile's container and encoding by the extension of the file."""

BLOCK_S = 1.0
"""Seconds handed to the worker thread at once."""

MAX_GAP_S = 600.0
"""A longer gap is a broken ``pts``, not silence."""


class FileSink:
    """Writes frames into a WAV, FLAC or Ogg Vorbis file; louder samples than 1 are clipped.

    Use as ``async with``: leaving it normally completes the file, leaving it by an exception (being
    cancelled, too) discards it and keeps what had the name before.

    Args:
        path: Where to; the extension names the format, an existing file is replaced.
        sample_rate: Hz of the frames.
        channels: Channels of the frames.

    Raises:
        BadFormat: An unknown extension, a rate outside 8-192 kHz or more than 8 channels.
        BadInput: A folder that does not exist or cannot be written to.
    """

    def __init__(self, path: str | os.PathLike[str], *, sample_rate: int, channels: int) -> None:
        self.path = Path(path)
        check_format(sample_rate, channels)
        if self.path.suffix.lower() not in FORMATS:
            raise BadFormat(
                f"expected a file name ending in {', '.join(FORMATS)}, got {self.path.name!r}", param="output"
            )
        if self.path.is_dir():
            raise BadInput(f"expected a file to write, got {self.path}, which is a directory", param="output")
        self.sample_rate = sample_rate
        self.channels = channels
        self._partial = self.path.with_name(f".{self.path.stem}.{uuid.uuid4().hex[:8]}.partial")
        self._end_pts = 0
        self._held: list[Samples] = []
        self._held_samples = 0
        self._closed = False
        self._file = self._open()

    def _open(self) -> Any:
        container, encoding = FORMATS[self.path.suffix.lower()]
        try:
            return soundfile.SoundFile(
                os.fsencode(self._partial), "x", self.sample_rate, self.channels, format=container, subtype=encoding
            )
        except (OSError, soundfile.LibsndfileError) as error:
            reason = getattr(error, "strerror", None) or str(error).rpartition(": ")[2]
            raise BadInput(
                f"expected a place to write, got {self.path}, which cannot be created: {reason}", param="output"
            ) from error

    @property
    def num_samples(self) -> int:
        """Samples a channel taken so far, gaps included."""
        return self._end_pts

    async def write(self, frame: AudioFrame) -> None:
        self._check(frame)
        gap = frame.pts - self._end_pts
        while gap > 0:
            silence = min(gap, self.sample_rate)
            await self._hold(np.zeros((self.channels, silence), np.float32))
            gap -= silence
        await self._hold(frame.samples)

    def _check(self, frame: AudioFrame) -> None:
        if (frame.sample_rate, frame.channels) != (self.sample_rate, self.channels):
            raise BadFormat(
                f"expected {self.sample_rate} Hz and {self.channels} channels, "
                f"got {frame.sample_rate} Hz and {frame.channels}",
                param="samples",
            )
        if not 0 <= frame.pts - self._end_pts <= MAX_GAP_S * self.sample_rate:
            raise BadFrame(
                f"expected a pts of {self._end_pts} or at most {MAX_GAP_S:g} s later, got {frame.pts}", param="pts"
            )

    async def _hold(self, samples: Samples) -> None:
        self._held.append(samples)
        self._held_samples += samples.shape[1]
        self._end_pts += samples.shape[1]
        if self._held_samples >= BLOCK_S * self.sample_rate:
            await self._flush()

    async def _flush(self) -> None:
        block, self._held, self._held_samples = self._held, [], 0
        if block:
            await asyncio.to_thread(self._write_block, block)

    def _write_block(self, block: list[Samples]) -> None:
        try:
            self._file.write(np.concatenate(block, axis=1).T)
        except soundfile.LibsndfileError as error:
            raise TectumError(f"{self.path} cannot be written: {error}; is the disk full?", param="output") from error

    async def aclose(self) -> None:
        """Completes the file and gives it its name."""
        if self._closed:
            return
        try:
            await self._flush()
            await asyncio.to_thread(self._complete)
        except BaseException:
            await self.discard()
            raise
        self._closed = True

    def _complete(self) -> None:
        self._file.close()
        os.replace(self._partial, self.path)

    async def discard(self) -> None:
        """Gives the recording up; nothing of it stays on disk."""
        if self._closed:
            return
        self._closed = True
        self._held.clear()
        # Not on a thread: a task that is being cancelled must not wait here, and both calls are quick.
        self._file.close()
        self._partial.unlink(missing_ok=True)

    async def __aenter__(self) -> FileSink:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            await self.aclose()
        else:
            await self.discard()
