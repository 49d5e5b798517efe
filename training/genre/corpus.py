"""Labelled clips as stored bands, and GTZAN's: its table and its two ways of being split.

Invariant: splits are lists of ids; a clip is never named by its position outside this module's arrays.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from models.frontend import Bands
from models.genre import HIDDEN, GenreNet

SPLITS = ("train", "valid", "test")


class CorpusError(ValueError):
    """Data that nothing can be learned from; the message says what was expected and what came."""


@dataclass(frozen=True, slots=True)
class Corpus:
    """N clips as stored bands: GTZAN's thousand, or a user's own.

    Attributes:
        mel: uint8 ``[N, F, 128]``, dB = value / 2 - 100.
        chroma: uint8 ``[N, F, 12]``, likewise.
        frames: int64 ``[N]``, valid frames of each clip; what follows them is padding.
        ids: Name of each clip, each a different one.
        labels: int64 ``[N]``, index into ``label_names``.
        label_names: The labels, in alphabetical order.
        groups: What each clip was cut from or who played it: clips of one group are never split.
        bins: int64 ``[K]``, the spectrum bins that are kept, with
        mel_filters: float32 ``[128, K]`` and
        chroma_filters: float32 ``[12, K]``: the front-end that gave the bands, for ``GenreNet``.
    """

    mel: NDArray[np.uint8]
    chroma: NDArray[np.uint8]
    frames: NDArray[np.int64]
    ids: tuple[str, ...]
    labels: NDArray[np.int64]
    label_names: tuple[str, ...]
    groups: tuple[str, ...]
    bins: torch.Tensor
    mel_filters: torch.Tensor
    chroma_filters: torch.Tensor

    def index(self, ids: Iterable[str]) -> NDArray[np.int64]:
        """Returns the positions of ``ids``.

        Raises:
            KeyError: On an id that the corpus does not have.
        """
        position = {name: i for i, name in enumerate(self.ids)}
        return np.array([position[name] for name in ids], dtype=np.int64)

    def digest(self) -> str:
        """Returns a short name for these clips, their sound and their labels."""
        digest = hashlib.sha256("\n".join((*self.label_names, *self.ids)).encode())
        for table in (self.labels, self.frames, self.mel, self.chroma):
            digest.update(np.ascontiguousarray(table))
        return digest.hexdigest()[:12]

    def new_net(self, dropout: float = 0.0, hidden: int = HIDDEN) -> GenreNet:
        """Returns an untrained network with this corpus's front-end."""
        bands = Bands(self.bins, self.mel_filters, self.chroma_filters)
        return GenreNet(bands, len(self.label_names), dropout, hidden)


def load_gtzan(data: Path) -> Corpus:
    """Reads all 1,000 clips of ``gtzan/gtzan_bands.npz`` below ``data``; every clip is a group of its own.

    Raises:
        FileNotFoundError: When it is not there.
    """
    path = data / "gtzan" / "gtzan_bands.npz"
    if not path.is_file():
        raise FileNotFoundError(f"expected GTZAN's bands at {path}; name the data folder with --data or TECTUM_DATA")
    with np.load(path) as arrays:
        ids = tuple(str(name) for name in arrays["id"])
        genres = [name.split(".")[0] for name in ids]
        names, labels = np.unique(genres, return_inverse=True)
        return Corpus(
            mel=arrays["mel"],
            chroma=arrays["chroma"],
            frames=arrays["frames"].astype(np.int64),
            ids=ids,
            labels=labels.astype(np.int64),
            label_names=tuple(str(name) for name in names),
            groups=ids,
            bins=torch.from_numpy(arrays["bins"].astype(np.int64)),
            mel_filters=torch.from_numpy(arrays["mel_filters"]),
            chroma_filters=torch.from_numpy(arrays["chroma_filters"]),
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


def fold_of_tracks(corpus: Corpus, num_folds: int, seed: int) -> NDArray[np.int64]:
    """Deals the clips of every genre evenly over ``num_folds``, at random; returns the fold of each clip ``[N]``."""
    rng = np.random.default_rng(seed)
    folds = np.empty(len(corpus.ids), dtype=np.int64)
    for label in range(len(corpus.label_names)):
        members = np.flatnonzero(corpus.labels == label)
        folds[rng.permutation(members)] = np.arange(len(members)) % num_folds
    return folds
