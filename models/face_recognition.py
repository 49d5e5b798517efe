"""Who a face is: dlib's residual network (King, 2017), from a crop to 128 numbers that are near for one person.

The residual network of He et al. (2015) with 29 convolutions and half the filters, trained by King on some three
million pictures; its weights are public. Batch normalisation is folded into the convolutions.

Invariant: pictures do not see each other.
"""

from typing import Final

import torch
from torch import Tensor, nn
from torch.nn import functional

PICTURE_SIZE = 150
MEAN_RGB = (122.782, 117.001, 104.298)
POOLED_SIZE = 256
DESCRIPTOR_SIZE = 128

BLOCKS = {
    "conv32_1": (32, 32, False),
    "conv32_2": (32, 32, False),
    "conv32_3": (32, 32, False),
    "conv64_down": (32, 64, True),
    "conv64_1": (64, 64, False),
    "conv64_2": (64, 64, False),
    "conv64_3": (64, 64, False),
    "conv128_down": (64, 128, True),
    "conv128_1": (128, 128, False),
    "conv128_2": (128, 128, False),
    "conv256_down": (128, 256, True),
    "conv256_1": (256, 256, False),
    "conv256_2": (256, 256, False),
    "conv256_down_out": (256, 256, True),
}
"""Residual blocks in order, under the names of the public weights: channels in, channels out, whether it halves."""


class ResidualBlock(nn.Module):
    """Two convolutions around which the input passes (He et al., 2015, figure 2).

    Where the block halves, the input passes through a mean of 2 x 2 and new channels are zeros (option A there). The
    convolution has no border and can come out one row and column short: they are zeros, as in the original.

    Args:
        channels_in: Channels of the input.
        channels_out: Channels of the output, at least ``channels_in``.
        halves: Whether the output has half the size.
    """

    halves: Final[bool]
    new_channels: Final[int]

    def __init__(self, channels_in: int, channels_out: int, halves: bool) -> None:
        super().__init__()
        self.halves = halves
        self.new_channels = channels_out - channels_in
        self.conv1 = nn.Conv2d(channels_in, channels_out, 3, 2 if halves else 1, 0 if halves else 1)
        self.conv2 = nn.Conv2d(channels_out, channels_out, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """Maps ``[B, channels_in, H, W]`` to ``[B, channels_out, H', W']``; ``H' = H // 2`` where it halves."""
        y = self.conv2(functional.relu(self.conv1(x)))
        if self.halves:
            x = functional.avg_pool2d(x, 2)
            y = functional.pad(y, [0, x.size(3) - y.size(3), 0, x.size(2) - y.size(2)])
            x = functional.pad(x, [0, 0, 0, 0, 0, self.new_channels])
        return functional.relu(x + y)


class FaceRecognition(nn.Module):
    """Face crops to descriptors.

    King takes descriptors less than 0.6 apart for one person. They are not of length 1, but about 1.5.
    """

    picture_size: Final = PICTURE_SIZE
    mean: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("mean", torch.tensor(MEAN_RGB).view(3, 1, 1))
        self.stem = nn.Conv2d(3, 32, 7, 2)
        self.blocks = nn.Sequential()
        for name, (channels_in, channels_out, halves) in BLOCKS.items():
            self.blocks.add_module(name, ResidualBlock(channels_in, channels_out, halves))
        self.descriptor = nn.Linear(POOLED_SIZE, DESCRIPTOR_SIZE, bias=False)

    def forward(self, pictures: Tensor) -> tuple[Tensor, Tensor]:
        """Returns the descriptors of faces and what they are made of.

        Args:
            pictures: float32 ``[B, 3, H, W]``, RGB in 0..255, square crops; they are resized to 150 x 150.

        Returns:
            ``descriptor [B, 128]`` and ``pooled [B, 256]``, the means of the last feature maps, >= 0.
        """
        size = [self.picture_size, self.picture_size]
        x = functional.interpolate(pictures, size, mode="bilinear", antialias=True)
        x = functional.relu(self.stem((x - self.mean) / 255.0))
        pooled = self.blocks(functional.max_pool2d(x, 3, 2)).mean((2, 3))
        return self.descriptor(pooled), pooled
