"""Where eyes, brows, nose, mouth and jaw of a face are: a small dense network with public weights (face-api).

Densely connected as in Huang et al. (2017), but adding where they concatenate, with separable convolutions (Chollet,
2017); 68 points in the order of the 300-W challenge (Sagonas et al., 2013).

Invariant: faces do not see each other.
"""

from typing import Final

import torch
from torch import Tensor, nn
from torch.nn import functional

from .separable_conv import SeparableConv

PICTURE_SIZE = 112
MEAN_RGB = (122.782, 117.001, 104.298)
NUM_POINTS = 68
LEFT_EYE = (36, 42)
RIGHT_EYE = (42, 48)
MOUTH = (48, 68)

EYE_TO_MOUTH = 0.45
"""Distance of eyes and mouth as part of the square's side, as in the crops that dlib's recognition network knows."""

DROP = 0.07
"""How far the centre of the square lies below the mean of eyes and mouth, as part of its side."""


class DenseBlock(nn.Module):
    """Three convolutions, each of which hears the sum of those before it; the first one halves.

    Args:
        first: Convolution of stride 2 and without border, ``[B, C, H, W]`` to ``[B, channels, ...]``.
        channels: Channels of the output.
    """

    def __init__(self, first: nn.Module, channels: int) -> None:
        super().__init__()
        self.conv0 = first
        self.conv1 = SeparableConv(channels, channels)
        self.conv2 = SeparableConv(channels, channels)

    def forward(self, x: Tensor) -> Tensor:
        """Maps ``[B, C, H, W]``, H and W even, to ``[B, channels, H / 2, W / 2]``."""
        # TensorFlow's border for an even size: all of it right and below.
        first = functional.relu(self.conv0(functional.pad(x, [0, 1, 0, 1])))
        second = first + self.conv1(first)
        return functional.relu(second + self.conv2(functional.relu(second)))


class FaceLandmarks(nn.Module):
    """Squares around faces to points, and to the square that the networks of faces want."""

    picture_size: Final = PICTURE_SIZE
    num_points: Final = NUM_POINTS
    eye_to_mouth: Final = EYE_TO_MOUTH
    drop: Final = DROP
    mean: Tensor
    parts: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("mean", torch.tensor(MEAN_RGB).view(3, 1, 1))
        self.register_buffer("parts", torch.stack([_mean_of(*part) for part in (LEFT_EYE, RIGHT_EYE, MOUTH)]))
        self.blocks = nn.Sequential(
            DenseBlock(nn.Conv2d(3, 32, 3, 2), 32),
            DenseBlock(SeparableConv(32, 64, stride=2, padding=0), 64),
            DenseBlock(SeparableConv(64, 128, stride=2, padding=0), 128),
        )
        self.points = nn.Linear(128, 2 * NUM_POINTS)

    def forward(self, pictures: Tensor) -> Tensor:
        """Returns the points of faces.

        Args:
            pictures: float32 ``[B, 3, 112, 112]``, RGB in 0..255, a face in each, from the brows to the chin at least.

        Returns:
            float32 ``[B, 68, 2]``, x and y as parts of the picture's side; points may lie outside of it.
        """
        pooled = self.blocks((pictures - self.mean) / 255.0).mean((2, 3))
        points: Tensor = self.points(pooled).view(-1, self.num_points, 2)
        return points

    @torch.jit.export
    def square(self, points: Tensor) -> Tensor:
        """Returns the squares in which faces are recognised, by eyes and mouth as dlib places them, but upright.

        Args:
            points: float32 ``[B, 68, 2]``.

        Returns:
            float32 ``[B, 4]`` in the units of the points: left, top, right, bottom.
        """
        parts = torch.matmul(self.parts, points)
        eye_to_mouth = torch.linalg.vector_norm(parts[:, :2] - parts[:, 2:], dim=2).mean(1, keepdim=True)
        side = eye_to_mouth / self.eye_to_mouth
        centre = parts.mean(1)
        centre = torch.cat((centre[:, :1], centre[:, 1:] + self.drop * side), 1)
        return torch.cat((centre - side / 2, centre + side / 2), 1)


def bounding_square(points: Tensor, margin: float) -> Tensor:
    """Returns ``[B, 4]`` (left, top, right, bottom), the square about points ``[B, N, 2]``, larger by ``margin``."""
    low, high = points.amin(1), points.amax(1)
    side = (high - low).amax(1, keepdim=True) * (1.0 + margin)
    return torch.cat(((low + high - side) / 2, (low + high + side) / 2), 1)


def _mean_of(first: int, last: int) -> Tensor:
    weights = torch.zeros(NUM_POINTS)
    weights[first:last] = 1.0 / (last - first)
    return weights
