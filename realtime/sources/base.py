"""The contract of a source: an asynchronous iterator of AudioFrames.

Invariant: a live source never blocks its producer; what nobody takes in time is dropped and counted.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Protocol

from ..frames import AudioFrame


class Source(Protocol):
    """Audio coming in.

    Attributes:
        sample_rate: Hz of every frame.
        channels: Channels of every frame.
        live: True where the producer sets the pace (microphone, websocket); False where the reader does (file).
    """

    sample_rate: int
    channels: int
    live: bool

    @property
    def dropped_samples(self) -> int:
        """Samples a channel lost so far because nobody took them; a gap shows in ``pts``."""
        ...

    def __aiter__(self) -> AsyncIterator[AudioFrame]:
        """Yields frames in order of ``pts`` until the source ends.

        Raises:
            TectumError: The source broke; what was yielded before stands.
        """
        ...

    async def aclose(self) -> None:
        """Frees the device or file. Safe to call twice and while another task iterates."""
        ...
