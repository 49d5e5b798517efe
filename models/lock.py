"""Lock-on: the voice of what was kept so far becomes a voice to look for.

Invariant: a lock is only ever on a voice that was heard, alone or nearly, long enough and with high confidence; it
opens again by itself when the confidence is gone, and says in the state whether it holds.
"""

import torch
from torch import Tensor, nn

from .asymmetric_stft import HOP_SAMPLES, SAMPLE_RATE

FRAMES_PER_S = SAMPLE_RATE / HOP_SAMPLES


class Lock(nn.Module):
    """Gathers voices that were heard, one a frame, weighted by how likely each is the target's.

    The memory is float32 ``[B, E + 3]``, zeros at first: the weighted sum of the voices, the sum of their weights in
    frames, the running confidence, and whether it is locked (1 or 0).

    Args:
        embedding_size: Size of a voice embedding (E).
        after_s: Seconds of sure frames before it locks.
        close_at: Running confidence from which it may lock.
        open_at: Running confidence below which it opens and forgets; lower than ``close_at``: that is the hysteresis.
        agreement: Length of the mean of the voices from which they agree; 1 is perfect.
    """

    after_frames: Tensor
    close_at: Tensor
    open_at: Tensor
    agreement: Tensor
    lasting: Tensor

    def __init__(
        self,
        embedding_size: int,
        after_s: float = 2.5,
        close_at: float = 0.9,
        open_at: float = 0.5,
        agreement: float = 0.7,
    ) -> None:
        super().__init__()
        self.embedding_size = embedding_size
        self.memory_size = embedding_size + 3
        self.smoothing = 1.0 / FRAMES_PER_S
        self.register_buffer("after_frames", torch.tensor(after_s * FRAMES_PER_S))
        self.register_buffer("close_at", torch.tensor(close_at))
        self.register_buffer("open_at", torch.tensor(open_at))
        self.register_buffer("agreement", torch.tensor(agreement))
        # Of the memory, the running confidence alone outlives a lock.
        self.register_buffer("lasting", torch.arange(self.memory_size) == embedding_size + 1, persistent=False)

    @torch.jit.export
    def voice(self, memory: Tensor) -> tuple[Tensor, Tensor]:
        """Returns the voice that is locked on, unit length ``[B, E]``, and whether there is one, ``[B, 1]``."""
        total = memory[:, : self.embedding_size]
        return nn.functional.normalize(total, dim=1), memory[:, self.embedding_size + 2 :]

    def forward(self, memory: Tensor, voice: Tensor, loudest: Tensor, confidence: Tensor, wanted: Tensor) -> Tensor:
        """Advances by one frame.

        Args:
            memory: ``[B, E + 3]``.
            voice: The voice that is the loudest now, unit length ``[B, E]``.
            loudest: Probability that it is the target's, ``[B, 1]``.
            confidence: Probability that the one kept is the target, ``[B, 1]``.
            wanted: 1 where a lock may be, else 0: such a row forgets. ``[B, 1]``

        Returns:
            The new memory.
        """
        total, frames, running, locked = memory.split_with_sizes([self.embedding_size, 1, 1, 1], 1)
        speaking = loudest > 0.5
        # Confidence is about who is kept: it means nothing while nobody is.
        started = torch.where(running == 0.0, confidence, torch.lerp(running, confidence, self.smoothing))
        running = torch.where(speaking, started, running)
        sure = loudest * (confidence > self.close_at)
        total = torch.addcmul(total, sure, voice)
        frames = frames + sure
        agreed = torch.linalg.vector_norm(total, dim=1, keepdim=True) >= self.agreement * frames
        closes = (frames >= self.after_frames) & (running >= self.close_at) & agreed
        locked = torch.where(closes, 1.0, locked)
        keeps = (wanted > 0.5) & ((running >= self.open_at) | (frames == 0.0))
        memory = torch.cat((total, frames, running, locked), 1)
        return torch.where(keeps | self.lasting, memory, 0.0)
