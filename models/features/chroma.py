"""Power spectra to chroma: how much of each of the twelve pitch classes sounds (Ellis, 2007; librosa's filters).

Invariant: a frame's chroma depend on that frame alone. Tuning is A = 440 Hz: librosa estimates it from the whole clip,
which is not causal.
"""

import math

import torch
from torch import Tensor, nn

from .framing import FRAME_SAMPLES
from .spectrum import bin_frequencies

NUM_CHROMA = 12
_LOWEST_A_HZ = 27.5
_CENTRE_OCTAVE = 5.0
_OCTAVE_WIDTH = 2.0


class Chroma(nn.Module):
    """Power spectrum to twelve pitch classes from C to B, the strongest of a frame 1; of digital silence all are 0."""

    filters: Tensor

    def __init__(self, sample_rate: int, frame_samples: int = FRAME_SAMPLES) -> None:
        super().__init__()
        self.register_buffer("filters", chroma_filters(sample_rate, frame_samples))

    def forward(self, power: Tensor) -> Tensor:
        """Maps ``[B, F, K]`` to ``[B, F, 12]`` in [0, 1]."""
        chroma = torch.matmul(power, self.filters)
        return chroma / chroma.amax(-1, keepdim=True).clamp_min(1e-30)


def chroma_filters(sample_rate: int, frame_samples: int) -> Tensor:
    """Returns the weight of every bin in every pitch class, float32 ``[K, 12]``.

    Each bin is a Gaussian bump about its pitch, as wide as the bin is in semitones but at least one, of unit length,
    and weighs less the further it is from the fifth octave.
    """
    semitones = NUM_CHROMA * torch.log2(bin_frequencies(sample_rate, frame_samples)[1:] / _LOWEST_A_HZ)
    semitones = torch.cat((semitones[:1] - 1.5 * NUM_CHROMA, semitones))  # DC: somewhere below, and broad.
    # The bin above half the rate, too, so that the last bin that is kept has a width.
    beyond = NUM_CHROMA * math.log2((frame_samples // 2 + 1) * sample_rate / frame_samples / _LOWEST_A_HZ)
    widths = torch.diff(semitones, append=torch.tensor([beyond], dtype=torch.float64)).clamp_min(1.0)
    half = NUM_CHROMA / 2
    distances = torch.remainder(semitones[:, None] - torch.arange(NUM_CHROMA) + half, NUM_CHROMA) - half
    bumps = torch.exp(-0.5 * (2.0 * distances / widths[:, None]).square())
    bumps /= torch.linalg.vector_norm(bumps, dim=1, keepdim=True)
    octaves = semitones[:, None] / NUM_CHROMA
    bumps *= torch.exp(-0.5 * ((octaves - _CENTRE_OCTAVE) / _OCTAVE_WIDTH).square())
    return bumps.roll(-3, 1).float().contiguous()  # From A first to C first.
