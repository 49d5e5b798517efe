"""How old a face looks, and whether it looks male: a small Xception (Chollet, 2017) with public weights (face-api).

Xception's entry, middle and exit flow with 3, 2 and 1 blocks and at most 512 channels; batch normalisation was folded
by its authors. It says how a face looks to it, which is not what somebody is.

Invariant: pictures do not see each other.
"""

from typing import Final

import torch
from torch import Tensor, nn
from torch.nn import functional

from .separable_conv import SeparableConv

PICTURE_SIZE = 112
MEAN_RGB = (122.782, 117.001, 104.298)
POOLED_SIZE = 512


class ReductionBlock(nn.Module):
    """Two separable convolutions and a pool that halves, beside a strided 1 x 1 convolution (Chollet, 2017, figure 5).

    Args:
        channels_in: Channels of the input.
        channels_out: Channels of the output.
        activate: Whether the input passes through a ReLU first; not where it comes from one.
    """

    activate: Final[bool]

    def __init__(self, channels_in: int, channels_out: int, activate: bool) -> None:
        super().__init__()
        self.activate = activate
        self.conv0 = SeparableConv(channels_in, channels_out)
        self.conv1 = SeparableConv(channels_out, channels_out)
        self.expansion = nn.Conv2d(channels_in, channels_out, 1, 2)

    def forward(self, x: Tensor) -> Tensor:
        """Maps ``[B, channels_in, H, W]``, H and W even, to ``[B, channels_out, H / 2, W / 2]``."""
        y = self.conv0(functional.relu(x) if self.activate else x)
        y = self.conv1(functional.relu(y))
        # TensorFlow's border for an even size: all of it right and below.
        y = functional.max_pool2d(functional.pad(y, [0, 1, 0, 1], value=-float("inf")), 3, 2)
        reduced: Tensor = y + self.expansion(x)
        return reduced


class MainBlock(nn.Module):
    """Three separable convolutions around which the input passes."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv0 = SeparableConv(channels, channels)
        self.conv1 = SeparableConv(channels, channels)
        self.conv2 = SeparableConv(channels, channels)

    def forward(self, x: Tensor) -> Tensor:
        """Maps ``[B, channels, H, W]`` to the same shape."""
        y = self.conv0(functional.relu(x))
        y = self.conv1(functional.relu(y))
        y = self.conv2(functional.relu(y))
        passed: Tensor = x + y
        return passed


class FaceAttributes(nn.Module):
    """Face crops to age and sex as they look."""

    picture_size: Final = PICTURE_SIZE
    mean: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("mean", torch.tensor(MEAN_RGB).view(3, 1, 1))
        self.stem = nn.Conv2d(3, 32, 3, 2)
        self.entry = nn.Sequential(ReductionBlock(32, 64, activate=False), ReductionBlock(64, 128, activate=True))
        self.middle = nn.Sequential(MainBlock(128), MainBlock(128))
        self.exit = nn.Sequential(ReductionBlock(128, 256, activate=True), SeparableConv(256, POOLED_SIZE), nn.ReLU())
        self.age = nn.Linear(POOLED_SIZE, 1)
        self.sex = nn.Linear(POOLED_SIZE, 2)

    def forward(self, pictures: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Returns what faces look like.

        Args:
            pictures: float32 ``[B, 3, H, W]``, RGB in 0..255, square crops; they are resized to 112 x 112.

        Returns:
            ``age [B]`` in years, ``male_logit [B]``, the log-odds of male against female, and ``pooled [B, 512]``,
            the means of the last feature maps, >= 0.
        """
        size = [self.picture_size, self.picture_size]
        x = functional.interpolate(pictures, size, mode="bilinear", antialias=True)
        x = functional.pad((x - self.mean) / 255.0, [0, 1, 0, 1])
        x = functional.relu(self.stem(x))
        pooled = self.exit(self.middle(self.entry(x))).mean((2, 3))
        male, female = self.sex(pooled).unbind(1)
        return self.age(pooled).squeeze(1), male - female, pooled
