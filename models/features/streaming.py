"""What every feature that remembers has in common.

Invariant: a state is float32 tensors whose first axis is the stream, and all zeros means that nothing was heard; so a
stream is reset by zeroing its rows, whatever the others are at.
"""

import torch
from torch import Tensor, nn


class StreamingFeature(nn.Module):
    """A feature with ``init_state(batch_size) -> state`` and ``forward(x, state) -> (y, state)``."""

    like: Tensor
    """Holds nothing; new states take its dtype and its device."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("like", torch.zeros(0), persistent=False)
