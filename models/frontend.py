"""GTZAN's spectral bands: 22,050 Hz audio to 128 mel bands and 12 chroma in dB, and 13 MFCC of the mel bands.

Invariant: a frame depends on its own 2,048 samples alone, so the front-end needs no state: called with chunks of
2,048 that move by 1,920 it gives the frames of the whole clip.
"""

import math
from typing import Final

import torch
from torch import Tensor, nn

SAMPLE_RATE = 22_050
FRAME_SAMPLES = 2_048
HOP_SAMPLES = 1_920
NUM_SPECTRUM_BINS = FRAME_SAMPLES // 2 + 1
NUM_MELS = 128
NUM_CHROMA = 12
NUM_MFCC = 13

FLOOR_DB = -75.0
"""Bands below this are raised to it: what lies under it in GTZAN is quantisation noise, in opus a codec's holes."""

MFCC_MELS = 112
"""Bands wholly below 7.5 kHz. The MFCC stop there, as in paper 000, which resamples GTZAN to 16 kHz: speech corpora
and web radio end at 8 kHz, and a network that sees above it learns the bandwidth of a recording, not its content."""


class Bands(nn.Module):
    """Audio to mel bands and chroma in dB, as ``gtzan_bands.npz`` defines them, from one spectrum.

    ``P = |rfft(w * x)|^2 / (2 * sum(w^2))``, doubled except at DC and Nyquist; ``10 log10(filters @ P[bins])``.

    Args:
        bins: int64 ``[K]``, the spectrum bins that are kept, each in [0, 1024].
        mel_filters: float32 ``[128, K]``, weight of each kept bin in each band.
        chroma_filters: float32 ``[12, K]``, weight of each kept bin in each pitch class.

    Raises:
        ValueError: When the shapes disagree or a bin is outside the spectrum.
    """

    frame_samples: Final = FRAME_SAMPLES
    hop_samples: Final = HOP_SAMPLES
    num_mels: Final = NUM_MELS
    window: Tensor
    bins: Tensor
    weights: Tensor

    def __init__(self, bins: Tensor, mel_filters: Tensor, chroma_filters: Tensor) -> None:
        super().__init__()
        for rows, filters in ((NUM_MELS, mel_filters), (NUM_CHROMA, chroma_filters)):
            if filters.shape != (rows, bins.numel()):
                raise ValueError(f"expected filters of shape [{rows}, {bins.numel()}], got {list(filters.shape)}")
        if int(bins.min()) < 0 or int(bins.max()) >= NUM_SPECTRUM_BINS:
            raise ValueError(f"expected bins in [0, {NUM_SPECTRUM_BINS - 1}], got {int(bins.min())}..{int(bins.max())}")
        window = torch.hann_window(FRAME_SAMPLES, periodic=False, dtype=torch.float64)
        scale = torch.full((NUM_SPECTRUM_BINS,), 2.0, dtype=torch.float64)
        scale[0] = scale[-1] = 1.0
        scale /= 2.0 * window.square().sum()
        filters = torch.cat((mel_filters, chroma_filters)).double()
        self.register_buffer("window", window.float())
        self.register_buffer("bins", bins.long())
        # One matrix for both: a second product would cost more than the twelve columns do.
        self.register_buffer("weights", (filters * scale[bins.long()]).T.float().contiguous())

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Returns the bands of every frame.

        Args:
            x: float32 ``[B, T]`` in [-1, 1] at 22,050 Hz, ``T = 2048 + 1920 (F - 1)``; what is left over is ignored.

        Returns:
            ``mel_db [B, F, 128]`` and ``chroma_db [B, F, 12]``, float32, dB, at least -160.
        """
        spectrum = torch.fft.rfft(x.unfold(1, self.frame_samples, self.hop_samples) * self.window)
        kept = spectrum.index_select(2, self.bins)
        power = kept.real.square() + kept.imag.square()
        bands_db = torch.matmul(power, self.weights).clamp_min(1e-16).log10() * 10.0
        return bands_db[..., : self.num_mels], bands_db[..., self.num_mels :]


class Mfcc(nn.Module):
    """Mel bands in dB to 13 cepstral coefficients: floor, keep the bands below 7.5 kHz, orthonormal DCT-II."""

    floor_db: Final = FLOOR_DB
    dct: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("dct", dct_matrix(MFCC_MELS, NUM_MFCC))

    def forward(self, mel_db: Tensor) -> Tensor:
        """Maps ``[B, F, 128]`` dB to ``[B, F, 13]``."""
        return torch.matmul(mel_db[..., : self.dct.size(0)].clamp_min(self.floor_db), self.dct)


def dct_matrix(num_inputs: int, num_outputs: int) -> Tensor:
    """Returns the orthonormal DCT-II as float32 ``[num_inputs, num_outputs]``, to be multiplied from the right."""
    n = torch.arange(num_inputs, dtype=torch.float64)
    k = torch.arange(num_outputs, dtype=torch.float64)
    basis = torch.cos(math.pi / num_inputs * (n[:, None] + 0.5) * k[None, :]) * math.sqrt(2.0 / num_inputs)
    basis[:, 0] /= math.sqrt(2.0)
    return basis.float()
