"""Audio from a microphone, or any other input device of this machine.

Invariant: the device's thread is never kept waiting; a device that goes away ends the stream with
DeviceUnavailable within ``stall_s``.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

from ..errors import DeviceUnavailable
from ..frames import AudioFrame, Samples
from .capture_buffer import CaptureBuffer
from .portaudio import InputStream

BUFFER_S = 1.0
"""Seconds kept for a reader that is late; older audio is dropped and counted."""

START_TIMEOUT_S = 10.0
"""Seconds a device may take for its first block: a monitor of a sound server may wait until something plays."""


class MicrophoneSource:
    """A running input device as a stream of frames. Open one with ``await MicrophoneSource.open()``.

    Args:
        stream: An opened input; this source closes it.
        stall_s: Seconds without a block from the device after which it counts as lost.

    Attributes:
        device: What is being recorded.
        overruns: Times the system lost audio before it reached us; how much, PortAudio does not say.
    """

    live = True

    def __init__(self, stream: InputStream, *, stall_s: float = 2.0) -> None:
        self._stream = stream
        self._stall_s = stall_s
        self.sample_rate = stream.sample_rate
        self.channels = stream.channels
        self.device = stream.device
        self._frame_samples = stream.frame_samples
        self._buffer = CaptureBuffer(stream.channels, round(BUFFER_S * stream.sample_rate))
        self._loop: asyncio.AbstractEventLoop | None = None
        self._wake = asyncio.Event()
        self._wake_scheduled = False
        self._closed = False
        self.overruns = 0

    @classmethod
    async def open(
        cls,
        device: str | int | None = None,
        *,
        sample_rate: int = 48_000,
        channels: int = 1,
        frame_ms: float = 20.0,
        stall_s: float = 2.0,
    ) -> MicrophoneSource:
        """Opens an input device without starting it.

        Args:
            device: Index, name or part of a name; None for the default input.
            sample_rate: Hz wished for; read the attribute for what the device gives.
            channels: Channels wished for; read the attribute for what the device gives.
            frame_ms: Length of a frame in ms.
            stall_s: Seconds without a block from the device after which it counts as lost.

        Raises:
            DeviceUnavailable: PyAudio, the sound server or the device is missing or refuses.
        """
        stream = await asyncio.to_thread(InputStream, device, sample_rate, channels, frame_ms)
        return cls(stream, stall_s=stall_s)

    @property
    def dropped_samples(self) -> int:
        """Samples a channel lost because the reader was late by more than a second."""
        return self._buffer.dropped_samples

    async def __aiter__(self) -> AsyncIterator[AudioFrame]:
        """Starts the device and yields what it hears, until closed.

        Raises:
            DeviceUnavailable: The device stopped, or went silent for ``stall_s``: not quiet, but without blocks.
        """
        self._loop = asyncio.get_running_loop()
        await asyncio.to_thread(self._stream.start, self._on_samples)
        timeout_s = max(START_TIMEOUT_S, self._stall_s)
        while not self._closed:
            await self._wait_for_samples(timeout_s)
            timeout_s = self._stall_s
            while (block := self._buffer.read(self._frame_samples)) is not None:
                samples, pts = block
                yield AudioFrame(samples, self.sample_rate, pts)

    async def _wait_for_samples(self, timeout_s: float) -> None:
        try:
            async with asyncio.timeout(timeout_s):
                await self._wake.wait()
        except TimeoutError:
            state = "sends nothing" if self._stream.active else "has stopped"
            raise DeviceUnavailable(
                f"{self.device.name!r} {state}: expected audio within {timeout_s:g} s; was it unplugged, or did "
                "the sound server end?",
                param="device",
            ) from None
        # Cleared before the buffer is read: a block that comes while it is read wakes the loop again.
        self._wake.clear()
        self._wake_scheduled = False

    def _on_samples(self, samples: Samples, overflowed: bool) -> None:
        """Runs on the device's thread: stores the block and wakes the loop, at most once until it has run."""
        if overflowed:
            self.overruns += 1
        self._buffer.write(samples)
        if not self._wake_scheduled and not self._closed and self._loop is not None:
            self._wake_scheduled = True
            with contextlib.suppress(RuntimeError):  # the loop has ended; nobody listens any more
                self._loop.call_soon_threadsafe(self._wake.set)

    async def aclose(self) -> None:
        """Ends the iteration and frees the device; takes at most a second."""
        if self._closed:
            return
        self._closed = True
        self._wake.set()
        await asyncio.to_thread(self._stream.close)
