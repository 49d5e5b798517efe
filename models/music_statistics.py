"""Statistics of a passage of music: timbre, rhythm and harmony as functions of plain means over its frames.

Means and mean squares of mel bands; products of cepstra (their correlations); products of a frame's onset strength
with earlier ones (tempo); products of chroma a few frames apart (harmonic rhythm); products of whitened patches
(texture). So a stream needs one running sum, passages are joined by adding theirs, and what came before a change is
left out by not adding it. All is relative to the running level: volume does not matter.

Invariant: the measurements of a frame depend on it and on at most 40 frames before it (39 lags of a difference).
"""

from itertools import pairwise
from typing import Final

import torch
from torch import Tensor, nn

from .frontend import MFCC_MELS, NUM_CHROMA, dct_matrix

NUM_BANDS = MFCC_MELS // 2
"""The mel bands below 7.5 kHz, in pairs; see ``MFCC_MELS``."""

NUM_CEPSTRA = 20
PATCH_FRAMES = 4
NUM_COMPONENTS = 48
FLUX_EDGES = (0, 7, 14, 28, NUM_BANDS)
NUM_FLUX = len(FLUX_EDGES) - 1
NUM_LAGS = 39
"""Lags of the onset autocorrelation, 3.4 s."""

CHROMA_LAGS = (1, 2, 4, 8, 16)
CONTRAST_GROUPS = 14
FLOOR_DB = -60.0
"""Bands further than this below the running level are raised to it."""

MEASUREMENTS = {
    "mel": NUM_BANDS,
    "mel_square": NUM_BANDS,
    "change": NUM_BANDS,
    "rise": NUM_BANDS,
    "mfcc": NUM_CEPSTRA,
    "mfcc_product": NUM_CEPSTRA * (NUM_CEPSTRA + 1) // 2,
    "mfcc_change_square": NUM_CEPSTRA,
    "chroma": NUM_CHROMA,
    "chroma_square": NUM_CHROMA,
    "chroma_sorted": NUM_CHROMA,
    "chroma_interval": NUM_CHROMA // 2,
    "chroma_lag": len(CHROMA_LAGS),
    "contrast": CONTRAST_GROUPS,
    "flux": NUM_FLUX,
    "flux_square": NUM_FLUX,
    "flux_product": NUM_FLUX * NUM_LAGS,
    "patch": NUM_COMPONENTS,
    "patch_product": NUM_COMPONENTS * (NUM_COMPONENTS + 1) // 2,
    "power": 1,
}
"""What is measured of a frame, in order, and how many numbers each takes; ``power`` is linear, the sum of all bands."""

NUM_MEASUREMENTS = sum(MEASUREMENTS.values())

STATISTICS = {
    "mel": NUM_BANDS,
    "mel_deviation": NUM_BANDS,
    "change": NUM_BANDS,
    "rise": NUM_BANDS,
    "mfcc": NUM_CEPSTRA,
    "mfcc_deviation": NUM_CEPSTRA,
    "mfcc_change": NUM_CEPSTRA,
    "mfcc_correlation": NUM_CEPSTRA * (NUM_CEPSTRA - 1) // 2,
    "chroma": NUM_CHROMA,
    "chroma_deviation": NUM_CHROMA,
    "chroma_mean_sorted": NUM_CHROMA,
    "chroma_sorted": NUM_CHROMA,
    "chroma_interval": NUM_CHROMA // 2,
    "chroma_lag": len(CHROMA_LAGS),
    "contrast": CONTRAST_GROUPS,
    "flux": NUM_FLUX,
    "flux_autocorrelation": NUM_FLUX * NUM_LAGS,
    "patch": NUM_COMPONENTS,
    "patch_covariance": NUM_COMPONENTS * (NUM_COMPONENTS + 1) // 2,
}
"""What is said of a passage, in order, and how many numbers each takes."""

NUM_STATISTICS = sum(STATISTICS.values())

_HISTORY = [1, (PATCH_FRAMES - 1) * NUM_BANDS, NUM_CEPSTRA, max(CHROMA_LAGS) * NUM_CHROMA, NUM_LAGS * NUM_FLUX]
HISTORY_SIZE = sum(_HISTORY)
"""Numbers that are remembered of the frames before."""


class Measurements(nn.Module):
    """Frames to measurements whose means over a passage describe it.

    ``history`` is float32 ``[B, HISTORY_SIZE]``, zeros before the first frame, which has no change against what was
    before it.
    """

    floor_db: Final = FLOOR_DB
    num_mels: Final = MFCC_MELS
    num_bands: Final = NUM_BANDS
    groups: Final = CONTRAST_GROUPS
    before: Final = PATCH_FRAMES - 1
    chroma_memory: Final = max(CHROMA_LAGS)
    num_chroma: Final = NUM_CHROMA
    num_lags: Final = NUM_LAGS
    num_flux: Final = NUM_FLUX
    dct: Tensor
    flux_bands: Tensor
    intervals: Tensor
    chroma_lags: Tensor
    patch_weight: Tensor
    patch_bias: Tensor
    mfcc_pairs: Tensor
    patch_pairs: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.history_sizes = _HISTORY
        self.register_buffer("dct", dct_matrix(MFCC_MELS, NUM_CEPSTRA))
        flux = torch.zeros(NUM_BANDS, NUM_FLUX)
        for i, (low, high) in enumerate(pairwise(FLUX_EDGES)):
            flux[low:high, i] = 1.0 / (high - low)
        self.register_buffer("flux_bands", flux)
        classes = torch.arange(NUM_CHROMA)
        self.register_buffer("intervals", torch.stack([(classes + k) % 12 for k in range(1, 7)]).flatten())
        self.register_buffer("chroma_lags", max(CHROMA_LAGS) - torch.tensor(CHROMA_LAGS))
        self.register_buffer("patch_weight", torch.zeros(PATCH_FRAMES * NUM_BANDS, NUM_COMPONENTS))
        self.register_buffer("patch_bias", torch.zeros(NUM_COMPONENTS))
        self.register_buffer("mfcc_pairs", torch.triu_indices(NUM_CEPSTRA, NUM_CEPSTRA))
        self.register_buffer("patch_pairs", torch.triu_indices(NUM_COMPONENTS, NUM_COMPONENTS))

    def forward(self, mel_db: Tensor, chroma_db: Tensor, level_db: Tensor, history: Tensor) -> tuple[Tensor, Tensor]:
        """Measures every frame.

        Args:
            mel_db: float32 ``[B, F, 128]``.
            chroma_db: float32 ``[B, F, 12]``.
            level_db: float32 ``[B, F]``, running level of all bands together, this frame in it.
            history: Of the frames before; not changed.

        Returns:
            ``[B, F, NUM_MEASUREMENTS]``, and the history after the last frame.
        """
        seen, bands_before, mfcc_before, chroma_before, flux_before = history.split_with_sizes(self.history_sizes, 1)
        first = seen == 0.0
        batch, frames = mel_db.size(0), mel_db.size(1)

        relative = self.relative(mel_db, level_db)
        bands = relative.view(batch, frames, self.num_bands, 2).mean(3)
        bands_before = torch.where(first, bands[:, 0].repeat(1, self.before), bands_before)
        bands_so_far = torch.cat((bands_before.view(batch, self.before, self.num_bands), bands), 1)
        change = bands_so_far[:, self.before :] - bands_so_far[:, self.before - 1 : -1]
        rise = change.clamp_min(0.0)
        groups = relative.view(batch, frames, self.groups, -1).sort(3)[0]
        contrast = groups[..., -1] - groups[..., :3].mean(3)

        mfcc = torch.matmul(relative, self.dct)
        mfcc_before = torch.where(first, mfcc[:, 0], mfcc_before)
        mfcc_change = mfcc - torch.cat((mfcc_before.unsqueeze(1), mfcc[:, :-1]), 1)

        chroma = chroma_db - chroma_db.mean(2, keepdim=True)
        others = chroma.index_select(2, self.intervals).view(batch, frames, -1, self.num_chroma)
        interval = (others * chroma.unsqueeze(2)).mean(3)
        chroma_so_far = torch.cat((chroma_before.view(batch, self.chroma_memory, self.num_chroma), chroma), 1)
        earlier = chroma_so_far.unfold(1, self.chroma_memory + 1, 1).index_select(3, self.chroma_lags)
        chroma_lag = (earlier * chroma.unsqueeze(3)).mean(2)

        flux = torch.matmul(rise, self.flux_bands)
        flux_so_far = torch.cat((flux_before.view(batch, self.num_lags, self.num_flux), flux), 1)
        flux_earlier = flux_so_far[:, :-1].unfold(1, self.num_lags, 1)[:, :frames].flip(3)
        flux_product = (flux_earlier * flux.unsqueeze(3)).flatten(2)

        patches = bands_so_far.unfold(1, self.before + 1, 1).flatten(2)
        patch = torch.matmul(patches, self.patch_weight) + self.patch_bias

        measurements = torch.cat(
            (
                bands,
                bands.square(),
                change.abs(),
                rise,
                mfcc,
                _products(mfcc, self.mfcc_pairs),
                mfcc_change.square(),
                chroma,
                chroma.square(),
                chroma.sort(2, descending=True)[0],
                interval,
                chroma_lag,
                contrast,
                flux,
                flux.square(),
                flux_product,
                patch,
                _products(patch, self.patch_pairs),
                power_of(mel_db).unsqueeze(2),
            ),
            2,
        )
        history = torch.cat(
            (
                torch.ones_like(seen),
                bands_so_far[:, -self.before :].flatten(1),
                mfcc[:, -1],
                chroma_so_far[:, -self.chroma_memory :].flatten(1),
                flux_so_far[:, -self.num_lags :].flatten(1),
            ),
            1,
        )
        return measurements, history

    def relative(self, mel_db: Tensor, level_db: Tensor) -> Tensor:
        """Returns the bands below 7.5 kHz ``[B, F, 112]``, dB above ``level_db [B, F]`` and not below the floor."""
        return (mel_db[..., : self.num_mels] - level_db.unsqueeze(2)).clamp_min(self.floor_db)

    def set_patches(self, mean: Tensor, components: Tensor) -> None:
        """Fixes how patches are whitened.

        Args:
            mean: float32 ``[224]``, of patches without their own means (4 frames of a band, then the next band).
            components: float32 ``[224, 48]``, to be multiplied from the right.
        """
        # A patch counts without its own mean, which is a matter of the weights alone.
        self.patch_weight.copy_(components - components.mean(0, keepdim=True))
        self.patch_bias.copy_(-(mean @ components))


def power_of(mel_db: Tensor) -> Tensor:
    """Returns the power of each frame, the sum over its bands: ``[B, F, 128]`` dB to ``[B, F]``."""
    return torch.pow(10.0, mel_db * 0.1).sum(2)


class Description(nn.Module):
    """Means of measurements over a passage to what is said of it: deviations, correlations, autocorrelations."""

    num_cepstra: Final = NUM_CEPSTRA
    num_flux: Final = NUM_FLUX
    num_lags: Final = NUM_LAGS
    smallest: Final = 1e-3
    mfcc_pairs: Tensor
    mfcc_diagonal: Tensor
    mfcc_others: Tensor
    patch_pairs: Tensor
    lags: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.sizes = list(MEASUREMENTS.values())
        pairs = torch.triu_indices(NUM_CEPSTRA, NUM_CEPSTRA)
        self.register_buffer("mfcc_pairs", pairs)
        self.register_buffer("mfcc_diagonal", (pairs[0] == pairs[1]).nonzero().flatten())
        self.register_buffer("mfcc_others", (pairs[0] != pairs[1]).nonzero().flatten())
        self.register_buffer("patch_pairs", torch.triu_indices(NUM_COMPONENTS, NUM_COMPONENTS))
        self.register_buffer("lags", torch.arange(1.0, NUM_LAGS + 1))

    def forward(self, means: Tensor, num_frames: Tensor) -> Tensor:
        """Describes passages.

        Args:
            means: float32 ``[P, NUM_MEASUREMENTS]``.
            num_frames: float32 ``[P]``, over how many frames.

        Returns:
            ``[P, NUM_STATISTICS]``.
        """
        (mel, mel_square, change, rise, mfcc, mfcc_product, mfcc_change, chroma, chroma_square, chroma_sorted,
         interval, chroma_lag, contrast, flux, flux_square, flux_product, patch, patch_product, _) = (
            means.split_with_sizes(self.sizes, 1)
        )  # fmt: skip
        covariance = mfcc_product - _products(mfcc, self.mfcc_pairs)
        deviation = covariance.index_select(1, self.mfcc_diagonal).clamp_min(self.smallest).sqrt()
        correlation = (covariance / _products(deviation, self.mfcc_pairs)).index_select(1, self.mfcc_others)

        # A sum over n frames holds n - k products of frames that are k apart.
        share = (1.0 - self.lags / num_frames.unsqueeze(1)).clamp_min(0.0).unsqueeze(1)
        variance = (flux_square - flux.square()).clamp_min(self.smallest).unsqueeze(2)
        by_lag = flux_product.view(-1, self.num_flux, self.num_lags)
        autocorrelation = (by_lag - flux.square().unsqueeze(2) * share) / variance

        patch_covariance = patch_product - _products(patch, self.patch_pairs)
        return torch.cat(
            (
                mel,
                self._deviation(mel, mel_square),
                change,
                rise,
                mfcc,
                deviation,
                mfcc_change.clamp_min(self.smallest).sqrt(),
                correlation,
                chroma,
                self._deviation(chroma, chroma_square),
                chroma.sort(1, descending=True)[0],
                chroma_sorted,
                interval,
                chroma_lag,
                contrast,
                flux,
                autocorrelation.flatten(1),
                patch,
                # Roots, so that a large variance says no more than a small one.
                patch_covariance.sign() * patch_covariance.abs().sqrt(),
            ),
            1,
        )

    def _deviation(self, mean: Tensor, mean_square: Tensor) -> Tensor:
        return (mean_square - mean.square()).clamp_min(self.smallest).sqrt()


def _products(values: Tensor, pairs: Tensor) -> Tensor:
    """Returns the product of every pair ``[2, K]`` of the last axis."""
    return values.index_select(-1, pairs[0]) * values.index_select(-1, pairs[1])
