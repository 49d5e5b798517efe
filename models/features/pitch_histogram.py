"""Pitch histogram (Tzanetakis, Ermolinskyi and Cook, 2003; paper 000, section III): which pitches the music has.

Invariant: after each frame it is the mean of what all frames so far put into it, weighted ``decay^age``.
"""

import math
from typing import Final

import torch
from torch import Tensor

from .decay import DecayedMean
from .framing import FRAME_SAMPLES
from .peaks import collected, enhanced, strongest_peaks
from .streaming import StreamingFeature

LOWEST_MIDI, HIGHEST_MIDI = 36, 84
NUM_PITCHES = HIGHEST_MIDI - LOWEST_MIDI + 1
MEMORY_S = 30.0
_SPLIT_HZ = 1_000.0

PitchHistogramState = tuple[Tensor, Tensor]
"""Sum of the histograms ``[B, 49]`` and weight of that ``[B, 1]``."""


class PitchHistogram(StreamingFeature):
    """Spectrum to a histogram of semitones, C2 (65 Hz) to C6 (1,047 Hz).

    Each frame adds the three strongest peaks of its enhanced summary autocorrelation (Tolonen and Karjalainen, 2000):
    of the sound below 1 kHz and of the envelope of the sound above it, magnitudes compressed by the power 0.67.

    Args:
        sample_rate: Hz.
        frame_rate: Frames a second.
        frame_samples: Length of the frames that the spectra come from.
        memory_s: How much is remembered; None forgets nothing.
    """

    num_peaks: Final = 3
    num_pitches: Final = NUM_PITCHES
    lowest_midi: Final = LOWEST_MIDI
    compression: Final = 0.67

    first_lag: Final[int]
    last_lag: Final[int]
    split: Final[int]
    frame_samples: Final[int]
    midi_of_lag_1: Final[float]
    fold: Tensor

    def __init__(
        self,
        sample_rate: int,
        frame_rate: float,
        frame_samples: int = FRAME_SAMPLES,
        memory_s: float | None = MEMORY_S,
    ) -> None:
        super().__init__()
        self.frame_samples = frame_samples
        self.split = round(_SPLIT_HZ * frame_samples / sample_rate)
        self.midi_of_lag_1 = 69.0 + 12.0 * math.log2(sample_rate / 440.0)
        self.first_lag = math.ceil(2.0 ** ((self.midi_of_lag_1 - HIGHEST_MIDI - 0.5) / 12.0))
        self.last_lag = math.floor(2.0 ** ((self.midi_of_lag_1 - LOWEST_MIDI + 0.5) / 12.0))
        self.mean = DecayedMean(None if memory_s is None else memory_s * frame_rate)
        self.register_buffer("fold", torch.eye(12).roll(LOWEST_MIDI % 12, 1).repeat(5, 1)[:NUM_PITCHES])

    @torch.jit.export
    def init_state(self, batch_size: int) -> PitchHistogramState:
        """Returns the state of streams that have heard nothing."""
        return self.like.new_zeros(batch_size, self.num_pitches), self.like.new_zeros(batch_size, 1)

    def forward(self, spectrum: Tensor, state: PitchHistogramState) -> tuple[Tensor, PitchHistogramState]:
        """Maps complex spectra ``[B, F, K]`` to ``[B, F, 49]``, at least 0, of which a frame adds 3 at most."""
        if spectrum.size(1) == 0:
            return spectrum.real.new_zeros(spectrum.size(0), 0, self.num_pitches), state
        autocorrelation = self.autocorrelation(spectrum)
        for factor in (2, 3, 5, 7):  # A note repeats at thrice its period, too: another pitch class.
            autocorrelation = enhanced(autocorrelation, factor)
        lags, heights = strongest_peaks(autocorrelation, self.first_lag, self.last_lag, self.num_peaks)
        midi = self.midi_of_lag_1 - 12.0 * torch.log2(lags)
        histogram, state = self.mean(collected(midi - self.lowest_midi, heights, self.num_pitches), state)
        return histogram, state

    def autocorrelation(self, spectrum: Tensor) -> Tensor:
        """Returns the summary autocorrelation of the lags that pitches have, 1 at lag 0 ``[B, F, last_lag + 2]``."""
        above = spectrum.clone()
        above[..., : self.split] = 0.0
        # Half-wave rectification brings the pitch that the partials above the split share down below it.
        envelope = torch.fft.rfft(torch.fft.irfft(above, self.frame_samples).clamp_min(0.0))
        low, high = spectrum[..., : self.split].abs(), envelope[..., : self.split].abs()
        power = low.pow(self.compression) + high.pow(self.compression)
        power[..., 0] = 0.0  # DC, of the envelope above all, would lift every lag alike.
        lags: Tensor = torch.fft.irfft(power, self.frame_samples)[..., : self.last_lag + 2]
        return lags / lags[..., :1].clamp_min(1e-12)

    @torch.jit.export
    def folded(self, histogram: Tensor) -> Tensor:
        """Adds up the octaves of a pitch histogram ``[..., 49]``: ``[..., 12]`` pitch classes from C to B."""
        return torch.matmul(histogram, self.fold)

    @torch.jit.export
    def summary(self, histogram: Tensor) -> Tensor:
        """Returns the five features of paper 000 of a pitch histogram ``[..., 49]``.

        Returns:
            ``[..., 5]``: share of the strongest pitch class; the strongest pitch, MIDI number; the strongest pitch
            class, 0 (C) to 11; smallest interval between the two most prominent classes, 0 to 6 semitones, 0 where
            there is one only; sum of the histogram: how clearly pitched the music is. All 0 of an empty histogram.
        """
        classes, total = self.folded(histogram), histogram.sum(-1, keepdim=True)
        around = torch.cat((classes[..., -1:], classes, classes[..., :1]), -1)
        is_peak = torch.logical_and(classes > around[..., :-2], classes >= around[..., 2:])
        heights, peaks = torch.where(is_peak, classes, torch.zeros_like(classes)).topk(2, dim=-1)
        share = heights[..., :1] / total.clamp_min(1e-8)
        pitch = (histogram.argmax(-1, keepdim=True) + self.lowest_midi) * (total > 0.0)
        pitch_class = peaks[..., :1] * (total > 0.0)
        upwards = torch.remainder(peaks[..., 1:] - peaks[..., :1], 12)
        interval = torch.minimum(upwards, 12 - upwards) * (heights[..., 1:] > 0.0)
        return torch.cat((share, pitch, pitch_class, interval, total), -1)
