"""The contract of a sink: a consumer of AudioFrames.

Invariant: ``pts`` decides where a frame goes; a gap becomes silence, so what comes out stays aligned.
"""

from __future__ import annotations

from typing import Protocol

from ..frames import AudioFrame


class Sink(Protocol):
    """Audio going out."""

    async def write(self, frame: AudioFrame) -> None:
        """Takes the next frame; waits while the sink is behind.

        Raises:
            BadFormat: Another sample rate or channel count than the sink was opened with.
            BadFrame: A frame that begins before the end of the last one.
        """
        ...

    async def aclose(self) -> None:
        """Writes out what is still held and frees the sink. Safe to call twice."""
        ...
