"""Frames to spectra, as ``librosa.stft`` makes them: periodic Hann window, no scaling.

Invariant: a spectrum depends on its own frame alone.
"""

import torch
from torch import Tensor, nn

from .framing import FRAME_SAMPLES


class Spectrum(nn.Module):
    """Short-time Fourier transform of frames that are cut already."""

    window: Tensor

    def __init__(self, frame_samples: int = FRAME_SAMPLES) -> None:
        super().__init__()
        window = torch.hann_window(frame_samples, periodic=True, dtype=torch.float64)
        self.register_buffer("window", window.float())

    def forward(self, frames: Tensor) -> Tensor:
        """Maps float32 ``[B, F, N]``, F >= 0, to complex64 ``[B, F, N / 2 + 1]``."""
        if frames.size(1) == 0:  # MKL refuses to transform nothing.
            nothing = frames.new_zeros(frames.size(0), 0, self.window.size(0) // 2 + 1)
            return torch.complex(nothing, nothing)
        spectrum: Tensor = torch.fft.rfft(frames * self.window)
        return spectrum


def power_of(spectrum: Tensor) -> Tensor:
    """Returns the squared magnitude of a complex ``spectrum``; cheaper and smoother than squaring its root."""
    return spectrum.real.square() + spectrum.imag.square()


def bin_frequencies(sample_rate: int, frame_samples: int = FRAME_SAMPLES) -> Tensor:
    """Returns the centre of every bin in Hz, float64 ``[frame_samples / 2 + 1]``."""
    return torch.arange(frame_samples // 2 + 1, dtype=torch.float64) * sample_rate / frame_samples
