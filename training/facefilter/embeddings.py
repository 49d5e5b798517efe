"""Embeddings of every face and of pieces of every voice, as the separator is trained and measured with.

Invariant: the face embedding of a person that is trained on comes from a head that never saw that person; otherwise the
separator would learn to trust faces more than it can with strangers.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .corpus import Recording

Embedding = NDArray[np.float32]
FILE = "embeddings.npz"


class EmbeddingsMissing(ValueError):
    """There are no embeddings for these recordings yet."""


@dataclass(frozen=True, slots=True)
class Embeddings:
    """Everything in one space; all embeddings have length one.

    Attributes:
        face: By the name of the clip, float32 ``[E]``.
        voice: Of a whole recording, by the name of the clip, for those with a face.
        windows: By the index of the recording, ``[W, E]``: of its windows of 1.6 s, clean and with noise.
        starts_s: By the index of the recording, ``[W]``: where each window begins.
        sex_score: Log-odds that the voice is male, by the name of the clip, as given where it is given.
    """

    face: dict[str, Embedding]
    voice: dict[str, Embedding]
    windows: dict[int, Embedding]
    starts_s: dict[int, Embedding]
    sex_score: dict[str, float]

    @property
    def size(self) -> int:
        """Numbers of an embedding (E)."""
        return int(next(iter(self.windows.values())).shape[1])

    @property
    def sex(self) -> dict[str, str]:
        """``f`` or ``m`` by the name of the clip: given, or estimated from the voice."""
        return {clip: "m" if score > 0 else "f" for clip, score in self.sex_score.items()}

    def mean_voice(self, recording: int) -> Embedding:
        """Returns the embedding of a whole recording."""
        mean = self.windows[recording].mean(axis=0)
        unit: Embedding = mean / np.linalg.norm(mean)
        return unit

    def any_window(self, recording: int, rng: np.random.Generator) -> Embedding:
        """Returns the mean of one to four windows of a recording: samples of a voice are of any length."""
        windows = self.windows[recording]
        chosen = windows[rng.permutation(len(windows))[: int(rng.integers(1, 5))]].mean(axis=0)
        unit: Embedding = chosen / np.linalg.norm(chosen)
        return unit


def save_embeddings(embeddings: Embeddings, recordings: Sequence[Recording], folder: Path) -> None:
    """Writes ``embeddings.npz``."""
    folder.mkdir(parents=True, exist_ok=True)
    owners = np.concatenate([np.full(len(w), i) for i, w in embeddings.windows.items()])
    partial = folder / ("partial-" + FILE)
    np.savez(
        partial,
        paths=np.array([recording.path for recording in recordings]),
        owners=owners,
        windows=np.concatenate(list(embeddings.windows.values())),
        starts_s=np.concatenate([embeddings.starts_s[i] for i in embeddings.windows]),
        clips=np.array(list(embeddings.face)),
        faces=np.stack(list(embeddings.face.values())),
        voices=np.stack([embeddings.voice[clip] for clip in embeddings.face]),
        sex_scores=np.array([embeddings.sex_score[clip] for clip in embeddings.face]),
    )
    os.replace(partial, folder / FILE)


def load_embeddings(folder: Path, recordings: Sequence[Recording]) -> Embeddings:
    """Returns what ``save_embeddings`` wrote.

    Raises:
        EmbeddingsMissing: There is no such file, or it is of other recordings.
    """
    path = folder / FILE
    if not path.is_file():
        raise EmbeddingsMissing(f"expected {FILE} in {folder}, got none: run `train matching` first")
    with np.load(path) as stored:
        if list(stored["paths"]) != [recording.path for recording in recordings]:
            raise EmbeddingsMissing(f"expected embeddings of these {len(recordings)} recordings, got others")
        clips = [str(clip) for clip in stored["clips"]]
        owners, windows, starts_s = stored["owners"], stored["windows"], stored["starts_s"]
        order = np.argsort(owners, kind="stable")
        bounds = np.flatnonzero(np.diff(owners[order])) + 1
        groups = np.split(order, bounds)
        return Embeddings(
            dict(zip(clips, stored["faces"], strict=True)),
            dict(zip(clips, stored["voices"], strict=True)),
            {int(owners[group[0]]): windows[group] for group in groups},
            {int(owners[group[0]]): starts_s[group] for group in groups},
            dict(zip(clips, (float(score) for score in stored["sex_scores"]), strict=True)),
        )
