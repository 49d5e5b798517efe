"""Beat and pitch histograms of music whose tempo and pitches are known."""

import numpy as np
import pytest
import torch

from models.features.beat_histogram import NUM_TEMPI, SLOWEST_BPM, BeatHistogram
from models.features.feature_set import FeatureSet
from models.features.peaks import collected, enhanced, strongest_peaks
from models.features.pitch_histogram import LOWEST_MIDI, PitchHistogram
from models.features.spectrum import Spectrum
from tests.models.features.notes import SAMPLE_RATE, notes


def heard(**kinds: object) -> dict[str, torch.Tensor]:
    """Returns the features after the last frame of 12 s of notes."""
    features = FeatureSet()
    x = torch.from_numpy(notes(12.0, **kinds))[None]  # type: ignore[arg-type]
    with torch.inference_mode():
        y, _ = features(x, features.init_state(1))
    return {name: value[0, -1] for name, value in y.items()}


@pytest.mark.parametrize("bpm", [70, 96, 120, 150])
def test_the_strongest_tempo_is_that_of_the_notes(bpm: int) -> None:
    y = heard(every_s=60 / bpm)
    a0, a1, ratio, first, second, total = y["beat"].tolist()
    assert first == pytest.approx(bpm, abs=2)
    assert 0 < a0 < 1 and a1 <= a0
    assert ratio == pytest.approx(a1 / a0, abs=1e-4)
    assert second == 0 or abs(second - first) > 2
    assert total == pytest.approx(float(y["beat_histogram"].sum()), rel=1e-5)


def test_a_steady_beat_is_stronger_than_noise() -> None:
    random = torch.from_numpy(np.random.default_rng(0).standard_normal(12 * SAMPLE_RATE).astype(np.float32))
    features = FeatureSet()
    noise, _ = features(0.1 * random[None], features.init_state(1))
    assert float(heard(every_s=0.5)["beat"][5]) > 3 * float(noise["beat"][0, -1, 5])


@pytest.mark.parametrize("midi", [45, 57, 62, 70])
def test_the_strongest_pitch_is_that_of_the_note(midi: int) -> None:
    share, pitch, pitch_class, _, total = heard(midi=(midi,))["pitch"].tolist()
    assert pitch == midi
    assert pitch_class == midi % 12
    assert share > 0.4
    assert total > 0.1


def test_the_interval_is_that_of_the_two_notes() -> None:
    assert float(heard(midi=(60, 67), seed=2)["pitch"][3]) == 5, "a fifth up is a fourth down"
    assert float(heard(midi=(60, 64), seed=2)["pitch"][3]) == 4


def test_a_pitch_whose_fundamental_is_missing_is_found() -> None:
    time_s = np.arange(SAMPLE_RATE) / SAMPLE_RATE
    hz = 440.0 * 2 ** ((50 - 69) / 12)
    x = sum(np.sin(2 * np.pi * partial * hz * time_s) for partial in range(8, 16)) * 0.05
    pitches = PitchHistogram(SAMPLE_RATE, 10.0)
    frames = torch.from_numpy(x.astype(np.float32))[None].unfold(1, 2_048, 2_048)
    y, _ = pitches(Spectrum()(frames), pitches.init_state(1))
    assert int(y[0, -1].argmax()) + LOWEST_MIDI == 50


def test_octaves_fold_onto_their_pitch_class() -> None:
    pitches = PitchHistogram(SAMPLE_RATE, 10.0)
    histogram = torch.zeros(49)
    histogram[[45 - LOWEST_MIDI, 57 - LOWEST_MIDI, 84 - LOWEST_MIDI]] = torch.tensor([1.0, 2.0, 4.0])
    folded = pitches.folded(histogram)
    assert float(folded[9]) == 3.0 and float(folded[0]) == 4.0
    assert float(folded.sum()) == 7.0


def test_histograms_of_silence_and_their_summaries_are_zero() -> None:
    beats, pitches = BeatHistogram(43.0), PitchHistogram(SAMPLE_RATE, 43.0)
    tempi, _ = beats(torch.zeros(1, 5, 173), beats.init_state(1))
    heights, _ = pitches(torch.zeros(1, 5, 1_025, dtype=torch.complex64), pitches.init_state(1))
    for value in (tempi, heights, beats.summary(tempi), pitches.summary(heights)):
        assert not value.any()


def test_enhancing_removes_the_peak_at_twice_the_lag() -> None:
    lags = torch.arange(60)
    autocorrelation = (1 - (lags - 12).abs() / 3).clamp_min(0) + (1 - (lags - 24).abs() / 3).clamp_min(0)
    sharp = enhanced(autocorrelation)
    assert float(sharp[12]) == 1.0
    assert float(sharp[21:28].max()) < 1e-6


@pytest.mark.parametrize("factor", [2, 3, 5])
@pytest.mark.parametrize("size", [59, 60, 61])
def test_enhancing_subtracts_the_curve_stretched_by_the_factor(factor: int, size: int) -> None:
    curve = torch.rand(size, generator=torch.Generator().manual_seed(factor))
    stretched = np.interp(np.arange(size) / factor, np.arange(size), curve.numpy())
    np.testing.assert_allclose(enhanced(curve, factor), (curve.numpy() - stretched).clip(0), atol=1e-6)


def test_peaks_are_found_between_the_samples() -> None:
    position = torch.arange(40)
    curve = (5 - (position - 10.3).square()).clamp_min(0) + (3 - (position - 25.0).square()).clamp_min(0)
    positions, heights = strongest_peaks(curve, 1, 38, 3)
    assert positions[:2].tolist() == pytest.approx([10.3, 25.0], abs=1e-4)
    assert heights.tolist() == pytest.approx([5.0, 3.0, 0.0], abs=1e-4)


def test_a_height_is_shared_by_the_bins_around_its_position() -> None:
    shared = collected(torch.tensor([2.25]), torch.tensor([4.0]), 6)
    assert shared.tolist() == [0, 0, 3, 1, 0, 0]
    wide = collected(torch.tensor([100.4 - SLOWEST_BPM]), torch.tensor([2.0]), NUM_TEMPI, 4)
    assert float(wide.sum()) == pytest.approx(2.0, abs=1e-5)
    assert int((wide > 0).sum()) == 8
