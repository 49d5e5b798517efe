"""What is read off the samples of a frame without a spectrum: energy and zero crossings.

Invariant: a frame's values depend on that frame alone.
"""

import math

import torch
from torch import Tensor


def rms(frames: Tensor) -> Tensor:
    """Returns the root of the mean square of ``frames [B, F, N]``, as ``[B, F, 1]`` (``librosa.feature.rms``)."""
    norm: Tensor = torch.linalg.vector_norm(frames, dim=-1, keepdim=True)
    return norm / math.sqrt(frames.size(-1))


def zero_crossing_rate(frames: Tensor) -> Tensor:
    """Returns the share of samples with another sign than the one before, ``[B, F, 1]`` in [0, 1].

    Samples within 1e-10 of zero count as positive, and the first of a frame never counts, as in librosa.
    """
    negative = frames < -1e-10
    crossings = torch.logical_xor(negative[..., 1:], negative[..., :-1])
    return crossings.sum(-1, keepdim=True).to(frames.dtype) / frames.size(-1)
