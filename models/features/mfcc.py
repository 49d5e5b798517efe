"""Mel-frequency cepstral coefficients, as librosa has them, of log-mel bands or of a stream of samples.

Paper 004, section 6 takes 13 of them at 22,050 Hz from frames of 2,048 samples every 512; GTZAN's bands come every
1,920. Both are ``StreamingMfcc`` with another hop.

Invariant: whatever the chunking, the coefficients are those of the whole clip.
"""

from typing import Final

import torch
from torch import Tensor, nn

from ..frontend import dct_matrix
from .framing import FRAME_SAMPLES, Framer
from .mel import NUM_MELS, LogMel
from .spectrum import Spectrum, power_of

NUM_MFCC = 13


class Mfcc(nn.Module):
    """Orthonormal DCT-II of log-mel bands: ``[B, F, num_mels]`` dB to ``[B, F, num_mfcc]``."""

    dct: Tensor

    def __init__(self, num_mfcc: int = NUM_MFCC, num_mels: int = NUM_MELS) -> None:
        super().__init__()
        self.register_buffer("dct", dct_matrix(num_mels, num_mfcc))

    def forward(self, log_mel: Tensor) -> Tensor:
        return torch.matmul(log_mel, self.dct)


class StreamingMfcc(nn.Module):
    """Samples in pieces of any length to MFCC.

    Args:
        sample_rate: Hz.
        hop_samples: From one frame to the next.
        num_mfcc: Coefficients, the zeroth included.
    """

    sample_rate: Final[int]

    def __init__(self, sample_rate: int = 22_050, hop_samples: int = 512, num_mfcc: int = NUM_MFCC) -> None:
        super().__init__()
        self.sample_rate = sample_rate
        self.framer = Framer(hop_samples, FRAME_SAMPLES)
        self.spectrum = Spectrum(FRAME_SAMPLES)
        self.log_mel = LogMel(sample_rate)
        self.mfcc = Mfcc(num_mfcc)

    @torch.jit.export
    def init_state(self, batch_size: int) -> Tensor:
        """Returns the state of streams that have heard nothing."""
        return self.framer.init_state(batch_size)

    def forward(self, x: Tensor, carried: Tensor) -> tuple[Tensor, Tensor]:
        """Maps samples ``[B, T]`` in [-1, 1] to ``[B, F, num_mfcc]`` of the frames that they complete."""
        frames, carried = self.framer(x, carried)
        return self.mfcc(self.log_mel(power_of(self.spectrum(frames)))), carried
