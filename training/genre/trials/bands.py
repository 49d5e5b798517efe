"""Stretches of stored bands with their level: all that the network and its verdict hear of music that is no audio.

Invariant: the level of a stored frame agrees with the one measured on its samples within about 1 dB.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.frontend import FRAME_SAMPLES

from ..corpus import Corpus

FLOOR_DB = -120.0
"""The network's word for silence; lower it does not go."""


@dataclass(frozen=True, slots=True)
class Bands:
    """N stretches of F frames.

    Attributes:
        mel: uint8 ``[N, F, 128]`` and
        chroma: uint8 ``[N, F, 12]``, dB = value / 2 - 100.
        level_db: float32 ``[N, F]``, dBFS.
    """

    mel: NDArray[np.uint8]
    chroma: NDArray[np.uint8]
    level_db: NDArray[np.float32]

    def in_a_row(self, count: int) -> Bands:
        """Returns ``N / count`` stretches, each of ``count`` of these one after another."""
        streams, frames = len(self.mel) // count, count * self.mel.shape[1]
        return Bands(
            self.mel.reshape(streams, frames, -1),
            self.chroma.reshape(streams, frames, -1),
            self.level_db.reshape(streams, frames),
        )

    def __len__(self) -> int:
        return len(self.mel)

    def __getitem__(self, index: Any) -> Bands:
        return Bands(self.mel[index], self.chroma[index], self.level_db[index])


class BandLevels:
    """Mel bands to dBFS.

    A band is a weighted mean of spectrum bins. With weights over the bands that make every bin count once, their sum is
    the power of the whole spectrum ``S``, and by Parseval the mean square of the samples is ``2 S / 2048``.

    Args:
        corpus: Whose front-end made the bands.
    """

    def __init__(self, corpus: Corpus) -> None:
        bins = corpus.bins.numpy().astype(np.float64)
        # Of most pairs of bins one was kept: it speaks for half of the way to either neighbour.
        edges = np.concatenate([bins[:1], (bins[1:] + bins[:-1]) / 2.0, bins[-1:]])
        filters = corpus.mel_filters.numpy().astype(np.float64)
        weights, *_ = np.linalg.lstsq(filters.T, np.diff(edges), rcond=None)
        self._weights = np.maximum(weights, 0.0) * 2.0 / FRAME_SAMPLES

    def __call__(self, mel: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Returns the level of every frame of ``mel`` ``[..., 128]``, dBFS ``[...]``."""
        # There are 256 values: a table saves a million powers.
        power = _POWERS[mel] @ self._weights
        level_db: NDArray[np.float32] = np.maximum(10.0 * np.log10(power + 1e-12), FLOOR_DB).astype(np.float32)
        return level_db


_POWERS = 10.0 ** ((np.arange(256) / 2.0 - 100.0) / 10.0)
