"""Features of a frame alone, where their values are known without librosa."""

import math

import pytest
import torch

from models.features.contrast import SpectralContrast
from models.features.feature_set import FrameFeatures
from models.features.spectrum import Spectrum
from models.features.waveform import rms, zero_crossing_rate
from tests.models.features.notes import SAMPLE_RATE

PER_FRAME = (
    "log_mel",
    "mfcc",
    "centroid",
    "bandwidth",
    "rolloff",
    "contrast",
    "chroma",
    "rms",
    "zero_crossing_rate",
)


@pytest.fixture(scope="module")
def features() -> FrameFeatures:
    return FrameFeatures(SAMPLE_RATE)


def tone(hz: float, amplitude: float = 0.5) -> torch.Tensor:
    time_s = torch.arange(2_048, dtype=torch.float64) / SAMPLE_RATE
    return (amplitude * torch.sin(2 * math.pi * hz * time_s)).float()[None, None]


@pytest.mark.parametrize("hz", [440.0, 2_000.0, 5_000.0])
def test_a_tone_lies_where_it_is(features: FrameFeatures, hz: float) -> None:
    frames = tone(hz)
    y = features(frames, Spectrum()(frames))
    assert float(y["centroid"]) == pytest.approx(hz, rel=0.02)
    assert float(y["rolloff"]) == pytest.approx(hz, abs=2 * SAMPLE_RATE / 2_048)
    assert float(y["zero_crossing_rate"]) == pytest.approx(2 * hz / SAMPLE_RATE, abs=2 / 2_048)
    assert float(y["rms"]) == pytest.approx(0.5 / math.sqrt(2), rel=0.01)


@pytest.mark.parametrize(("midi", "pitch_class"), [(60, 0), (69, 9), (74, 2), (83, 11)])
def test_the_strongest_chroma_is_the_pitch_class(features: FrameFeatures, midi: int, pitch_class: int) -> None:
    frames = tone(440.0 * 2 ** ((midi - 69) / 12))
    chroma = features(frames, Spectrum()(frames))["chroma"][0, 0]
    assert int(chroma.argmax()) == pitch_class
    assert float(chroma.max()) == 1.0


def test_twice_as_loud_is_six_decibels_and_the_same_shape(features: FrameFeatures) -> None:
    frames = torch.randn(1, 3, 2_048, generator=torch.Generator().manual_seed(0)) * 0.1
    soft, loud = (features(x, Spectrum()(x)) for x in (frames, 2 * frames))
    torch.testing.assert_close(loud["log_mel"], soft["log_mel"] + 20 * math.log10(2), atol=1e-3, rtol=0)
    for name in ("centroid", "bandwidth", "rolloff", "contrast", "chroma", "zero_crossing_rate"):
        torch.testing.assert_close(loud[name], soft[name], atol=1e-3, rtol=1e-5)


@pytest.mark.parametrize(
    "frames", [torch.zeros(1, 2, 2_048), torch.ones(1, 2, 2_048), torch.full((1, 2, 2_048), 1e-40)]
)
def test_silence_and_dc_are_finite(features: FrameFeatures, frames: torch.Tensor) -> None:
    y = features(frames, Spectrum()(frames))
    assert set(y) == set(PER_FRAME)
    assert all(bool(value.isfinite().all()) for value in y.values())


def test_of_digital_silence_everything_is_at_its_least(features: FrameFeatures) -> None:
    frames = torch.zeros(1, 1, 2_048)
    y = features(frames, Spectrum()(frames))
    assert torch.equal(y["log_mel"], torch.full((1, 1, 128), -100.0))
    for name in ("centroid", "bandwidth", "rolloff", "contrast", "chroma", "rms", "zero_crossing_rate"):
        assert not y[name].any(), name


def test_contrast_tells_peaks_from_valleys() -> None:
    flat = torch.ones(1, 1, 1_025)
    peaky = flat.clone()
    peaky[..., 300] = 100.0
    contrast = SpectralContrast(SAMPLE_RATE)
    assert not contrast(flat).any()
    # Bin 300 is 3,230 Hz, in the octave from 3,200 Hz, whose highest 2 % are six bins: (100 + 5) / 6 = 12.4 dB.
    expected = torch.tensor([0.0, 0, 0, 0, 0, 10 * math.log10(105 / 6), 0])
    torch.testing.assert_close(contrast(peaky)[0, 0], expected, atol=1e-4, rtol=0)


def test_contrast_needs_its_six_octaves() -> None:
    with pytest.raises(ValueError, match="expected a rate above 12800 Hz, got 8000"):
        SpectralContrast(8_000)


def test_crossings_are_counted_as_librosa_counts_them() -> None:
    frames = torch.tensor([[[1.0, -1.0, -1.0, 0.0, -1e-11, -2.0, 3.0, 3.0]]])
    assert float(zero_crossing_rate(frames)) == 4 / 8
    assert float(rms(torch.tensor([[[3.0, -4.0]]]))) == pytest.approx(math.sqrt(12.5))
