"""Spectral contrast (Jiang et al., 2002): how far the peaks of each octave stand above its valleys.

Invariant: a frame's contrast depends on that frame alone, so librosa's ``top_db=80`` is left out, as in ``mel``.
"""

import torch
from torch import Tensor, nn

from .framing import FRAME_SAMPLES
from .mel import power_to_db
from .spectrum import bin_frequencies

NUM_BANDS = 7
LOWEST_HZ = 200.0
QUANTILE = 0.02


class SpectralContrast(nn.Module):
    """Magnitude spectrum to dB in seven bands: below 200 Hz and six octaves from there, the last cut by half the rate.

    Raises:
        ValueError: When the sixth octave begins above half the rate.
    """

    def __init__(self, sample_rate: int, frame_samples: int = FRAME_SAMPLES) -> None:
        super().__init__()
        self.begins, self.ends, self.counts = _bands(sample_rate, frame_samples)

    def forward(self, magnitude: Tensor) -> Tensor:
        """Maps ``[B, F, K]`` to ``[B, F, 7]``: mean of each band's highest 2 % over mean of its lowest 2 %."""
        peaks, valleys = [], []
        for begin, end, count in zip(self.begins, self.ends, self.counts):  # noqa: B905 - TorchScript knows no strict.
            band = magnitude[..., begin:end]
            peaks.append(band.topk(count, dim=-1)[0].mean(-1))
            valleys.append(band.topk(count, dim=-1, largest=False)[0].mean(-1))
        return power_to_db(torch.stack(peaks, -1)) - power_to_db(torch.stack(valleys, -1))


def _bands(sample_rate: int, frame_samples: int) -> tuple[list[int], list[int], list[int]]:
    """Returns first bin, end bin and bins averaged of each band, by librosa's rules."""
    edges = [0.0, *(LOWEST_HZ * 2.0**octave for octave in range(NUM_BANDS))]
    if edges[-2] >= sample_rate / 2:
        raise ValueError(f"expected a rate above {2 * edges[-2]:.0f} Hz, got {sample_rate}")
    hz = bin_frequencies(sample_rate, frame_samples)
    begins, ends, counts = [], [], []
    for band in range(NUM_BANDS):
        inside = torch.nonzero((hz >= edges[band]) & (hz <= edges[band + 1]))
        last = band == NUM_BANDS - 1
        begin = int(inside[0]) - (band > 0)  # One bin of the band below.
        end = len(hz) if last else int(inside[-1]) + 1
        begins.append(begin)
        ends.append(end if last else end - 1)
        counts.append(max(1, round(QUANTILE * (end - begin))))
    return begins, ends, counts
