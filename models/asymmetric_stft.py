"""A short-time Fourier transform that looks far back and synthesises a short piece.

The analysis window rises over 22 ms and falls over 10 ms; the synthesis window covers the last 20 ms alone, so that
the frequency resolution is that of 32 ms and the latency that of 20 ms (Mauler and Martin, "A low delay, variable
resolution, perfect reconstruction spectral analysis-synthesis system for speech enhancement", EUSIPCO 2007).

Invariant: analysis, then synthesis with nothing changed, then overlap-add gives the input back, one hop later.
"""

import math

import torch
from torch import Tensor, nn

SAMPLE_RATE = 16_000
HOP_SAMPLES = 160
WINDOW_SAMPLES = 512
SYNTHESIS_SAMPLES = 2 * HOP_SAMPLES
NUM_BINS = WINDOW_SAMPLES // 2 + 1


def analysis_window() -> Tensor:
    """Returns float64 ``[512]``: half a sine period of 1,408 samples up, then of 640 samples down."""
    rise = WINDOW_SAMPLES - HOP_SAMPLES
    return torch.cat((_quarter_sine(rise), _quarter_sine(HOP_SAMPLES).flip(0)))


def synthesis_window() -> Tensor:
    """Returns float64 ``[320]``, such that its product with the end of the analysis window is a Hann window."""
    up, down = _quarter_sine(HOP_SAMPLES), _quarter_sine(HOP_SAMPLES).flip(0)
    analysis = analysis_window()[WINDOW_SAMPLES - SYNTHESIS_SAMPLES : WINDOW_SAMPLES - HOP_SAMPLES]
    return torch.cat((up**2 / analysis, down))


def _quarter_sine(num_samples: int) -> Tensor:
    return torch.sin((torch.arange(num_samples, dtype=torch.float64) + 0.5) * (math.pi / 2 / num_samples))


class AsymmetricSTFT(nn.Module):
    """Analysis and synthesis of single frames; the caller keeps what lies before a frame and what overlaps."""

    analysis: Tensor
    synthesis: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("analysis", analysis_window().float())
        self.register_buffer("synthesis", synthesis_window().float())

    def forward(self, frames: Tensor) -> Tensor:
        """Returns the spectra, complex64 ``[..., 257]``, of ``frames [..., 512]``."""
        spectra: Tensor = torch.fft.rfft(frames * self.analysis)
        return spectra

    @torch.jit.export
    def inverse(self, spectra: Tensor) -> Tensor:
        """Returns what each frame adds to the output, ``[..., 320]``: its first 160 samples are then complete."""
        added: Tensor = torch.fft.irfft(spectra, 512)[..., 192:] * self.synthesis
        return added
