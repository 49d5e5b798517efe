"""Polyphase: streaming equals offline, output leaves on time and in place, and the filter is as its docstring says."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from realtime.polyphase import HALF_LENGTH, Polyphase, suits

USUAL = (8_000, 11_025, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000)
PAIRS = [(one, other) for one in USUAL for other in USUAL if one != other and {one, other} & {16_000, 48_000}]


def convert(samples, in_rate, out_rate, sizes=()):
    """Converts ``samples`` ``[C, T]`` in blocks of ``sizes`` and a last one of the rest."""
    stream = Polyphase(in_rate, out_rate, samples.shape[0])
    blocks = np.split(samples, np.minimum(np.cumsum(sizes, dtype=int), samples.shape[1]), axis=1)
    nothing = np.zeros((samples.shape[0], 0), np.float32)
    out = [stream.convert(block, last=False) for block in blocks] + [stream.convert(nothing, last=True)]
    return np.concatenate(out, axis=1)


def tone(hz, rate, seconds=0.5):
    return np.sin(2 * np.pi * hz * np.arange(round(seconds * rate)) / rate).astype(np.float32)[None]


def loudest_db(samples, rate, *, near=None, far_from=None):
    """The loudest line of a tone's spectrum, near a frequency or away from it; 0 dB is the tone itself."""
    middle = samples[0, rate // 20 : -rate // 20]
    window = np.blackman(middle.size)
    lines = np.abs(np.fft.rfft(middle * window)) / (window.sum() / 2)
    distance = np.abs(np.fft.rfftfreq(middle.size, 1 / rate) - (near or far_from))
    return 20 * np.log10(lines[distance < 40 if near else distance > 40].max() + 1e-9)


@given(st.sampled_from(PAIRS), st.integers(1, 2), st.integers(0, 3000), st.lists(st.integers(0, 700), max_size=12))
@settings(deadline=None, max_examples=60)
def test_streaming_equals_offline(rates, channels, length, sizes):
    samples = np.random.default_rng(length).uniform(-1, 1, (channels, length)).astype(np.float32)
    whole = convert(samples, *rates)
    assert whole.shape == (channels, -(-length * rates[1] // rates[0]))
    np.testing.assert_allclose(convert(samples, *rates, sizes), whole, atol=1e-6)


@pytest.mark.parametrize(("in_rate", "out_rate"), PAIRS)
def test_every_output_is_the_input_at_its_time(in_rate, out_rate):
    hz = 0.2 * min(in_rate, out_rate)
    out, expected = convert(tone(hz, in_rate, 0.1), in_rate, out_rate), tone(hz, out_rate, 0.1)
    inner = slice(out_rate // 100, 9 * out_rate // 100)  # The tone's abrupt edges ring.
    np.testing.assert_allclose(out[:, inner], expected[:, inner], atol=3e-4)


@pytest.mark.parametrize(("in_rate", "out_rate"), PAIRS)
@pytest.mark.parametrize("size", [1, 37, 480])
def test_output_lags_by_half_the_filter_and_no_more(in_rate, out_rate, size):
    stream, received, given_out = Polyphase(in_rate, out_rate, 1), 0, 0
    lookahead_s = HALF_LENGTH / min(in_rate, out_rate)
    for _ in range(2000 // size + 3):
        given_out += stream.convert(np.zeros((1, size), np.float32), last=False).shape[1]
        received += size
        lag_s = received / in_rate - given_out / out_rate
        assert lag_s <= lookahead_s + 1 / in_rate + 1e-9
        assert stream.delay() == pytest.approx(lag_s * out_rate)
    assert given_out > 0


@pytest.mark.parametrize("rate", [22_050, 24_000, 44_100, 48_000])
def test_voice_passes_down_and_up_again_and_aliases_do_not(rate):
    for hz in (100.0, 1_000.0, 4_000.0, 6_900.0):
        there = convert(tone(hz, rate), rate, 16_000)
        back = convert(there, 16_000, rate)
        assert loudest_db(back, rate, near=hz) == pytest.approx(0.0, abs=0.1)
        assert loudest_db(there, 16_000, far_from=hz) < -80
        assert loudest_db(back, rate, far_from=hz) < -80
    for hz in (8_300.0, 9_000.0, 10_500.0):
        assert loudest_db(convert(tone(hz, rate), rate, 16_000), 16_000, far_from=20.0) < -79


def test_a_telephone_s_band_passes_up_and_down_again():
    for hz in (300.0, 1_000.0, 3_400.0):
        there = convert(tone(hz, 8_000), 8_000, 16_000)
        assert loudest_db(there, 16_000, far_from=hz) < -80
        assert loudest_db(convert(there, 16_000, 8_000), 8_000, near=hz) == pytest.approx(0.0, abs=0.1)


def test_a_cleared_stream_is_as_new():
    stream, samples = Polyphase(44_100, 16_000, 1), tone(440.0, 44_100, 0.05)
    first = stream.convert(samples, last=False)
    stream.clear()
    np.testing.assert_array_equal(stream.convert(samples, last=False), first)


def test_odd_rates_do_not_suit_and_usual_ones_do():
    assert all(suits(*pair) for pair in PAIRS)
    assert not suits(47_999, 16_000)
    assert not suits(16_000, 16_000)
