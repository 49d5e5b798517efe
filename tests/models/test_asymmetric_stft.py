import math

import pytest
import torch
from torch import Tensor

from models.asymmetric_stft import (
    HOP_SAMPLES,
    NUM_BINS,
    SYNTHESIS_SAMPLES,
    WINDOW_SAMPLES,
    AsymmetricSTFT,
    analysis_window,
    synthesis_window,
)

STFT = AsymmetricSTFT()
PAST = WINDOW_SAMPLES - HOP_SAMPLES


def frames_of(x: Tensor) -> Tensor:
    """Cuts ``[160 F]`` into the frames that end with each hop, ``[F, 512]``; silence lies before the first."""
    return torch.nn.functional.pad(x, (PAST, 0)).unfold(0, WINDOW_SAMPLES, HOP_SAMPLES)


def overlap_add(added: Tensor) -> Tensor:
    """Joins what each frame adds, ``[F, 320]``, to ``[160 F]``."""
    before = torch.nn.functional.pad(added[:-1, HOP_SAMPLES:], (0, 0, 1, 0))
    return (added[:, :HOP_SAMPLES] + before).flatten()


def test_the_windows_multiply_to_a_hann_window() -> None:
    product = analysis_window()[-SYNTHESIS_SAMPLES:] * synthesis_window()
    times = (torch.arange(SYNTHESIS_SAMPLES, dtype=torch.float64) + 0.5) / SYNTHESIS_SAMPLES
    torch.testing.assert_close(product, 0.5 - 0.5 * torch.cos(2 * math.pi * times))


def test_the_analysis_looks_back_32_ms_and_the_synthesis_20() -> None:
    window = analysis_window()
    assert (len(window), len(synthesis_window())) == (512, 320)
    assert int(window.argmax()) in (PAST - 1, PAST)
    assert bool((window > 0).all())


@pytest.mark.parametrize("num_hops", [2, 3, 50])
def test_nothing_changed_gives_the_input_back_one_hop_later(num_hops: int) -> None:
    x = torch.randn(num_hops * HOP_SAMPLES, generator=torch.Generator().manual_seed(0))
    y = overlap_add(STFT.inverse(STFT(frames_of(x))))
    torch.testing.assert_close(y[HOP_SAMPLES:], x[:-HOP_SAMPLES], atol=1e-6, rtol=0)
    torch.testing.assert_close(y[:HOP_SAMPLES], torch.zeros(HOP_SAMPLES), atol=1e-6, rtol=0)


def test_a_frame_that_is_changed_begins_and_ends_at_nothing() -> None:
    generator = torch.Generator().manual_seed(0)
    spectrum = STFT(torch.randn(WINDOW_SAMPLES, generator=generator)) * torch.randn(NUM_BINS, generator=generator)
    added = STFT.inverse(spectrum)
    largest = float(added.abs().max())
    assert float(added[0].abs()) < 1e-3 * largest
    assert float(added[-1].abs()) < 2e-2 * largest


def test_spectra_are_those_of_each_frame() -> None:
    frames = torch.randn(2, 3, WINDOW_SAMPLES, generator=torch.Generator().manual_seed(0))
    spectra = STFT(frames)
    assert spectra.shape == (2, 3, NUM_BINS)
    torch.testing.assert_close(spectra[1, 2], torch.fft.rfft(frames[1, 2] * analysis_window().float()))


def test_scripted_equals_eager() -> None:
    scripted = torch.jit.script(STFT)
    frames = torch.randn(4, WINDOW_SAMPLES, generator=torch.Generator().manual_seed(0))
    spectra = STFT(frames)
    torch.testing.assert_close(scripted(frames), spectra)
    torch.testing.assert_close(scripted.inverse(spectra), STFT.inverse(spectra))
