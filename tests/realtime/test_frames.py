"""AudioFrame: one that exists is valid."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime.errors import BadFormat, BadFrame
from realtime.frames import AudioFrame, check_format


def test_a_frame_tells_its_size_place_and_length():
    frame = AudioFrame(np.zeros((2, 960), np.float32), 48_000, 1_000)
    assert (frame.channels, frame.num_samples, frame.end_pts, frame.duration_s) == (2, 960, 1_960, 0.02)


@pytest.mark.parametrize(
    ("samples", "says"),
    [
        (np.zeros((1, 4), np.float64), r"expected float32 .* got float64 of shape \[1, 4\]"),
        (np.zeros(4, np.float32), r"got float32 of shape \[4\]"),
        (np.zeros((1, 2, 3), np.float32), r"got float32 of shape \[1, 2, 3\]"),
        (np.zeros((1, 0), np.float32), "expected at least one sample a channel, got an empty frame"),
    ],
)
def test_samples_of_another_kind_are_refused(samples, says):
    with pytest.raises(BadFrame, match=says) as caught:
        AudioFrame(samples, 16_000, 0)
    assert caught.value.param == "samples"


@given(
    st.sampled_from([np.nan, np.inf, -np.inf]),
    st.integers(1, 3),
    st.integers(1, 500),
    st.randoms(use_true_random=False),
)
def test_one_sample_that_is_not_finite_anywhere_is_refused(bad, channels, length, random):
    samples = np.full((channels, length), 0.5, np.float32)
    samples[random.randrange(channels), random.randrange(length)] = bad
    with pytest.raises(BadFrame, match="expected finite samples, got NaN or infinity"):
        AudioFrame(samples, 16_000, 0)


def test_samples_beyond_full_scale_are_kept():
    assert AudioFrame(np.full((1, 100), 32_768.0, np.float32), 16_000, 0).samples.max() == 32_768.0


@pytest.mark.parametrize("rate", [8_000, 44_100, 192_000])
@pytest.mark.parametrize("channels", [1, 8])
def test_formats_in_range_pass(rate, channels):
    check_format(rate, channels)


@pytest.mark.parametrize(
    ("rate", "channels", "param"),
    [
        (0, 1, "sample_rate"),
        (7_999, 1, "sample_rate"),
        (192_001, 1, "sample_rate"),
        (8_000, 0, "channels"),
        (8_000, 9, "channels"),
    ],
)
def test_formats_out_of_range_are_refused_by_name(rate, channels, param):
    with pytest.raises(BadFormat) as caught:
        check_format(rate, channels)
    assert caught.value.param == param
