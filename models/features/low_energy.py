"""Low-energy share (Tzanetakis and Cook, 2002; paper 000, section III): how much of the music lies below its mean.

High where silence alternates with sound, as between strong beats or words; near a half where the level is steady.

Invariant: a frame's share depends on the last ``num_windows`` energies alone.
"""

from typing import Final

import torch
from torch import Tensor

from .streaming import StreamingFeature

NUM_WINDOWS = 100
"""n = 100 in paper 000, which counts the first n of a clip; of a stream without end we take the last n."""

LowEnergyState = tuple[Tensor, Tensor]
"""The last ``num_windows - 1`` energies ``[B, n - 1]``, oldest first, and how many of them are real ``[B]``."""


class LowEnergyShare(StreamingFeature):
    """RMS energies to the share of the last n windows that lie below the mean of the last n windows."""

    margin: Final = 0.999
    """A tone's energies differ by rounding alone: below the mean means by a thousandth at least."""

    num_windows: Final[int]

    def __init__(self, num_windows: int = NUM_WINDOWS) -> None:
        super().__init__()
        self.num_windows = num_windows

    @torch.jit.export
    def init_state(self, batch_size: int) -> LowEnergyState:
        """Returns the state of streams that have heard nothing."""
        return self.like.new_zeros(batch_size, self.num_windows - 1), self.like.new_zeros(batch_size)

    def forward(self, energy: Tensor, state: LowEnergyState) -> tuple[Tensor, LowEnergyState]:
        """Maps ``[B, F, 1]`` RMS to ``[B, F, 1]`` in [0, 1]; while fewer than n were heard, of those."""
        num_frames = energy.size(1)
        if num_frames == 0:
            return energy, state
        recent, count = state
        heard = torch.cat((recent, energy.squeeze(-1)), 1)
        windows = heard.unfold(1, self.num_windows, 1)
        ages = torch.arange(self.num_windows - 1, -1, -1, device=energy.device)
        counts = count.unsqueeze(1) + torch.arange(1, num_frames + 1, device=energy.device)
        counts = counts.clamp_max(float(self.num_windows))
        # What was not heard is zero, so it adds nothing to the sum, and it must not count as low.
        real = ages < counts.unsqueeze(2)
        mean = windows.sum(-1) / counts
        low = torch.logical_and(windows < self.margin * mean.unsqueeze(2), real).sum(-1) / counts
        return low.unsqueeze(-1), (heard[:, num_frames:].clone(), counts[:, -1].clamp_max(float(self.num_windows - 1)))
