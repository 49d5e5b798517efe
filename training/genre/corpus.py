"""GTZAN as stored mel bands, and its two ways of being split.

Invariant: splits are lists of ids; a clip is never named by its position outside this module's arrays.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from models.genre import LABELS, GenreNet

SPLITS = ("train", "valid", "test")


@dataclass(frozen=True, slots=True)
class Gtzan:
    """All 1,000 clips of ``gtzan_bands.npz``.

    Attributes:
        mel: uint8 ``[N, F, 128]``, dB = value / 2 - 100.
        frames: Valid frames of each clip.
        ids: ``genre.number`` of each clip.
        labels: int64 ``[N]``, index into ``LABELS``.
        bins: int64 ``[K]`` and
        mel_filters: float32 ``[128, K]``, for ``GenreNet``.
    """

    mel: NDArray[np.uint8]
    frames: NDArray[np.int64]
    ids: tuple[str, ...]
    labels: NDArray[np.int64]
    bins: torch.Tensor
    mel_filters: torch.Tensor

    def index(self, ids: Iterable[str]) -> NDArray[np.int64]:
        """Returns the positions of ``ids``.

        Raises:
            KeyError: On an id that GTZAN does not have.
        """
        position = {name: i for i, name in enumerate(self.ids)}
        return np.array([position[name] for name in ids], dtype=np.int64)

    def new_net(self, dropout: float = 0.0) -> GenreNet:
        """Returns an untrained network with this corpus's front-end."""
        return GenreNet(self.bins, self.mel_filters, dropout)


def load_gtzan(data: Path) -> Gtzan:
    """Reads ``gtzan/gtzan_bands.npz`` below ``data``.

    Raises:
        FileNotFoundError: When it is not there.
    """
    path = data / "gtzan" / "gtzan_bands.npz"
    if not path.is_file():
        raise FileNotFoundError(f"expected GTZAN's bands at {path}; name the data folder with --data or TECTUM_DATA")
    with np.load(path) as arrays:
        ids = tuple(str(name) for name in arrays["id"])
        return Gtzan(
            mel=arrays["mel"],
            frames=arrays["frames"].astype(np.int64),
            ids=ids,
            labels=np.array([LABELS.index(name.split(".")[0]) for name in ids], dtype=np.int64),
            bins=torch.from_numpy(arrays["bins"].astype(np.int64)),
            mel_filters=torch.from_numpy(arrays["mel_filters"]),
        )


def load_split(data: Path, name: str) -> tuple[str, ...]:
    """Returns the ids of one part of the fault-filtered, artist-disjoint split (443 / 197 / 290 clips).

    Args:
        data: The data folder.
        name: One of ``SPLITS``.
    """
    if name not in SPLITS:
        raise ValueError(f"expected one of {', '.join(SPLITS)}, got {name!r}")
    lines = (data / "gtzan" / "splits" / f"{name}_filtered.txt").read_text().split()
    return tuple(Path(line).stem for line in lines)


def fold_of_tracks(gtzan: Gtzan, num_folds: int, seed: int) -> NDArray[np.int64]:
    """Deals the clips of every genre evenly over ``num_folds``, at random; returns the fold of each clip ``[N]``."""
    rng = np.random.default_rng(seed)
    folds = np.empty(len(gtzan.ids), dtype=np.int64)
    for label in range(len(LABELS)):
        members = np.flatnonzero(gtzan.labels == label)
        folds[rng.permutation(members)] = np.arange(len(members)) % num_folds
    return folds
