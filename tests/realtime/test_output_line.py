"""OutputLine: hops leave in order, aligned, wet or dry, and from one to the other without a step."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from realtime.output_line import CROSSFADE_S, OutputLine, buffering_samples

from .rig import processor, tone

SPEC = processor().spec
HOP = SPEC.hop_samples
FADE = round(CROSSFADE_S * SPEC.sample_rate)


def hops_of(samples, spec=SPEC):
    chunk, hop = spec.chunk_samples, spec.hop_samples
    starts = range(0, samples.shape[1] - chunk + 1, hop)
    return [samples[:, start : start + chunk] for start in starts]


def line_of(spec=SPEC, *, aligned=True, rate=None, channels=1):
    return OutputLine(spec, rate or spec.sample_rate, channels, aligned=aligned, quality="LQ")


def delayed(samples, delay):
    return np.pad(samples, ((0, 0), (delay, 0)))[:, : samples.shape[1]]


@given(st.lists(st.sampled_from(["wet", "dry", "late"]), min_size=1, max_size=30), st.integers(0, 700))
@settings(max_examples=50)
def test_whatever_is_wet_or_dry_every_sample_keeps_its_place(fates, latency):
    spec = processor(latency_samples=latency).spec
    samples = tone(len(fates) * HOP, 48_000)
    line = line_of(spec)
    # A processor that changes nothing but lags as it says: then wet and dry agree, and so does every crossfade
    # but for the tail that is mirrored where dry follows wet.
    wet = delayed(samples, latency)
    for index, (fate, chunk) in enumerate(zip(fates, hops_of(samples, spec), strict=True)):
        line.expect(index, chunk)
        if fate != "wet":
            line.pass_through(line.available + 1)
        if fate != "dry":
            line.resolve(index, wet[:, index * HOP : (index + 1) * HOP])
    out = line.read(line.available)
    expected = samples[:, : max(0, samples.shape[1] - latency)]
    assert out.shape == expected.shape
    dry = dry_hops(fates, latency)
    faded = np.zeros(samples.shape[1], bool)
    for index in range(1, len(fates)):
        if dry[index] and not dry[index - 1]:
            faded[index * HOP : index * HOP + FADE] = True
    exact = ~faded[latency:]
    np.testing.assert_allclose(out[:, exact], expected[:, exact], atol=1e-7)
    assert line.passed_through == sum(dry)


def dry_hops(fates, latency):
    """Returns of each hop whether it leaves dry: late, never stepped, or lagging from before one that was not."""
    dry, lagging = [], 0
    for index, fate in enumerate(fates):
        if index and fates[index - 1] == "dry" and fate != "dry":
            lagging = -(-latency // HOP)
        dry.append(fate != "wet" or lagging > 0)
        lagging -= fate != "dry"
    return dry


@pytest.mark.parametrize(("latency", "hops_of_old"), [(0, 0), (1, 1), (HOP, 1), (HOP + 1, 2)])
def test_what_lags_from_before_a_gap_is_not_heard_after_it(latency, hops_of_old):
    line = line_of(processor(latency_samples=latency).spec, aligned=False)
    line.read(line.available)  # The silence that it is primed with.
    for index in range(8):
        line.expect(index, np.full((1, HOP), index, np.float32))
        if index not in (3, 4):  # These were dropped: the plugin goes from 2 to 5.
            line.resolve(index, np.full((1, HOP), 100.0, np.float32))
    out = line.read(line.available)
    passed = np.abs(out[0, HOP - 1 :: HOP] - 100.0) > 1.0
    assert passed.tolist() == [False] * 3 + [True] * (2 + hops_of_old) + [False] * (3 - hops_of_old)
    assert line.passed_through == 2 + hops_of_old


@pytest.mark.parametrize("gain", [0.0, 0.5, -1.0])
def test_going_dry_and_wet_again_makes_no_step(gain):
    samples = tone(20 * HOP, 48_000)
    line = line_of()
    for index, chunk in enumerate(hops_of(samples)):
        line.expect(index, chunk)
        if 5 <= index < 10:
            line.pass_through_all()
        line.resolve(index, gain * chunk)
    out = line.read(line.available)[0]
    slope = np.abs(np.diff(samples)).max()
    # The steepest fade is from -0.5 to 0.5 in its length; the tone itself goes on beneath.
    assert np.abs(np.diff(out)).max() < 1.5 * slope + 1.0 / FADE
    np.testing.assert_allclose(out[5 * HOP + FADE : 10 * HOP], samples[0, 5 * HOP + FADE : 10 * HOP], atol=1e-7)
    np.testing.assert_allclose(out[10 * HOP + FADE :], gain * samples[0, 10 * HOP + FADE :], atol=1e-7)


def test_a_result_that_comes_after_its_hop_has_left_is_ignored():
    line = line_of()
    dry, wet = np.full((1, HOP), 0.25, np.float32), np.full((1, HOP), 0.75, np.float32)
    line.expect(0, dry)
    line.pass_through(HOP)
    line.resolve(0, wet)
    np.testing.assert_array_equal(line.read(line.available), dry)


def test_hops_before_a_result_that_have_none_are_passed_through():
    line = line_of()
    for index in range(3):
        line.expect(index, np.full((1, HOP), index, np.float32))
    line.resolve(2, np.full((1, HOP), 9, np.float32))
    out = line.read(3 * HOP)
    assert line.passed_through == 2
    assert (out[0, HOP - 1], out[0, 2 * HOP - 1], out[0, -1]) == (0, 1, 9)


def test_no_more_is_passed_through_than_is_needed():
    line = line_of()
    for index in range(4):
        line.expect(index, np.zeros((1, HOP), np.float32))
    line.pass_through(HOP + 1)
    assert line.available == 2 * HOP
    assert line.passed_through == 2


def test_live_output_is_primed_by_the_delay_it_states():
    spec = processor(chunk_samples=960, hop_samples=480, latency_samples=100).spec
    line = line_of(spec, aligned=False)
    assert line.delay_samples == 960 + 100
    assert line.available == 960


def test_aligned_output_has_no_delay_and_drops_the_plugin_s_latency():
    line = line_of(processor(latency_samples=100).spec)
    assert (line.delay_samples, line.available) == (0, 0)
    line.expect(0, np.zeros((1, HOP), np.float32))
    line.resolve(0, np.arange(HOP, dtype=np.float32)[None])
    assert line.read(line.available)[0, 0] == 100


def test_output_has_the_session_s_channels():
    line = line_of(channels=2)
    line.expect(0, np.full((1, HOP), 0.5, np.float32))
    line.pass_through_all()
    np.testing.assert_array_equal(line.read(HOP), np.full((2, HOP), 0.5, np.float32))


def test_reading_more_than_there_is_is_refused():
    with pytest.raises(BufferError, match="at most 0, got 1"):
        line_of().read(1)


def test_buffering_is_the_chunk_where_the_rates_agree_and_the_resamplers_besides_where_not():
    assert buffering_samples(SPEC, 48_000, "LQ") == HOP
    assert buffering_samples(SPEC, 44_100, "LQ") > round(HOP * 44_100 / 48_000)
    assert buffering_samples(SPEC, 44_100, "LQ") < 0.05 * 44_100
