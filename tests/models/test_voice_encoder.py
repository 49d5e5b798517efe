import math

import numpy as np
import pytest
import torch
from torch import Tensor

from models.voice_encoder import LEVEL_RMS, NUM_MELS, WINDOW_SAMPLES, VoiceEncoder

HALF = WINDOW_SAMPLES // 2


def mel_filters() -> Tensor:
    """Forty triangles over the spectrum of 201 bins."""
    centres = torch.linspace(5, 195, NUM_MELS)
    return (1 - (torch.arange(201) - centres[:, None]).abs() / 5).clamp_min(0)


@pytest.fixture(autouse=True)
def _no_gradients():
    with torch.inference_mode():
        yield


@pytest.fixture(scope="module")
def net() -> VoiceEncoder:
    torch.manual_seed(0)
    net = VoiceEncoder(mel_filters()).eval()
    net.linear.bias.data.fill_(0.3)  # else most of what is read lies below zero and is cut away
    net.mean.fill_(0.01)
    return net


def voices(batch: int, num_samples: int, rms: float = 0.1) -> Tensor:
    """Noise of another colour in each row, so that what is read of two rows differs."""
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(batch, num_samples + 1, generator=generator)
    colour = torch.linspace(-0.95, 0.95, batch)[:, None] if batch > 1 else torch.tensor([[0.5]])
    return rms * (x[:, 1:] + colour * x[:, :-1])


def test_an_embedding_has_length_one_whatever_the_length_of_the_sample(net: VoiceEncoder) -> None:
    for num_samples in (16_000, 25_600, 41_234):
        embedding = net(voices(3, num_samples))
        assert embedding.shape == (3, net.embedding_size)
        torch.testing.assert_close(embedding.norm(dim=1), torch.ones(3))


def test_different_voices_are_read_differently(net: VoiceEncoder) -> None:
    a, b = net.read(net.windows(voices(2, 25_600)))[:, 0]
    assert float((a - b).norm()) > 1e-3


@pytest.mark.parametrize("gain_db", [-60.0, 20.0])
def test_the_level_does_not_matter(net: VoiceEncoder, gain_db: float) -> None:
    x = voices(2, 32_000)
    torch.testing.assert_close(net(10 ** (gain_db / 20) * x), net(x), atol=1e-4, rtol=0)


def test_every_window_is_brought_to_the_same_level(net: VoiceEncoder) -> None:
    x = voices(1, 25_600)
    loud_end = torch.cat((x, 100 * x), 1)
    readings = net.read(net.windows(loud_end))
    torch.testing.assert_close(readings[:, 0], readings[:, 2], atol=1e-4, rtol=0)


def test_silence_gives_numbers(net: VoiceEncoder) -> None:
    assert bool(torch.isfinite(net(torch.zeros(1, 16_000))).all())


@pytest.mark.parametrize(
    ("num_samples", "num_windows"), [(25_600, 1), (25_601, 2), (38_400, 2), (38_401, 3), (51_200, 3), (16_000, 1)]
)
def test_windows_overlap_by_half_and_miss_nothing(net: VoiceEncoder, num_samples: int, num_windows: int) -> None:
    x = torch.arange(1.0, num_samples + 1)[None]
    windows = net.windows(x)
    assert windows.shape == (1, num_windows, WINDOW_SAMPLES)
    for i in range(num_windows - 1):
        assert torch.equal(windows[0, i, HALF:], windows[0, i + 1, :HALF])
    heard = torch.cat((windows[0, 0], windows[0, 1:, HALF:].flatten()))
    repeated = torch.cat((x[0], x[0]))
    assert torch.equal(heard, repeated[: len(heard)]), "the end is read together with the beginning"


def test_mel_bands_are_of_the_power_of_25_ms_every_10(net: VoiceEncoder) -> None:
    x = voices(2, 1_600)
    mel = net.mel(x)
    assert mel.shape == (2, 11, NUM_MELS)
    frame = np.hanning(401)[:400] * x[1, 3 * 160 - 200 : 3 * 160 + 200].numpy()
    expected = mel_filters().numpy() @ np.abs(np.fft.rfft(frame)) ** 2
    np.testing.assert_allclose(mel[1, 3].numpy(), expected, rtol=1e-3, atol=1e-5)


def test_a_reading_is_the_last_state_above_zero_at_length_one(net: VoiceEncoder) -> None:
    x = voices(1, 25_600)
    mel = net.mel(x * (LEVEL_RMS / math.sqrt(float(x.square().mean()))))
    last = torch.relu(net.linear(net.lstm(mel)[0][:, -1]))
    torch.testing.assert_close(net.read(x[:, None])[:, 0], last / last.norm(), atol=1e-5, rtol=1e-4)


def test_a_long_sample_is_the_mean_of_its_readings(net: VoiceEncoder) -> None:
    x = voices(2, 38_400)
    readings = torch.stack([net.read(x[:, None, start : start + WINDOW_SAMPLES])[:, 0] for start in (0, HALF)])
    torch.testing.assert_close(net(x), net.embed(readings.mean(0)), atol=1e-4, rtol=0)


def test_the_length_of_a_reading_does_not_matter(net: VoiceEncoder) -> None:
    reading = torch.rand(2, 256, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(net.embed(0.3 * reading), net.embed(reading))


def test_streams_do_not_touch_one_another(net: VoiceEncoder) -> None:
    x = voices(3, 26_000)
    torch.testing.assert_close(net(x)[1:2], net(x[1:2]), atol=1e-5, rtol=0)


def test_scripted_equals_eager(net: VoiceEncoder) -> None:
    scripted, x = torch.jit.script(net), voices(2, 30_000)
    torch.testing.assert_close(scripted(x), net(x), atol=1e-5, rtol=0)
