"""Resampler: streaming equals offline, and pure tones stay what they are."""

import numpy as np
import pytest
import soxr
from hypothesis import given, settings
from hypothesis import strategies as st

from realtime.errors import BadFormat
from realtime.resampler import QUALITIES, Resampler

RATES = st.sampled_from([8_000, 11_025, 16_000, 22_050, 32_000, 44_100, 48_000])


def noise(channels: int, count: int) -> np.ndarray:
    return np.random.default_rng(7).uniform(-1, 1, (channels, count)).astype(np.float32)


def convert(resampler: Resampler, samples: np.ndarray, splits: list[int]) -> np.ndarray:
    blocks = np.split(samples, np.minimum(np.cumsum(splits), samples.shape[1]).astype(int), axis=1)
    return np.concatenate([*(resampler.process(b) for b in blocks), resampler.flush()], axis=1)


@settings(deadline=None, max_examples=60)
@given(RATES, RATES, st.integers(1, 2), st.integers(0, 6000), st.lists(st.integers(0, 1500), max_size=12))
def test_streaming_equals_offline(in_rate, out_rate, channels, length, splits):
    samples = noise(channels, length)
    got = convert(Resampler(in_rate, out_rate, channels), samples, splits)
    whole = samples if in_rate == out_rate else soxr.resample(samples.T, in_rate, out_rate).T
    np.testing.assert_array_equal(got, whole)


def test_a_tone_keeps_its_frequency_and_level():
    tone = np.sin(2 * np.pi * 1000 * np.arange(48_000) / 48_000, dtype=np.float64).astype(np.float32)[None]
    got = convert(Resampler(48_000, 22_050, 1), tone, [960] * 50)[0]
    expected = np.sin(2 * np.pi * 1000 * np.arange(22_050) / 22_050)
    assert got.shape == (22_050,)
    # The first and last 10 ms hold the ringing of the tone's abrupt edges.
    assert np.abs(got - expected)[220:-220].max() < 1e-3


def test_equal_rates_pass_the_same_samples_through():
    resampler, samples = Resampler(16_000, 16_000, 2), noise(2, 320)
    assert resampler.process(samples) is samples
    assert (resampler.flush().shape, resampler.delay_samples) == ((2, 0), 0.0)


@pytest.mark.parametrize("quality", QUALITIES)
def test_delay_is_what_has_gone_in_less_what_has_come_out(quality):
    resampler = Resampler(48_000, 16_000, 1, quality)
    came = sum(resampler.process(noise(1, 960)).shape[1] for _ in range(50))
    assert resampler.delay_samples == pytest.approx(16_000 - came, abs=1)


def test_a_flushed_resampler_is_as_new():
    resampler, samples = Resampler(44_100, 16_000, 1), noise(1, 4410)
    first = convert(resampler, samples, [441] * 9)
    np.testing.assert_array_equal(convert(resampler, samples, []), first)


def test_reset_forgets_what_is_inside():
    resampler, samples = Resampler(44_100, 16_000, 1), noise(1, 4410)
    expected = convert(resampler, samples, [])
    resampler.process(noise(1, 999))
    resampler.reset()
    np.testing.assert_array_equal(convert(resampler, samples, []), expected)


@pytest.mark.parametrize(
    ("in_rate", "out_rate", "channels"), [(7_999, 16_000, 1), (16_000, 192_001, 1), (8_000, 8_000, 9)]
)
def test_a_format_out_of_range_is_refused(in_rate, out_rate, channels):
    with pytest.raises(BadFormat, match="expected"):
        Resampler(in_rate, out_rate, channels)


def test_an_unknown_quality_is_refused():
    with pytest.raises(ValueError, match="got 'best'"):
        Resampler(48_000, 16_000, 1, "best")


def test_another_number_of_channels_is_refused():
    with pytest.raises(ValueError, match=r"expected samples \[1, T\], got shape \[2, 4\]"):
        Resampler(48_000, 16_000, 1).process(np.zeros((2, 4), np.float32))
