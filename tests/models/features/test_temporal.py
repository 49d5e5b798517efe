"""Features over many frames, where their values are known."""

import librosa
import numpy as np
import pytest
import torch

from models.features.chroma_vectors import ChromaVectors
from models.features.flux import SpectralFlux
from models.features.low_energy import LowEnergyShare
from models.features.onset_autocorrelation import OnsetAutocorrelation

RATE = 22_050 / 512


def test_flux_counts_what_rises_and_not_what_falls() -> None:
    log_mel = torch.tensor([[[10.0, 20.0], [14.0, 20.0], [0.0, 26.0]]])
    flux = SpectralFlux(2)
    y, _ = flux(log_mel, flux.init_state(1))
    assert y.flatten().tolist() == [0.0, 2.0, 3.0]


def test_low_energy_is_the_share_below_the_mean_of_the_last_hundred() -> None:
    generator = np.random.default_rng(0)
    energy = generator.gamma(1.0, 1.0, 250).astype(np.float32)
    share = LowEnergyShare()
    y, _ = share(torch.from_numpy(energy)[None, :, None], share.init_state(1))
    for frame in (0, 1, 42, 99, 100, 249):
        window = energy[max(0, frame - 99) : frame + 1]
        assert float(y[0, frame, 0]) == pytest.approx(float((window < 0.999 * window.mean()).mean()), abs=1e-6)


def test_a_steady_level_has_no_low_energy_and_rare_beats_have_much() -> None:
    share = LowEnergyShare()
    steady, _ = share(torch.full((1, 120, 1), 0.3), share.init_state(1))
    assert not steady.any()
    beats = torch.full((1, 120, 1), 0.01)
    beats[:, ::10] = 1.0
    assert float(share(beats, share.init_state(1))[0][0, -1, 0]) == pytest.approx(0.9)


def test_chroma_vectors_are_the_means_of_the_last_thirty_stretches() -> None:
    chroma = torch.rand(1, 4 * 33 + 2, 12, generator=torch.Generator().manual_seed(0))
    vectors = ChromaVectors(4)
    y, _ = vectors(chroma, vectors.init_state(1))
    means = chroma[:, : 4 * 33].reshape(33, 4, 12).mean(1)
    torch.testing.assert_close(y[0, -1].reshape(30, 12), means[3:])
    torch.testing.assert_close(y[0, 4 * 33 - 2].reshape(30, 12), means[2:32])
    assert not y[0, 2].any(), "a stretch is not whole"
    early = y[0, 7].reshape(30, 12)
    assert not early[:28].any()
    torch.testing.assert_close(early[28:], means[:2])


def test_stretches_of_nothing_are_refused() -> None:
    with pytest.raises(ValueError, match="at least 1 frame, got 0"):
        ChromaVectors(0)


def test_without_forgetting_the_autocorrelation_is_librosa_s() -> None:
    envelope = np.random.default_rng(1).gamma(1.0, 1.0, 400).astype(np.float32)
    autocorrelation = OnsetAutocorrelation(RATE, memory_s=None)
    y, _ = autocorrelation(torch.from_numpy(envelope)[None, :, None], autocorrelation.init_state(1))
    centred = envelope - np.cumsum(envelope) / np.arange(1, 401)
    expected = librosa.autocorrelate(centred, max_size=autocorrelation.num_lags)
    np.testing.assert_allclose(y[0, -1].numpy(), expected / expected[0], rtol=0, atol=1e-4)


@pytest.mark.parametrize("period", [13, 20, 31])
def test_it_peaks_at_the_period_and_its_multiples(period: int) -> None:
    envelope = torch.zeros(1, 500, 1)
    envelope[:, ::period] = 1.0
    autocorrelation = OnsetAutocorrelation(RATE)
    y, _ = autocorrelation(envelope, autocorrelation.init_state(1))
    last = y[0, -1]
    assert float(last[0]) == pytest.approx(1.0)
    assert sorted(last[1:].topk(3).indices.add(1).tolist()) == [period, 2 * period, 3 * period]


def test_it_forgets_a_period_that_is_gone() -> None:
    envelope = torch.zeros(1, 3_000, 1)
    envelope[:, :1_500:30] = 1.0
    envelope[:, 1_500::22] = 1.0
    autocorrelation = OnsetAutocorrelation(RATE)
    y, _ = autocorrelation(envelope, autocorrelation.init_state(1))
    assert int(y[0, 1_499, 1:60].argmax()) + 1 == 30
    assert int(y[0, -1, 1:40].argmax()) + 1 == 22


def test_of_silence_it_is_zero() -> None:
    autocorrelation = OnsetAutocorrelation(RATE)
    y, _ = autocorrelation(torch.zeros(2, 50, 1), autocorrelation.init_state(2))
    assert not y.any()
