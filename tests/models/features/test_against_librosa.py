"""What librosa has too is what librosa gives, on frames that are not padded and without a clip-wide floor."""

from __future__ import annotations

import librosa
import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from models.features.feature_set import FeatureSet
from models.features.mfcc import StreamingMfcc
from tests.models.features.notes import SAMPLE_RATE

Array = NDArray[np.float32]
FRAMING = {"n_fft": 2048, "center": False}
FRAMED = {"frame_length": 2048, "center": False}


@pytest.fixture(scope="module", params=[512, 1_920])
def hop(request: pytest.FixtureRequest) -> int:
    return int(request.param)


@pytest.fixture(scope="module")
def ours(music: Array, hop: int) -> dict[str, Array]:
    """Every feature of the music, ``[D, F]`` as librosa lays them out."""
    features = FeatureSet(SAMPLE_RATE, hop)
    with torch.inference_mode():
        y, _ = features(torch.from_numpy(music)[None], features.init_state(1))
    return {name: value[0].T.numpy() for name, value in y.items()}


@pytest.fixture(scope="module")
def log_mel(music: Array, hop: int) -> Array:
    power = librosa.feature.melspectrogram(y=music, sr=SAMPLE_RATE, hop_length=hop, **FRAMING)
    return librosa.power_to_db(power, top_db=None)


def assert_close(got: Array, expected: Array, tolerance: float) -> None:
    """Largest difference at most ``tolerance`` of the largest value; the expected values differ from frame to frame."""
    assert got.shape == expected.shape
    assert expected.std(axis=1).max() > 1e-3 * np.abs(expected).max(), "nothing moves"
    np.testing.assert_allclose(got, expected, rtol=0, atol=tolerance * np.abs(expected).max())


def test_log_mel(ours: dict[str, Array], log_mel: Array) -> None:
    """More than 80 dB below the loudest, which librosa's default cuts, rounding is heard: there to a tenth of a dB."""
    floor = log_mel.max() - 80.0
    np.testing.assert_allclose(ours["log_mel"].clip(floor), log_mel.clip(floor), rtol=0, atol=1e-3)
    np.testing.assert_allclose(ours["log_mel"], log_mel, rtol=0, atol=0.1)


def test_mfcc(ours: dict[str, Array], log_mel: Array) -> None:
    assert_close(ours["mfcc"], librosa.feature.mfcc(S=log_mel, n_mfcc=13), 5e-5)


def test_streaming_mfcc_of_any_number(music: Array, hop: int, log_mel: Array) -> None:
    mfcc = StreamingMfcc(SAMPLE_RATE, hop, num_mfcc=20)
    with torch.inference_mode():
        y, _ = mfcc(torch.from_numpy(music)[None], mfcc.init_state(1))
    assert_close(y[0].T.numpy(), librosa.feature.mfcc(S=log_mel, n_mfcc=20), 5e-5)


def test_centroid(ours: dict[str, Array], music: Array, hop: int) -> None:
    expected = librosa.feature.spectral_centroid(y=music, sr=SAMPLE_RATE, hop_length=hop, **FRAMING)
    assert_close(ours["centroid"], expected, 1e-4)


def test_bandwidth(ours: dict[str, Array], music: Array, hop: int) -> None:
    expected = librosa.feature.spectral_bandwidth(y=music, sr=SAMPLE_RATE, hop_length=hop, **FRAMING)
    assert_close(ours["bandwidth"], expected, 1e-4)


def test_rolloff(ours: dict[str, Array], music: Array, hop: int) -> None:
    """A bin is a step: where the share lies on it to within rounding the next bin is as right."""
    expected = librosa.feature.spectral_rolloff(y=music, sr=SAMPLE_RATE, hop_length=hop, **FRAMING)
    bins = np.abs(ours["rolloff"] - expected) / (SAMPLE_RATE / 2048)
    assert bins.max() < 1.5
    assert (bins > 0.5).mean() <= 0.01


def test_contrast(ours: dict[str, Array], music: Array, hop: int) -> None:
    """librosa's own has the clip-wide floor of 80 dB, so the peaks and valleys are taken linear, a ratio short."""
    magnitude = np.abs(librosa.stft(music, hop_length=hop, **FRAMING))
    # Raised until nothing is 80 dB below anything; both sides see the same magnitudes.
    raised = magnitude + magnitude.max() * 2e-4
    features = FeatureSet(SAMPLE_RATE, hop).frame_features
    got = features.contrast(torch.from_numpy(raised.T)[None])[0].T.numpy()
    np.testing.assert_allclose(got, librosa.feature.spectral_contrast(S=raised, sr=SAMPLE_RATE), rtol=0, atol=1e-3)


def test_chroma(ours: dict[str, Array], music: Array, hop: int) -> None:
    expected = librosa.feature.chroma_stft(y=music, sr=SAMPLE_RATE, hop_length=hop, tuning=0.0, **FRAMING)
    assert_close(ours["chroma"], expected, 1e-4)


def test_rms(ours: dict[str, Array], music: Array, hop: int) -> None:
    assert_close(ours["rms"], librosa.feature.rms(y=music, hop_length=hop, **FRAMED), 1e-5)


def test_zero_crossing_rate(ours: dict[str, Array], music: Array, hop: int) -> None:
    expected = librosa.feature.zero_crossing_rate(music, hop_length=hop, **FRAMED)
    np.testing.assert_allclose(ours["zero_crossing_rate"], expected, rtol=0, atol=1e-7)


def test_flux(ours: dict[str, Array], log_mel: Array) -> None:
    expected = librosa.onset.onset_strength(S=log_mel, sr=SAMPLE_RATE, center=False)[None]
    assert_close(ours["flux"], expected, 1e-4)
