from itertools import pairwise

import pytest
import torch

from models.baselines.facefilter.griffin_lim import griffin_lim, unit
from models.baselines.facefilter.spectrum import istft, stft


def noise(*shape: int) -> torch.Tensor:
    return 0.1 * torch.randn(*shape, generator=torch.Generator().manual_seed(0))


def speechlike(num_samples: int = 8_000) -> torch.Tensor:
    """A gliding voice of twenty harmonics, with a pause."""
    time_s = torch.arange(num_samples) / 16_000
    cycles = torch.cumsum(120 + 60 * torch.sin(5 * time_s), 0) / 16_000
    tones = torch.stack([torch.sin(6.2831853 * k * cycles) / k for k in range(1, 21)]).sum(0)
    return 0.1 * tones * (torch.sin(12 * time_s) > -0.5)


def test_two_seconds_have_200_frames_of_257_bins() -> None:
    assert stft(noise(32_000)).shape == (200, 257)


@pytest.mark.parametrize("num_samples", [160, 480, 32_000])
def test_the_spectrum_is_turned_back_into_the_waveform(num_samples: int) -> None:
    x = noise(2, 3, num_samples)
    torch.testing.assert_close(istft(stft(x)), x, rtol=0, atol=1e-6)


def test_a_tone_is_in_its_bin() -> None:
    tone = torch.sin(6.2831853 * 1_000 * torch.arange(3_200) / 16_000)
    assert (stft(tone).abs()[2:-2].argmax(1) == 32).all()


def test_a_frame_is_centred_on_its_hop() -> None:
    click = torch.zeros(1_600)
    click[5 * 160 + 80] = 1.0
    level = stft(click).abs().mean(1)
    assert int(level.argmax()) == 5
    torch.testing.assert_close(level[5], torch.tensor(1.0))
    torch.testing.assert_close(level[4], level[6])
    assert (level[:4] == 0).all() and (level[7:] == 0).all()


def test_a_part_of_a_hop_is_refused() -> None:
    with pytest.raises(ValueError, match="multiple of 160 samples, got 161"):
        stft(noise(161))


def misses(magnitude: torch.Tensor, num_iterations: int) -> float:
    return float((stft(griffin_lim(magnitude, num_iterations=num_iterations)).abs() - magnitude).square().sum())


def test_every_iteration_comes_nearer_to_the_magnitude() -> None:
    magnitude = stft(speechlike()).abs()
    distances = [misses(magnitude, n) for n in range(0, 30, 3)]
    assert all(later <= earlier * (1 + 1e-4) for earlier, later in pairwise(distances))
    assert distances[-1] < 0.5 * distances[0]


def test_a_waveform_is_found_again_from_its_magnitude_and_its_own_phase() -> None:
    x = speechlike()
    torch.testing.assert_close(griffin_lim(stft(x).abs(), phase_of=stft(x)), x, rtol=0, atol=1e-5)


def test_silence_stays_silence() -> None:
    assert torch.equal(griffin_lim(torch.zeros(5, 257)), torch.zeros(800))
    assert torch.equal(unit(torch.zeros(3, dtype=torch.complex64)), torch.zeros(3, dtype=torch.complex64))


def test_several_magnitudes_at_once_are_each_alone() -> None:
    magnitude = stft(noise(3, 1_600)).abs()
    torch.testing.assert_close(griffin_lim(magnitude)[1], griffin_lim(magnitude[1]), rtol=0, atol=1e-5)
