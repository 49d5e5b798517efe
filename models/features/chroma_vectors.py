"""Paper 000's chroma vector: 30 chroma of 12, one after the other, 360 in all (section III).

The paper averages chroma over a beat (Ellis, 2007) and "selects only 30 Chroma vectors for each song randomly or
sequentially". Sequentially is what a stream can do. The average is over a fixed time, because a beat tracker's mistakes
would move every later vector; with one second the 30 are the 30 segments that the paper cuts a clip into.

Invariant: after each frame the vectors are those of the last 30 whole stretches of the stream, oldest first.
"""

from typing import Final

import torch
from torch import Tensor

from .chroma import NUM_CHROMA
from .streaming import StreamingFeature

NUM_VECTORS = 30

ChromaVectorsState = tuple[Tensor, Tensor, Tensor]
"""Vectors ``[B, 30, 12]``; sum over the stretch that is not whole yet ``[B, 12]`` and its frames so far ``[B]``."""


class ChromaVectors(StreamingFeature):
    """Chroma to the means of the last 30 stretches; those that were not heard yet are zeros, and come first.

    Args:
        stretch_frames: Frames that one vector is the mean of, at least 1.

    Raises:
        ValueError: When a stretch has no frame.
    """

    num_vectors: Final = NUM_VECTORS
    num_chroma: Final = NUM_CHROMA
    stretch_frames: Final[int]

    def __init__(self, stretch_frames: int) -> None:
        super().__init__()
        if stretch_frames < 1:
            raise ValueError(f"expected stretches of at least 1 frame, got {stretch_frames}")
        self.stretch_frames = stretch_frames

    @torch.jit.export
    def init_state(self, batch_size: int) -> ChromaVectorsState:
        """Returns the state of streams that have heard nothing."""
        vectors = self.like.new_zeros(batch_size, self.num_vectors, self.num_chroma)
        return vectors, self.like.new_zeros(batch_size, self.num_chroma), self.like.new_zeros(batch_size)

    def forward(self, chroma: Tensor, state: ChromaVectorsState) -> tuple[Tensor, ChromaVectorsState]:
        """Maps chroma ``[B, F, 12]`` to ``[B, F, 360]``."""
        vectors, partial, count = state
        batch, num_frames = chroma.size(0), chroma.size(1)
        if num_frames == 0:
            return chroma.new_zeros(batch, 0, self.num_vectors * self.num_chroma), state
        phase = count.long().unsqueeze(1) + torch.arange(num_frames, device=chroma.device)  # [B, F]
        stretch = torch.div(phase, self.stretch_frames, rounding_mode="floor")
        # Of each stretch that these frames fall into the sum; the first goes on from the last call.
        num_stretches = num_frames // self.stretch_frames + 2
        sums = torch.cat((partial.unsqueeze(1), chroma.new_zeros(batch, num_stretches - 1, self.num_chroma)), 1)
        sums = sums.scatter_add(1, stretch.unsqueeze(2).expand_as(chroma), chroma)
        sequence = torch.cat((vectors, sums / self.stretch_frames), 1)
        windows = sequence.unfold(1, self.num_vectors, 1).transpose(2, 3).flatten(2)  # [B, stretches + 1, 360]
        whole = torch.div(phase + 1, self.stretch_frames, rounding_mode="floor")
        output = windows.gather(1, whole.unsqueeze(2).expand(-1, -1, windows.size(2)))
        last = whole[:, -1:, None].expand(-1, -1, self.num_chroma)
        partial = sums.gather(1, last).squeeze(1)
        count = torch.remainder(phase[:, -1] + 1, self.stretch_frames).to(chroma.dtype)
        return output, (output[:, -1].reshape(batch, self.num_vectors, self.num_chroma), partial, count)
