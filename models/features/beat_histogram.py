"""Beat histogram (Tzanetakis and Cook, 2002, section III-B): which tempi the music has, and how strongly.

Invariant: after each frame it is the mean of what all frames so far put into it, weighted ``decay^age``.
"""

from typing import Final

import torch
from torch import Tensor

from .decay import DecayedMean
from .peaks import collected, enhanced, strongest_peaks
from .streaming import StreamingFeature

SLOWEST_BPM, FASTEST_BPM = 40, 200
NUM_TEMPI = FASTEST_BPM - SLOWEST_BPM + 1
MEMORY_S = 30.0

BeatHistogramState = tuple[Tensor, Tensor]
"""Sum of the histograms ``[B, 161]`` and weight of that ``[B, 1]``."""


class BeatHistogram(StreamingFeature):
    """Onset autocorrelation to a histogram of 1 beat a minute, 40 to 200.

    Each frame adds the three strongest peaks of the enhanced autocorrelation, each by its height.

    Args:
        frame_rate: Frames a second.
        memory_s: How much is remembered; None forgets nothing.
    """

    num_peaks: Final = 3
    num_tempi: Final = NUM_TEMPI
    slowest_bpm: Final = SLOWEST_BPM
    width_bpm: Final = 4
    """A lag of one frame is up to 14 BPM at 43 frames a second; the parabola finds a third of that."""

    first_lag: Final[int]
    last_lag: Final[int]
    bpm_lag: Final[float]

    def __init__(self, frame_rate: float, memory_s: float | None = MEMORY_S) -> None:
        super().__init__()
        self.bpm_lag = 60.0 * frame_rate
        self.first_lag = round(self.bpm_lag / FASTEST_BPM)
        self.last_lag = round(self.bpm_lag / SLOWEST_BPM)
        self.mean = DecayedMean(None if memory_s is None else memory_s * frame_rate)

    @torch.jit.export
    def init_state(self, batch_size: int) -> BeatHistogramState:
        """Returns the state of streams that have heard nothing."""
        return self.like.new_zeros(batch_size, self.num_tempi), self.like.new_zeros(batch_size, 1)

    def forward(self, autocorrelation: Tensor, state: BeatHistogramState) -> tuple[Tensor, BeatHistogramState]:
        """Maps ``[B, F, L + 1]`` of lags from 0, L at least 1.5 s + 1 frame, to ``[B, F, 161]``, at least 0."""
        lags, heights = strongest_peaks(enhanced(autocorrelation), self.first_lag, self.last_lag, self.num_peaks)
        tempi = collected(self.bpm_lag / lags - self.slowest_bpm, heights, self.num_tempi, self.width_bpm)
        histogram, state = self.mean(tempi, state)
        return histogram, state

    @torch.jit.export
    def summary(self, histogram: Tensor) -> Tensor:
        """Returns Tzanetakis and Cook's six features of a beat histogram ``[..., 161]``.

        Returns:
            ``[..., 6]``: A0 and A1, heights of the first and second peak over the sum; RA, second over first; P1 and
            P2, their tempi in BPM, 0 where there is none; SUM, of the histogram: the strength of the beat.
        """
        positions, heights = strongest_peaks(histogram, 1, self.num_tempi - 2, 2)
        total = histogram.sum(-1, keepdim=True)
        ratio = heights[..., 1:] / heights[..., :1].clamp_min(1e-8)
        bpm = torch.where(heights > 0.0, positions + self.slowest_bpm, torch.zeros_like(heights))
        return torch.cat((heights / total.clamp_min(1e-8), ratio, bpm, total), -1)
