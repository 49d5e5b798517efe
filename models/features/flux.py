"""Spectral flux: by how much a spectrum rises from one frame to the next (``librosa.onset.onset_strength``).

Invariant: a frame's flux depends on that frame and the one before; of a stream's first frame it is 0.
"""

from typing import Final

import torch
from torch import Tensor

from .mel import NUM_MELS
from .streaming import StreamingFeature

FluxState = tuple[Tensor, Tensor]
"""The last frame's bands ``[B, num_mels]``, dB, and whether there was one ``[B]``, 0 or 1."""


class SpectralFlux(StreamingFeature):
    """Log-mel bands to the mean over bands of what they rose by, dB; falling bands count as 0."""

    num_mels: Final[int]

    def __init__(self, num_mels: int = NUM_MELS) -> None:
        super().__init__()
        self.num_mels = num_mels

    @torch.jit.export
    def init_state(self, batch_size: int) -> FluxState:
        """Returns the state of streams that have heard nothing."""
        return self.like.new_zeros(batch_size, self.num_mels), self.like.new_zeros(batch_size)

    def forward(self, log_mel: Tensor, state: FluxState) -> tuple[Tensor, FluxState]:
        """Maps ``[B, F, num_mels]`` dB to ``[B, F, 1]``, at least 0."""
        if log_mel.size(1) == 0:
            return log_mel[..., :1], state
        previous, heard = state
        # A first frame is compared with itself.
        previous = torch.where(heard.unsqueeze(1) > 0.0, previous, log_mel[:, 0])
        rise = log_mel - torch.cat((previous.unsqueeze(1), log_mel[:, :-1]), 1)
        return rise.clamp_min(0.0).mean(-1, keepdim=True), (log_mel[:, -1], torch.ones_like(heard))
