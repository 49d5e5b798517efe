"""Clips cut into the segments that the papers classify.

Invariant: segments are ordered by clip, as many of each, so ``[S, ...]`` is ``[N, segments, ...]`` reshaped.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

Indices = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Segments:
    """Every segment of every clip.

    Attributes:
        mel: uint8 ``[S, F, 128]``, dB = value / 2 - 100.
        clips: int64 ``[S]``, the clip that each is of.
        labels: int64 ``[S]``.
    """

    mel: NDArray[np.uint8]
    clips: Indices
    labels: Indices

    def decibels(self, indices: Indices) -> torch.Tensor:
        """Returns float32 ``[len(indices), F, 128]`` in dB, as the networks take it."""
        return torch.from_numpy(self.mel[indices]).float() * 0.5 - 100.0

    def of_clips(self, clips: Indices) -> Indices:
        """Returns the indices of all segments of ``clips``, in the order of the clips."""
        count = len(self.clips) // (int(self.clips[-1]) + 1)
        return (clips[:, None] * count + np.arange(count)).ravel()


def cut(mel: NDArray[np.uint8], labels: Indices, num_segments: int, num_frames: int) -> Segments:
    """Cuts every clip into ``num_segments`` that begin evenly spaced and have as many whole frames as fit.

    Args:
        mel: Stored bands ``[N, F, 128]``.
        labels: ``[N]``.
        num_segments: Segments of a clip.
        num_frames: Frames that every clip has; what lies behind is left out.

    Raises:
        ValueError: When a segment would have no frame.
    """
    length = num_frames // num_segments
    if length < 1:
        raise ValueError(f"expected at most {num_frames} segments of {num_frames} frames, got {num_segments}")
    starts = np.arange(num_segments) * num_frames // num_segments
    pieces = mel[:, starts[:, None] + np.arange(length)]
    clips = np.repeat(np.arange(len(mel)), num_segments)
    return Segments(pieces.reshape(-1, length, mel.shape[-1]), clips, labels[clips])
