import librosa
import pytest
import torch

from models.baselines.facefilter.spectrum import stft
from models.voice_encoder import LEVEL_RMS, VoiceEncoder
from training.facefilter.papers.heard_voice import HeardVoice


@pytest.fixture(scope="module")
def encoder() -> VoiceEncoder:
    torch.manual_seed(0)
    return VoiceEncoder(torch.from_numpy(librosa.filters.mel(sr=16_000, n_fft=400, n_mels=40)).float())


def noise(num_samples: int = 25_600) -> torch.Tensor:
    """Noise that falls with frequency, by 12 dB in all."""
    white = torch.randn(2, num_samples + 1, generator=torch.Generator().manual_seed(0))
    return 0.1 * (white[:, 1:] + 0.6 * white[:, :-1])


def test_bands_are_those_of_the_encoder(encoder: VoiceEncoder) -> None:
    x = noise()
    heard = HeardVoice(encoder).mel(stft(x).abs())
    level = x.square().mean(1, keepdim=True).sqrt()
    read = encoder.mel(x * (LEVEL_RMS / level))
    difference_db = 10.0 * (heard.mean(1) / read.mean(1)).log10()
    assert float(difference_db.abs().max()) < 1.0


def test_the_level_does_not_matter(encoder: VoiceEncoder) -> None:
    heard, magnitude = HeardVoice(encoder), stft(noise()).abs()
    torch.testing.assert_close(heard(100.0 * magnitude), heard(magnitude), rtol=0, atol=1e-4)


def test_embeddings_have_length_one_and_silence_has_one_too(encoder: VoiceEncoder) -> None:
    magnitude = torch.cat((stft(noise()).abs(), torch.zeros(1, 160, 257)))
    torch.testing.assert_close(HeardVoice(encoder)(magnitude).norm(dim=1), torch.ones(3))


def test_gradients_flow_through_the_encoder_and_change_nothing_in_it(encoder: VoiceEncoder) -> None:
    magnitude = stft(noise(8_000)).abs().requires_grad_()
    HeardVoice(encoder)(magnitude)[:, 0].sum().backward()
    assert magnitude.grad is not None and float(magnitude.grad.abs().sum()) > 0
    assert all(parameter.grad is None and not parameter.requires_grad for parameter in encoder.parameters())
