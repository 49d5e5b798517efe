"""Power spectra to mel bands in dB (``librosa.feature.melspectrogram`` and ``power_to_db``).

Invariant: a frame's bands depend on that frame alone. librosa's ``top_db=80`` raises whatever is 80 dB below the
loudest frame of the clip, frames to come included; that is not causal, and it is left out.
"""

import math

import torch
from torch import Tensor, nn

from .framing import FRAME_SAMPLES
from .spectrum import bin_frequencies

NUM_MELS = 128

_LINEAR_HZ = 200.0 / 3.0
_LOG_FROM_HZ = 1_000.0
_LOG_FROM_MEL = _LOG_FROM_HZ / _LINEAR_HZ
_LOG_STEP = math.log(6.4) / 27.0


class LogMel(nn.Module):
    """Power spectrum to log-mel bands.

    Args:
        sample_rate: Hz.
        num_mels: Bands from 0 Hz to half the rate.
        frame_samples: Length of the frames that the spectra come from.
    """

    filters: Tensor

    def __init__(self, sample_rate: int, num_mels: int = NUM_MELS, frame_samples: int = FRAME_SAMPLES) -> None:
        super().__init__()
        self.register_buffer("filters", mel_filters(sample_rate, num_mels, frame_samples))

    def forward(self, power: Tensor) -> Tensor:
        """Maps power ``[B, F, K]`` to dB ``[B, F, num_mels]``, at least -100."""
        return power_to_db(torch.matmul(power, self.filters))


def power_to_db(power: Tensor) -> Tensor:
    """Returns ``10 log10(power)``; power below 1e-10 counts as 1e-10."""
    return power.clamp_min(1e-10).log10() * 10.0


def mel_filters(sample_rate: int, num_mels: int, frame_samples: int) -> Tensor:
    """Returns Slaney's triangles of equal area (Auditory Toolbox, 1998), float32 ``[K, num_mels]``."""
    highest = _hz_to_mel(sample_rate / 2.0)
    edges = _mel_to_hz(torch.linspace(0.0, highest, num_mels + 2, dtype=torch.float64))
    low, centre, high = edges[:-2], edges[1:-1], edges[2:]
    hz = bin_frequencies(sample_rate, frame_samples)[:, None]
    triangles = torch.minimum((hz - low) / (centre - low), (high - hz) / (high - centre)).clamp_min(0.0)
    return (triangles * (2.0 / (high - low))).float().contiguous()


def _hz_to_mel(hz: float) -> float:
    if hz < _LOG_FROM_HZ:
        return hz / _LINEAR_HZ
    return _LOG_FROM_MEL + math.log(hz / _LOG_FROM_HZ) / _LOG_STEP


def _mel_to_hz(mel: Tensor) -> Tensor:
    return torch.where(
        mel < _LOG_FROM_MEL, mel * _LINEAR_HZ, _LOG_FROM_HZ * torch.exp((mel - _LOG_FROM_MEL) * _LOG_STEP)
    )
