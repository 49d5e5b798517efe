"""A session that would notice: numbered samples go through a processor at 0 dB, and every one must come back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import numpy as np

from tests.realtime.service.conftest import Client, open_client

FRAME = 960
_WRAP = 2**20


def numbered(start: int, count: int) -> np.ndarray:
    """Samples that name their own place, exact in float32 and never zero."""
    return ((np.arange(start, start + count) % _WRAP + 1) / _WRAP).astype(np.float32)


class Witness:
    """Sends the next frame whenever the last has come back, until it is told to stop.

    Attributes:
        frames: Frames that have come back.
    """

    def __init__(self, client: Client) -> None:
        self._client = client
        self._stop = asyncio.Event()
        self.frames = 0

    async def run(self) -> None:
        """Streams, ends, and fails unless all that was sent has come back, in order, without an error."""
        client, sent = self._client, 0
        while not self._stop.is_set():
            await client.send(numbered(sent, FRAME).tobytes())
            sent += FRAME
            while len(client.audio) * FRAME < sent:
                await client.next()
            self.frames = len(client.audio)
        summary = await client.end()
        received = np.frombuffer(b"".join(client.audio), np.float32)
        np.testing.assert_array_equal(received, numbered(0, sent))
        assert summary["received_samples"] == sent
        lost = ("dropped_samples", "dropped_hops", "dropped_events", "deadline_misses")
        assert {name: summary[name] for name in lost} == dict.fromkeys(lost, 0)
        assert [event for event in client.events if event["type"] == "error"] == []
        assert [event["seq"] for event in client.events] == list(range(len(client.events)))

    async def hears(self, frames: int) -> None:
        """Waits until so many more frames have come back."""
        wanted = self.frames + frames
        async with asyncio.timeout(20):
            while self.frames < wanted:  # noqa: ASYNC110 - the frames come from a server; nothing else tells.
                await asyncio.sleep(0.001)

    def stop(self) -> None:
        """Ends the stream after the frame that is under way."""
        self._stop.set()


@asynccontextmanager
async def witnessing(address: str) -> AsyncIterator[Witness]:
    """Runs a witness beside the body, and fails if it lost anything; it is at work before and after the body."""
    async with open_client(address) as client:
        await client.update({"name": "gain", "params": {"gain_db": 0.0}}, mode="file")
        witness = Witness(client)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(witness.run())
            await witness.hears(3)
            yield witness
            await witness.hears(3)
            witness.stop()
