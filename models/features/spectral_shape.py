"""Where a spectrum lies and how wide it is: centroid, bandwidth and roll-off, as librosa has them.

Invariant: a frame's values depend on that frame alone; of digital silence all three are 0 Hz.
"""

from typing import Final

import torch
from torch import Tensor, nn

from .framing import FRAME_SAMPLES
from .spectrum import bin_frequencies

ROLLOFF_SHARE = 0.85


class SpectralShape(nn.Module):
    """Magnitude spectrum to Hz.

    - centroid: mean frequency, weighted by magnitude;
    - bandwidth: standard deviation about it, weighted so too;
    - roll-off: the lowest bin up to which 85 % of the magnitude lies.
    """

    rolloff_share: Final = ROLLOFF_SHARE
    hz: Tensor

    def __init__(self, sample_rate: int, frame_samples: int = FRAME_SAMPLES) -> None:
        super().__init__()
        self.register_buffer("hz", bin_frequencies(sample_rate, frame_samples).float())

    def forward(self, magnitude: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Maps ``[B, F, K]`` to centroid, bandwidth and roll-off, each ``[B, F, 1]`` in Hz."""
        total = magnitude.cumsum(-1)
        shares = magnitude / total[..., -1:].clamp_min(1e-30)
        centroid = torch.matmul(shares, self.hz.unsqueeze(-1))
        bandwidth = (shares * (self.hz - centroid).square()).sum(-1, keepdim=True).sqrt()
        below = (total < self.rolloff_share * total[..., -1:]).sum(-1, keepdim=True)
        return centroid, bandwidth, self.hz[below.long()]
