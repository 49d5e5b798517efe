"""A convolution whose weights are stored in half precision and used in single: half the file, and almost the numbers.

Invariant: the products are float32, on every device.
"""

from typing import Final

import torch
from torch import Tensor, nn
from torch.nn import functional


class HalfConv2d(nn.Module):
    """Does what ``conv`` does, with weights rounded to float16.

    Args:
        conv: With one group and zeros around its input; it is left as it is.
    """

    stride: Final[int]
    padding: Final[int]

    def __init__(self, conv: nn.Conv2d) -> None:
        super().__init__()
        if conv.groups != 1 or isinstance(conv.padding, str) or conv.padding_mode != "zeros":
            raise ValueError(f"expected a convolution of one group with a border of zeros in numbers, got {conv}")
        self.stride = conv.stride[0]
        self.padding = conv.padding[0]
        self.weight = nn.Parameter(conv.weight.detach().half(), requires_grad=False)
        self.bias = None if conv.bias is None else nn.Parameter(conv.bias.detach().clone(), requires_grad=False)

    def forward(self, x: Tensor) -> Tensor:
        """Maps ``[B, channels_in, H, W]`` as the convolution does."""
        return functional.conv2d(x, self.weight.to(torch.float32), self.bias, self.stride, self.padding)


def halve(module: nn.Module) -> None:
    """Replaces every convolution of one group below ``module`` by one that is stored in half precision."""
    for name, child in module.named_children():
        if isinstance(child, nn.Conv2d) and child.groups == 1:
            setattr(module, name, HalfConv2d(child))
        else:
            halve(child)
