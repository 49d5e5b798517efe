"""run_session: everything in order, and what breaks either end is raised as it is."""

import numpy as np
import pytest

from realtime.errors import BadAudioFile
from realtime.frames import AudioFrame
from realtime.session_runner import run_session
from realtime.sources.base import Source

from .rig import config, frames, probe, serving


def hops(count: int) -> list[AudioFrame]:
    """Frames of one hop of the probe each."""
    return frames(np.ones((1, 160 * count), np.float32), 16_000, 160)


class Given(Source):
    """Frames from a list, then perhaps an error."""

    def __init__(self, blocks, error=None):
        self.blocks, self.error, self.closed = blocks, error, False
        self.sample_rate, self.channels, self.live = 16_000, 1, False

    async def __aiter__(self):
        for block in self.blocks:
            yield block
        if self.error:
            raise self.error

    async def aclose(self):
        self.closed = True


async def test_running_a_source_hands_over_everything_in_order():
    seen = []

    async def take(output):
        seen.append(output["hops"])

    source = Given(hops(50))
    async with serving(probe()) as engine, engine.open_session(config("probe", live=False)) as session:
        await run_session(session, source, take)
    assert seen == list(range(1, 51))
    assert source.closed


async def test_what_breaks_a_source_is_raised_after_all_that_came_before_it():
    seen = []

    async def take(output):
        seen.append(output)

    source = Given(hops(5), BadAudioFile("expected more, got the end of the file"))
    async with serving(probe()) as engine, engine.open_session(config("probe", live=False)) as session:
        with pytest.raises(BadAudioFile, match="expected more"):
            await run_session(session, source, take)
    assert len(seen) == 5
    assert source.closed


async def test_what_breaks_the_reader_is_raised_as_it_is_and_closes_the_source():
    async def take(output):
        raise OSError("the disk is full")

    source = Given(hops(5))
    async with serving(probe()) as engine, engine.open_session(config("probe", live=False)) as session:
        with pytest.raises(OSError, match="the disk is full"):
            await run_session(session, source, take)
    assert source.closed
