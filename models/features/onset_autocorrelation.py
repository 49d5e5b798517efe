"""Autocorrelation of the onset strength: at which lags the music repeats itself (paper 000, figures 2 to 5).

Invariant: after each frame it is that of all frames so far, weighted ``decay^age``; without forgetting it equals
``librosa.autocorrelate`` of the same envelope, over its value at lag 0.
"""

from typing import Final

import torch
from torch import Tensor

from .decay import DecayedMean, DecayedSum
from .streaming import StreamingFeature

MAX_LAG_S = 4.0
"""A bar of four at 60 beats a minute, and two periods of the slowest tempo that counts (40)."""

MEMORY_S = 8.0

OnsetAutocorrelationState = tuple[Tensor, Tensor, Tensor, Tensor]
"""Sum of the envelope and weight of that, both ``[B, 1]``; its last L values less their mean ``[B, L]``, oldest first;
sums of products ``[B, L + 1]``, greatest lag first."""


class OnsetAutocorrelation(StreamingFeature):
    """Onset strength to its normalised autocorrelation, of the envelope less its running mean.

    Args:
        frame_rate: Frames a second.
        max_lag_s: Greatest lag.
        memory_s: How much is remembered; None forgets nothing.
    """

    num_lags: Final[int]

    def __init__(self, frame_rate: float, max_lag_s: float = MAX_LAG_S, memory_s: float | None = MEMORY_S) -> None:
        super().__init__()
        memory_frames = None if memory_s is None else memory_s * frame_rate
        self.num_lags = round(max_lag_s * frame_rate) + 1
        self.mean = DecayedMean(memory_frames)
        self.products = DecayedSum(memory_frames)

    @torch.jit.export
    def init_state(self, batch_size: int) -> OnsetAutocorrelationState:
        """Returns the state of streams that have heard nothing."""
        one = self.like.new_zeros(batch_size, 1)
        recent = self.like.new_zeros(batch_size, self.num_lags - 1)
        return one, one.clone(), recent, self.like.new_zeros(batch_size, self.num_lags)

    def forward(self, envelope: Tensor, state: OnsetAutocorrelationState) -> tuple[Tensor, OnsetAutocorrelationState]:
        """Maps ``[B, F, 1]`` to ``[B, F, L + 1]`` of lags 0 to L frames, 1 at lag 0; zeros until something changes."""
        total, weight, recent, products = state
        if envelope.size(1) == 0:
            return envelope.new_zeros(envelope.size(0), 0, self.num_lags), state
        mean, (total, weight) = self.mean(envelope, (total, weight))
        centred = envelope - mean
        heard = torch.cat((recent, centred.squeeze(-1)), 1)
        sums, products = self.products(heard.unfold(1, self.num_lags, 1) * centred, products)
        recent = heard[:, envelope.size(1) :].clone()
        return sums.flip(-1) / sums[..., -1:].clamp_min(1e-8), (total, weight, recent, products)
