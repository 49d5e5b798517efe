"""Sums over all that was heard, older terms counting less: ``y_t = decay * y_{t-1} + x_t``.

Invariant: every sum of a call is that of the frames up to its own, so one long call gives what many short ones give.
"""

from typing import Final

import torch
from torch import Tensor, nn


class DecayedSum(nn.Module):
    """Running sum with exponential forgetting.

    Args:
        memory_frames: How many frames' worth is remembered, ``1 / (1 - decay)``, more than 1; None forgets nothing.

    Raises:
        ValueError: When the memory is not longer than one frame.
    """

    block: Final = 64
    """Frames summed by one product with a triangular matrix: quadratic in it, so long calls are cut."""

    triangle: Tensor
    powers: Tensor

    def __init__(self, memory_frames: float | None = None) -> None:
        super().__init__()
        if memory_frames is not None and not memory_frames > 1.0:
            raise ValueError(f"expected a memory of more than 1 frame, got {memory_frames}")
        self.decay: Final[float] = 1.0 if memory_frames is None else 1.0 - 1.0 / memory_frames
        steps = torch.arange(self.block, dtype=torch.float64)
        triangle = torch.tril(self.decay ** (steps[:, None] - steps[None, :]).clamp_min(0.0))
        self.register_buffer("triangle", triangle.float())
        self.register_buffer("powers", (self.decay ** (steps + 1.0)).float()[:, None])

    def forward(self, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        """Takes in terms ``x [B, F, D]`` after the sum ``y [B, D]``; returns the sums ``[B, F, D]`` and the last."""
        if x.size(1) == 1:
            y = x[:, 0] + self.decay * y
            return y.unsqueeze(1), y
        sums = []
        for part in torch.split(x, self.block, 1):
            n = part.size(1)
            sums.append(torch.matmul(self.triangle[:n, :n], part) + self.powers[:n] * y.unsqueeze(1))
            if n > 0:
                y = sums[-1][:, -1]
        return torch.cat(sums, 1), y


class DecayedMean(nn.Module):
    """Running mean with exponential forgetting: a decayed sum over the decayed number of its terms.

    Its state is the sum ``[B, D]`` and the number ``[B, 1]``; zeros have heard nothing.
    """

    def __init__(self, memory_frames: float | None = None) -> None:
        super().__init__()
        self.sum = DecayedSum(memory_frames)

    def forward(self, x: Tensor, state: tuple[Tensor, Tensor]) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """Takes in ``x [B, F, D]``; returns the mean after each frame, as ``x``, and the state after the last."""
        sums, total = self.sum(x, state[0])
        weights, weight = self.sum(torch.ones_like(x[..., :1]), state[1])
        return sums / weights, (total, weight)
