"""The spectrum bins and the filters behind ``gtzan_bands.npz``, by formula.

GTZAN's bands were published as pictures and their filters recovered from those. What was recovered are these
formulas: the bins agree exactly and the weights within 1e-7, so a corpus without that file has the same front-end.

Invariant: the weights of every filter sum to 1 over the kept bins.
"""

import math

import torch
from torch import Tensor

from .frontend import FRAME_SAMPLES, NUM_CHROMA, NUM_MELS, NUM_SPECTRUM_BINS, SAMPLE_RATE

NUM_KEPT_BINS = 544
"""Rows of the spectrogram pictures: the other bins of the 1,025 were lost."""

MEL_RANGE_HZ = (30.0, 10_500.0)
"""Lower edge of the first mel band and upper edge of the last."""

CHROMA_RANGE_HZ = (200.0, 4_200.0)
"""Bins outside belong to no pitch class."""


def kept_bins() -> Tensor:
    """Returns the bins that are kept, int64 ``[544]``: the one nearest to the middle of each row of the pictures."""
    return ((torch.arange(NUM_KEPT_BINS, dtype=torch.float64) + 0.5) * NUM_SPECTRUM_BINS / NUM_KEPT_BINS).long()


def mel_filters() -> Tensor:
    """Returns triangles float32 ``[128, 544]``, evenly spaced in mel, ``2595 log10(1 + f / 700)`` (HTK's formula)."""
    low, high = (2595.0 * math.log10(1.0 + hz / 700.0) for hz in MEL_RANGE_HZ)
    edges = 700.0 * (10.0 ** (torch.linspace(low, high, NUM_MELS + 2, dtype=torch.float64) / 2595.0) - 1.0)
    left, centre, right = edges[:-2, None], edges[1:-1, None], edges[2:, None]
    hz = _kept_hz()
    return _normalised(torch.minimum((hz - left) / (centre - left), (right - hz) / (right - centre)))


def chroma_filters() -> Tensor:
    """Returns weights float32 ``[12, 544]`` of C, C sharp, ... B: triangles a semitone to either side, A4 = 440 Hz."""
    hz = _kept_hz()
    semitones = 12.0 * torch.log2(hz.clamp_min(1.0) / 440.0) + 9.0  # above C4
    distance = torch.remainder(semitones - torch.arange(NUM_CHROMA)[:, None] + 6.0, 12.0) - 6.0
    low, high = CHROMA_RANGE_HZ
    return _normalised((1.0 - distance.abs()) * ((hz >= low) & (hz <= high)))


def _kept_hz() -> Tensor:
    return kept_bins().double() * (SAMPLE_RATE / FRAME_SAMPLES)


def _normalised(weights: Tensor) -> Tensor:
    weights = weights.clamp_min(0.0)
    return (weights / weights.sum(1, keepdim=True)).float()
