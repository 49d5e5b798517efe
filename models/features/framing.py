"""Samples in pieces of any length to overlapping frames.

Invariant: frame ``f`` of a stream is its samples ``f * hop .. f * hop + size - 1``, however they arrived. Nothing is
padded (librosa's ``center=False``): a frame depends on the past alone and is there as soon as its last sample is.
"""

from typing import Final

import torch
from torch import Tensor

from .streaming import StreamingFeature

FRAME_SAMPLES = 2_048


class Framer(StreamingFeature):
    """Cuts streams into frames. The streams of a batch are in step: all have been given equally many samples.

    Args:
        hop_samples: From one frame's beginning to the next one's, in [1, frame_samples].
        frame_samples: Length of a frame.

    Raises:
        ValueError: When the hop is not in that range.
    """

    frame_samples: Final[int]
    hop_samples: Final[int]

    def __init__(self, hop_samples: int, frame_samples: int = FRAME_SAMPLES) -> None:
        super().__init__()
        if not 1 <= hop_samples <= frame_samples:
            raise ValueError(f"expected a hop of 1 to {frame_samples} samples, got {hop_samples}")
        self.frame_samples = frame_samples
        self.hop_samples = hop_samples

    @torch.jit.export
    def init_state(self, batch_size: int) -> Tensor:
        """Returns the state ``[B, 0]`` of streams that have heard nothing."""
        return self.like.new_zeros(batch_size, 0)

    def forward(self, x: Tensor, carried: Tensor) -> tuple[Tensor, Tensor]:
        """Takes in samples and gives the frames that they complete.

        Args:
            x: float32 ``[B, T]``, the samples after those of the last call, T >= 0.
            carried: From ``init_state`` or the last call.

        Returns:
            Frames ``[B, F, frame_samples]``, F >= 0, and the samples that later frames need, fewer than a frame.
        """
        heard = torch.cat((carried, x), 1)
        num_frames = max(0, (heard.size(1) - self.frame_samples) // self.hop_samples + 1)
        if num_frames == 0:
            return heard.new_zeros(heard.size(0), 0, self.frame_samples), heard
        # A copy, because a view would keep all that was heard in memory.
        return heard.unfold(1, self.frame_samples, self.hop_samples), heard[:, num_frames * self.hop_samples :].clone()
