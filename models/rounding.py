"""Rounds weights to the precision of float16, so that a repository holds a model in half the bytes.

They stay float32 for those who compute; their last 13 bits are zeros, which compress away.

Invariant: no weight moves by more than 1 / 2048 of itself, or by 3e-8 where it is smaller than 6e-5.
"""

import torch
from torch import nn

LARGEST = 65_504.0
"""The largest number of float16."""


@torch.no_grad()
def round_weights(net: nn.Module) -> None:
    """Rounds every float32 parameter of ``net``.

    Raises:
        ValueError: A weight is too large for float16.
    """
    for name, weight in net.named_parameters():
        if weight.dtype == torch.float32:
            if float(weight.abs().max()) > LARGEST:
                raise ValueError(f"expected weights up to {LARGEST}, got {float(weight.abs().max())} in {name}")
            weight.copy_(weight.half().float())
