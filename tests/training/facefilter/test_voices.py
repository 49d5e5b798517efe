from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from models.voice_encoder import NUM_MELS, WINDOW_SAMPLES, VoiceEncoder
from tests.training.facefilter.miniature import made_up_rooms
from training.facefilter.corpus import Recording
from training.facefilter.public_weights import PublicWeightsError
from training.facefilter.voices import MOST_WINDOWS, Readings, load_readings, public_voice_encoder
from training.facefilter.waveforms import Waveforms


class Levels(VoiceEncoder):
    """Reads of a window nothing but what share of its power lies in each of 256 pieces, and counts its calls."""

    def __init__(self) -> None:
        super().__init__(torch.zeros(NUM_MELS, 201))
        self.calls = 0

    def read(self, windows: Tensor) -> Tensor:
        self.calls += 1
        return torch.nn.functional.normalize(windows.unflatten(2, (256, -1)).square().sum(3), dim=2)


@pytest.fixture
def readings(corpus: tuple[Recording, ...], waveforms: Waveforms, tmp_path: Path) -> Readings:
    return load_readings(corpus, waveforms, made_up_rooms(), Levels(), tmp_path / "voices.npz")


def test_all_speech_of_three_quarters_of_a_second_is_read(
    corpus: tuple[Recording, ...], waveforms: Waveforms, readings: Readings
) -> None:
    long_enough = [i for i, r in enumerate(corpus) if r.kind == "speech" and waveforms.num_samples(i) >= 12_000]
    assert sorted(set(readings.owners.tolist())) == long_enough
    counts = np.bincount(readings.owners)
    assert 1 < counts.max() <= MOST_WINDOWS
    for values in (readings.clean, readings.noisy):
        assert values.shape == (len(readings.owners), 256) and values.dtype == np.float32
        np.testing.assert_allclose(np.linalg.norm(values, axis=1), 1.0, atol=1e-5)


def test_a_reading_is_of_the_window_it_says(
    corpus: tuple[Recording, ...], waveforms: Waveforms, readings: Readings
) -> None:
    for owner, start_s, clean in zip(readings.owners, readings.starts_s, readings.clean, strict=True):
        x = waveforms.read(int(owner), round(float(start_s) * 16_000), WINDOW_SAMPLES)
        assert len(x) == min(WINDOW_SAMPLES, waveforms.num_samples(int(owner)))
        expected = (np.resize(x, WINDOW_SAMPLES).reshape(256, -1) ** 2).sum(1)
        np.testing.assert_allclose(clean, expected / np.linalg.norm(expected), atol=1e-4)


def test_the_noisy_reading_is_of_the_same_window_in_noise(readings: Readings) -> None:
    alike = (readings.clean * readings.noisy).sum(1)
    assert alike.min() > 0.5 and alike.max() < 1.0 - 1e-6


def test_what_was_read_is_kept(
    corpus: tuple[Recording, ...], waveforms: Waveforms, readings: Readings, tmp_path: Path
) -> None:
    encoder = Levels()
    again = load_readings(corpus, waveforms, made_up_rooms(), encoder, tmp_path / "voices.npz")
    assert encoder.calls == 0
    for name in ("owners", "starts_s", "clean", "noisy"):
        np.testing.assert_array_equal(getattr(again, name), getattr(readings, name))


def test_what_was_read_of_other_recordings_is_read_again(
    corpus: tuple[Recording, ...], waveforms: Waveforms, readings: Readings, tmp_path: Path
) -> None:
    encoder = Levels()
    load_readings(corpus[:-1], waveforms, made_up_rooms(), encoder, tmp_path / "voices.npz")
    assert encoder.calls > 0


def test_public_weights_are_taken_by_name(tmp_path: Path) -> None:
    torch.manual_seed(0)
    theirs = VoiceEncoder(torch.zeros(NUM_MELS, 201))
    (tmp_path / "resemblyzer").mkdir()
    weights = {k: v for k, v in theirs.state_dict().items() if k.startswith(("lstm.", "linear."))}
    torch.save({"model_state": {**weights, "similarity_weight": torch.ones(1)}}, tmp_path / "resemblyzer/pretrained.pt")
    ours = public_voice_encoder(tmp_path)
    assert not ours.training
    for name, value in weights.items():
        assert torch.equal(ours.state_dict()[name], value)
    assert ours.mel_filters.shape == (NUM_MELS, 201) and bool((ours.mel_filters.sum(1) > 0).all())


def test_missing_weights_say_how_to_get_them(tmp_path: Path) -> None:
    with pytest.raises(PublicWeightsError, match=r"resemblyzer/pretrained\.pt .* got none: pip download"):
        public_voice_encoder(tmp_path)
