"""ProcessorStage: as much leaves as came, in place, on time; and pass-through, counted, where the plugin is late."""

import asyncio
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from realtime.clock import ManualClock
from realtime.errors import PluginRaised
from realtime.lane import Lane
from realtime.output_line import CROSSFADE_S
from realtime.processor_stage import ProcessorStage
from realtime.state_pool import StatePool
from realtime.stepper import Lease, Row, Stepper

from .rig import CPU, PATIENCE_S, ProbeParams, frames, processor, tone

RATES = (8_000, 11_025, 16_000, 22_050, 44_100, 48_000)
SHAPES = ((48_000, 480, 480, 0), (16_000, 512, 256, 256), (44_100, 441, 441, 100), (16_000, 160, 160, 0))


class StepsWhenAsked:
    """Stands where the batcher stands, and steps when the test says so."""

    def __init__(self, plugin, clock):
        self.plugin = plugin(CPU)
        self._stepper = Stepper(self.plugin, StatePool(self.plugin.init_state, 1))
        self._clock = clock
        self._lane = None

    def open_lane(self, params, listener, **options):
        return Lane(self.plugin.spec, params, 0, self, listener, **options)

    def schedule(self, lane):
        self._lane = lane

    def remove(self, lane):
        self._lane = None

    def step(self, hops=math.inf):
        """Steps up to ``hops`` hops, all that wait."""
        while hops > 0 and self._lane is not None and self._lane.waiting:
            lane = self._lane
            if (chunk := lane.take(self._clock.now_s())) is None:
                return
            (outcome,) = self._stepper.step([Row(0, not chunk.index, chunk.samples, lane.params)], Lease())
            if outcome.fault:
                lane.fail(outcome.fault)
            else:
                lane.deliver(chunk, outcome.event, outcome.audio, self._clock.now_s())
            hops -= 1


class Rig:
    """A stage, its clock and what left it."""

    def __init__(self, plugin, *, rate=48_000, channels=1, live=True, params=None):
        self.clock = ManualClock()
        self.batcher = StepsWhenAsked(plugin, self.clock)
        self.blocks, self.starts, self.faults = [], [], []
        self.finished = False
        self.rate = rate
        self._left = asyncio.Event()
        params = params or ProbeParams()
        self.stage = ProcessorStage(
            self.batcher, params, self, self.clock, sample_rate=rate, channels=channels, live=live
        )

    def on_audio(self, stage, samples, pts):
        self.blocks.append(samples)
        self.starts.append(pts)
        self._left.set()

    def on_result(self, lane, chunk, event, audio): ...

    def on_fault(self, lane, fault):
        self.faults.append(fault)

    def on_finished(self, stage):
        self.finished = True

    def write(self, frame):
        deadline_s = self.clock.now_s() + frame.duration_s
        self.stage.write(frame.samples, frame.pts, skipped_s=0.0, deadline_s=deadline_s)

    def end(self, pts):
        self.stage.end(pts, skipped_s=0.0)

    async def left(self, count):
        """Waits until ``count`` blocks have left."""
        async with asyncio.timeout(PATIENCE_S):
            while len(self.blocks) < count:
                self._left.clear()
                await self._left.wait()

    @property
    def audio(self):
        return np.concatenate(self.blocks, axis=1)


def faded_tone(num_samples, rate, channels):
    """A tone that comes and goes softly, so that no filter rings."""
    envelope = np.sin(np.pi * np.arange(num_samples) / num_samples) ** 2
    return (tone(num_samples, rate, rate / 60, channels) * envelope).astype(np.float32)


@given(
    rate=st.sampled_from(RATES),
    shape=st.sampled_from(SHAPES),
    channels=st.sampled_from([1, 2]),
    live=st.booleans(),
    sizes=st.lists(st.one_of(st.integers(1, 50), st.integers(51, 3000)), min_size=1, max_size=40),
)
@settings(max_examples=60, deadline=None)
def test_output_is_the_input_delayed_as_stated_for_any_rate_block_and_channels(rate, shape, channels, live, sizes):
    rate_inside, chunk, hop, latency = shape
    plugin = processor(
        sample_rate=rate_inside, channels=2, chunk_samples=chunk, hop_samples=hop, latency_samples=latency
    )
    samples = faded_tone(max(rate // 4, sum(sizes)), rate, channels)

    async def run() -> tuple[np.ndarray, int]:
        rig = Rig(plugin, rate=rate, channels=channels, live=live)
        for index, frame in enumerate(frames(samples, rate, sizes), 1):
            rig.write(frame)
            rig.batcher.step()
            if live:
                assert len(rig.blocks) == index, "a block is owed although everything has been stepped"
                assert rig.blocks[-1].shape == frame.samples.shape
        rig.end(samples.shape[1])
        rig.batcher.step()
        assert rig.finished
        return rig.audio, rig.stage.delay_samples

    out, delay = asyncio.run(run())
    assert (delay > 0) == live
    assert out.shape == (channels, samples.shape[1] + delay)
    if rate == rate_inside:
        np.testing.assert_array_equal(out[:, delay:], samples)
        np.testing.assert_array_equal(out[:, :delay], 0.0)
    else:
        # A latency that is no whole number of samples at the session's rate is stated rounded: half a sample.
        half_a_sample = 0.5 * 0.5 * 2 * np.pi / 60
        assert np.abs(out[:, delay:] - samples).max() < half_a_sample + 0.01


@pytest.mark.parametrize(
    ("rate", "delay_ms"), [(8_000, 28.25), (16_000, 20), (24_000, 24.1), (44_100, 24.1), (48_000, 24.1)]
)
@pytest.mark.parametrize("size", [128, 441, 960])
async def test_an_impulse_comes_out_exactly_the_stated_delay_later(rate, delay_ms, size):
    voice = processor(sample_rate=16_000, chunk_samples=160, hop_samples=160, latency_samples=160)
    samples = np.zeros((1, rate // 2), np.float32)
    samples[0, rate // 5] = 1.0
    rig = Rig(voice, rate=rate)
    for frame in frames(samples, rate, size):
        rig.write(frame)
        rig.batcher.step()
    assert np.abs(rig.audio[0]).argmax() == rate // 5 + rig.stage.delay_samples
    assert rig.stage.delay_samples / rate == pytest.approx(delay_ms / 1000, abs=1e-4)


async def test_a_block_that_is_late_passes_through_on_time_and_is_counted():
    rig = Rig(processor(), params=ProbeParams(gain=0.5))
    samples = tone(30 * 960, 48_000)
    blocks = frames(samples, 48_000, 960)
    for index, block in enumerate(blocks):
        rig.write(block)
        late = 10 <= index < 15
        if not late:
            rig.batcher.step()
        assert (len(rig.blocks) == index + 1) == (not late)
        rig.clock.advance(0.02)
        await rig.left(index + 1)
    out, delay, fade = rig.audio[0], rig.stage.delay_samples, round(CROSSFADE_S * 48_000)
    wanted = np.pad(samples[0], (delay, 0))[: len(out)]
    # Blocks 0 to 9 held 20 hops; block 14 needs hop 28, and hop 29 is stepped in time for block 15.
    begin, end = delay + 20 * 480, delay + 29 * 480
    assert rig.stage.lane.deadline_misses == 9
    np.testing.assert_allclose(out[:begin], 0.5 * wanted[:begin], atol=1e-7)
    np.testing.assert_allclose(out[begin + fade : end], wanted[begin + fade : end], atol=1e-7)
    np.testing.assert_allclose(out[end + fade :], 0.5 * wanted[end + fade :], atol=1e-7)
    assert np.abs(np.diff(out[delay:])).max() < 1.5 * np.abs(np.diff(samples)).max() + 1.0 / fade


async def test_hops_that_were_passed_through_are_not_stepped_afterwards():
    plugin = processor()
    rig = Rig(plugin)
    blocks = frames(tone(4 * 480, 48_000), 48_000, 480)
    for index, block in enumerate(blocks[:3]):
        rig.write(block)
        rig.clock.advance(0.0101)
        await rig.left(index + 1)
    rig.batcher.step()
    assert rig.stage.lane.dropped_chunks == 3
    assert plugin.calls == []
    rig.write(blocks[3])
    rig.batcher.step()
    assert len(plugin.calls) == 1


async def test_the_delay_does_not_grow_however_late_the_plugin_is():
    rig = Rig(processor())
    samples = tone(60 * 480, 48_000)
    for index, block in enumerate(frames(samples, 48_000, 480)):
        rig.write(block)
        if index % 3 == 0:
            rig.batcher.step(1)
        rig.clock.advance(0.0101)
        await rig.left(index + 1)
    rig.end(samples.shape[1])
    rig.batcher.step()
    delay = rig.stage.delay_samples
    assert rig.audio.shape[1] == samples.shape[1] + delay
    assert rig.stage.lane.waiting == 0


async def test_a_file_waits_for_its_results_and_passes_nothing_through():
    rig = Rig(processor(), live=False, params=ProbeParams(gain=0.5))
    samples = tone(10 * 480 + 7, 48_000)
    for block in frames(samples, 48_000, 1000):
        rig.write(block)
    rig.clock.advance(3600.0)
    assert rig.blocks == []
    rig.end(samples.shape[1])
    rig.batcher.step()
    np.testing.assert_array_equal(rig.audio, 0.5 * samples)
    assert rig.stage.lane.deadline_misses == 0


async def test_ending_releases_the_tail_as_one_more_block():
    rig = Rig(processor(latency_samples=100))
    samples = tone(1000, 48_000)
    for block in frames(samples, 48_000, 500):
        rig.write(block)
    rig.batcher.step()
    assert not rig.finished
    rig.end(1000)
    rig.batcher.step()
    assert rig.finished
    assert rig.starts == [0, 500, 1000]
    assert rig.blocks[-1].shape[1] == rig.stage.delay_samples == 580
    np.testing.assert_array_equal(rig.audio[:, 580:], samples)


@pytest.mark.parametrize("live", [True, False])
async def test_a_processor_that_faults_passes_through_from_there_on(live):
    rig = Rig(processor(), live=live, params=ProbeParams(gain=0.5, fault="raise", after=5))
    samples = tone(20 * 480, 48_000)
    for block in frames(samples, 48_000, 480):
        rig.write(block)
        rig.batcher.step()
    rig.end(samples.shape[1])
    assert rig.finished
    assert [type(fault) for fault in rig.faults] == [PluginRaised]
    out = rig.audio[:, rig.stage.delay_samples :]
    fade = round(CROSSFADE_S * 48_000)
    np.testing.assert_allclose(out[:, : 5 * 480], 0.5 * samples[:, : 5 * 480], atol=1e-7)
    np.testing.assert_allclose(out[:, 5 * 480 + fade :], samples[:, 5 * 480 + fade :], atol=1e-7)
    assert out.shape == samples.shape


async def test_a_closed_stage_lets_nothing_out_any_more():
    rig = Rig(processor())
    rig.write(frames(tone(960, 48_000), 48_000, 960)[0])
    rig.stage.close()
    rig.stage.close()
    rig.clock.advance(1.0)
    rig.batcher.step()
    await asyncio.sleep(0)
    assert rig.blocks == []
    assert rig.stage._timer is None
