"""Mean and deviation of any feature since a reset, with forgetting where that is wanted.

Invariant: after each frame they are those of all frames so far, weighted ``decay^age``, and stay so over days: float32
sums stop growing or lose the deviation under the mean, so means are moved by increments (West, 1979; Chan et al.,
1983) and carry the rounding error of each increment along (Knuth's two-sum).
"""

from typing import Final

import torch
from torch import Tensor

from .decay import DecayedSum
from .streaming import StreamingFeature

StatisticsState = tuple[Tensor, Tensor, Tensor, Tensor, Tensor]
"""Weight ``[B, 1]`` of what was heard in frames; mean and variance ``[B, D]``, each followed by its rounding error.

The weight stands still at 2^24 frames (4.5 days at 43 a second): from there on even None forgets, with that memory.
"""


class RunningStatistics(StreamingFeature):
    """Mean and standard deviation (of the population) of every column of a feature.

    Args:
        size: Columns, D.
        memory_frames: See ``DecayedSum``; None counts every frame since the reset alike.
    """

    size: Final[int]

    def __init__(self, size: int, memory_frames: float | None = None) -> None:
        super().__init__()
        self.size = size
        self.sum = DecayedSum(memory_frames)

    @torch.jit.export
    def init_state(self, batch_size: int) -> StatisticsState:
        """Returns the state of streams that have heard nothing."""
        zeros = self.like.new_zeros(batch_size, self.size)
        return self.like.new_zeros(batch_size, 1), zeros, zeros.clone(), zeros.clone(), zeros.clone()

    def forward(self, x: Tensor, state: StatisticsState) -> tuple[Tensor, StatisticsState]:
        """Takes in frames ``[B, F, D]``; returns ``[B, F, 2 D]``, means then deviations after each, and the state."""
        statistics = []
        for part in torch.split(x, self.sum.block, 1):
            if part.size(1) > 0:
                means, variances, state = self.advance(part, state)
                # Not clamped to 0, where the root has no slope.
                statistics.append(torch.cat((means, variances.clamp_min(1e-20).sqrt()), 2))
        if len(statistics) == 0:
            return x.new_zeros(x.size(0), 0, 2 * self.size), state
        return torch.cat(statistics, 1), state

    def advance(self, x: Tensor, state: StatisticsState) -> tuple[Tensor, Tensor, StatisticsState]:
        """Returns means and variances after each of a few frames, and the state after the last."""
        weight, mean, mean_error, variance, variance_error = state
        # Where nothing was heard any origin is right, and one near the values keeps their squares small.
        mean = torch.where(weight > 0.0, mean, x[:, 0])
        offsets = (x - mean.unsqueeze(1)) - mean_error.unsqueeze(1)
        spread = (offsets.square() - variance.unsqueeze(1)) - variance_error.unsqueeze(1)
        weights, weight = self.sum(torch.ones_like(x[..., :1]), weight)
        nothing = torch.zeros_like(mean)
        mean_steps = self.sum(offsets, nothing)[0] / weights
        variance_steps = self.sum(spread, nothing)[0] / weights - mean_steps.square()
        means = mean.unsqueeze(1) + (mean_error.unsqueeze(1) + mean_steps)
        variances = variance.unsqueeze(1) + (variance_error.unsqueeze(1) + variance_steps)
        mean, mean_error = two_sum(mean, mean_error + mean_steps[:, -1])
        variance, variance_error = two_sum(variance, variance_error + variance_steps[:, -1])
        return means, variances, (weight, mean, mean_error, variance, variance_error)


def two_sum(a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
    """Returns ``a + b`` as rounded, and what the rounding left out, exactly (Knuth, 1969)."""
    total = a + b
    from_b = total - a
    return total, (a - (total - from_b)) + (b - from_b)
