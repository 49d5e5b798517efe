"""What the networks of the papers look at: 13 MFCC, or 96 mel bands; standardised over the training part.

Invariant: the statistics are buffers, so they are saved, loaded and moved with the weights.
"""

from abc import ABC, abstractmethod

import torch
from torch import Tensor, nn
from torch.nn import functional

from ..frontend import FLOOR_DB, NUM_MFCC, dct_matrix


class Standardise(nn.Module):
    """Takes the mean from every feature and divides by its deviation.

    Args:
        num_features: Features of a frame, D.
    """

    mean: Tensor
    scale: Tensor

    def __init__(self, num_features: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(num_features))
        self.register_buffer("scale", torch.ones(num_features))

    def measure(self, x: Tensor) -> None:
        """Takes mean and deviation of the frames of ``x [..., D]``."""
        frames = x.flatten(0, -2)
        self.mean.copy_(frames.mean(0))
        self.scale.copy_(frames.std(0).clamp_min(1e-3).reciprocal())

    def forward(self, x: Tensor) -> Tensor:
        return (x - self.mean) * self.scale


class Front(nn.Module, ABC):
    """Features of every frame, standardised.

    Args:
        num_features: Features of a frame, D.
    """

    def __init__(self, num_features: int) -> None:
        super().__init__()
        self.num_features = num_features
        self.standardise = Standardise(num_features)

    @abstractmethod
    def features(self, mel_db: Tensor) -> Tensor:
        """Maps mel bands ``[B, F, 128]`` in dB to features ``[B, F, D]`` that are not standardised yet."""

    def measure(self, mel_db: Tensor) -> None:
        """Fixes the standardisation to segments ``[N, F, 128]``."""
        self.standardise.measure(self.features(mel_db))

    def forward(self, mel_db: Tensor) -> Tensor:
        standardised: Tensor = self.standardise(self.features(mel_db))
        return standardised


class MfccFront(Front):
    """13 MFCC: floor at -75 dB, orthonormal DCT-II.

    Args:
        num_bands: Lowest bands that are used: all 128 reach 11 kHz (paper 004), 112 reach 7.5 kHz (paper 000).
    """

    dct: Tensor

    def __init__(self, num_bands: int) -> None:
        super().__init__(NUM_MFCC)
        self.register_buffer("dct", dct_matrix(num_bands, NUM_MFCC))

    def features(self, mel_db: Tensor) -> Tensor:
        return torch.matmul(mel_db[..., : self.dct.size(0)].clamp_min(FLOOR_DB), self.dct)


class MelFront(Front):
    """96 mel bands in dB, floor at -75 dB, interpolated along frequency from the 128 that are stored."""

    def __init__(self) -> None:
        super().__init__(96)

    def features(self, mel_db: Tensor) -> Tensor:
        return functional.interpolate(mel_db.clamp_min(FLOOR_DB), size=self.num_features, mode="linear")


class SegmentNet(nn.Module, ABC):
    """A network that names a segment as a whole, once it has been heard to its end.

    Args:
        front: What it looks at; to be measured on the training part before training.
    """

    def __init__(self, front: Front) -> None:
        super().__init__()
        self.front = front

    @abstractmethod
    def forward(self, mel_db: Tensor) -> Tensor:
        """Maps ``mel_db [B, F, 128]`` in dB to ``log_probs [B, L]``."""
